"""The faults: each a mistake that this field has seen, the place to plant it, and who catches it.

`old` stands exactly once in its file. The tests named are the narrowest that are meant to notice;
a fault that they let pass is a hole in them.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Fault(NamedTuple):
    """One mistake; `tests` are pytest arguments."""

    name: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]


_CALLS: Final = "tests/freiton/calls"
_SIMULATION: Final = "tests/simulation"

FAULTS: Final[tuple[Fault, ...]] = (
    # Slots.
    Fault(
        "counter instead of set",
        "freiton/accounting/slots.py",
        "        holders.pop(call_id, None)\n",
        "        holders.popitem()\n",
        ("tests/freiton/accounting/test_slots.py",),
    ),
    Fault(
        "slot kept on CANCEL",
        "freiton/calls/call_stages.py",
        """        if running.is_admitted:
            self._end(running, cause, released_by=by, status=status, now=now)
            return
""",
        """        if running.is_admitted:
            return
""",
        (f"{_SIMULATION}/test_one_slot_race.py", "-k", "thousand"),
    ),
    Fault(
        "release one BYE late",
        "freiton/accounting/slots.py",
        """        for owner in self._owners.pop(call_id, ()):
            self._leave(owner, call_id)
""",
        """        late, self._owners[""] = self._owners.get("", ()), (call_id,)
        for ended in late:
            for owner in self._owners.pop(ended, ()):
                self._leave(owner, ended)
""",
        (f"{_SIMULATION}/test_one_slot_race.py", "-k", "wake_up"),
    ),
    Fault(
        "probe ignored",
        "freiton/calls/call_stages.py",
        "        if running.has_probed_holders or refused.cause not in PROBED_FOR:\n",
        "        if refused.cause is not None:\n",
        (f"{_SIMULATION}/test_one_slot_race.py", "-k", "dead_holder"),
    ),
    Fault(
        "failover without moving the slot",
        "freiton/calls/call_stages.py",
        "            if isinstance(previous, TrunkGroup) and isinstance(group, TrunkGroup):\n",
        "            if previous is group and isinstance(group, TrunkGroup):\n",
        (f"{_CALLS}/test_failover.py", "-k", "takes_the_call"),
    ),
    Fault(
        "only the first slot claimed",
        "freiton/accounting/charging_state.py",
        "        self.open_call(ChargedCall(event, session, personal), event.owners)\n",
        "        self.open_call(ChargedCall(event, session, personal), event.owners[:1])\n",
        (f"{_CALLS}/test_restarting.py", f"{_CALLS}/test_failover.py"),
    ),
    # The log.
    Fault(
        "no fsync",
        "freiton/storage/charging_log_appender.py",
        """        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
""",
        """        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA secure_delete = ON")
""",
        ("tests/freiton/storage/test_charging_log.py",),
    ),
    Fault(
        "acknowledged before the commit",
        "freiton/storage/charging_log_appender.py",
        """        connection.execute("COMMIT")
        self._crash("append.committed")
""",
        """        self._crash("append.committed")
""",
        ("tests/freiton/storage/test_charging_log.py",),
    ),
    Fault(
        "key not unique",
        "freiton/storage/charging_log_file.py",
        "  key TEXT NOT NULL UNIQUE, event",
        "  key TEXT NOT NULL, event",
        ("tests/freiton/storage/test_charging_log.py",),
    ),
    Fault(
        "dialled before the admission is durable",
        "freiton/calls/call_stages.py",
        "        if decision.kind is CallKind.EMERGENCY:\n            self.dial_next",
        "        if decision.kind is not None:\n            self.dial_next",
        (f"{_CALLS}/test_durability.py", "-k", "nothing_is_dialled"),
    ),
    Fault(
        "200 before Appended",
        "sipcore/b2bua/call.py",
        """        if self._confirm:
            self._append_deadline""",
        """        if self._confirm is None:
            self._append_deadline""",
        (f"{_CALLS}/test_durability.py", "-k", "hears_of_the_answer"),
    ),
    Fault(
        "silence of the log taken for consent",
        "freiton/calls/call_stages.py",
        "self._accounting.append_failed(running.admitted_seq, at=self._clock.utc(), now=now)\n",
        "self.dial_next(running, now=now)\n        return\n",
        (f"{_CALLS}/test_durability.py", "-k", "unanswered"),
    ),
    # Time and money.
    Fault(
        "wall clock for duration",
        "freiton/accounting/call_accounting.py",
        "        talk_us = call.talk_us(when.mono_us)\n        return self._close(",
        "        talk_us = max(0, when.at_us - (call.answered or when).at_us)\n"
        "        return self._close(",
        (f"{_CALLS}/test_charging_in_time.py", "-k", "wall_clock"),
    ),
    Fault(
        "price at release instead of at answer",
        "freiton/accounting/call_accounting.py",
        "        self.state.calls[request.call_id].session.quote = session.quote\n",
        "        for call in self.state.calls.values():\n"
        "            call.session.quote = session.quote\n",
        (f"{_CALLS}/test_charging_in_time.py", "-k", "price_at_the_answer"),
    ),
    Fault(
        "grant not final",
        "rating/charging/session.py",
        "        used_us = min(used_us, self.granted_us)\n",
        "",
        (f"{_CALLS}/test_charging_in_time.py", "-k", "late_wake_up"),
    ),
    Fault(
        "net list reserved without its tax",
        "rating/charging/session.py",
        "price = self._rate(quote, seconds * MICROSECONDS, spans).gross_micros",
        "price = self._rate(quote, seconds * MICROSECONDS, spans).amount_micros",
        ("tests/rating/charging/test_session.py", "-k", "net_list"),
    ),
    Fault(
        "net list debited without its tax",
        "rating/charging/session.py",
        "self.enter_termination(rated.gross_micros, allowance",
        "self.enter_termination(rated.amount_micros, allowance",
        ("tests/rating/charging/test_session.py", "-k", "net_list"),
    ),
    Fault(
        "half-even rounding",
        "rating/money.py",
        "    return (2 * numerator + denominator) // (2 * denominator)\n",
        "    return round(Fraction(numerator, denominator))\n",
        ("tests/rating/test_money.py",),
    ),
    Fault(
        "BYE charged to now after a restart",
        "freiton/accounting/call_accounting.py",
        """        if call.last_proof is not None:
            return self._close_lost(call, call.last_proof, when)
""",
        "",
        ("tests/freiton/accounting/test_recovery.py", "-k", "bye_before_the_probe"),
    ),
    Fault(
        "an answer that nobody heard of is charged",
        "freiton/accounting/call_accounting.py",
        "            charged_us=talk_us if call_id in self._confirmed else 0,\n",
        "            charged_us=talk_us,\n",
        (f"{_CALLS}/test_durability.py", "-k", "free_of_charge"),
    ),
    # Allowances.
    Fault(
        "a second of an allowance taken by two calls",
        "rating/allowances/share.py",
        "max(0, terms.granted_s - self._book.taken_s(key))",
        "max(0, terms.granted_s - self._book.state(key).used_s - self.reserved_s)",
        (f"{_SIMULATION}/test_allowance_interleavings.py", "-k", "shares"),
    ),
    Fault(
        "unused seconds kept",
        "rating/allowances/book.py",
        "        self.reserve(session_id, key, 0)\n",
        "        used_s = max(used_s, self._reserved.get(session_id, {}).get(key, 0))\n"
        "        self.reserve(session_id, key, 0)\n",
        (f"{_SIMULATION}/test_allowance_interleavings.py", "-k", "shares"),
    ),
    Fault(
        "unused seconds carried into the next month",
        "rating/allowances/book.py",
        "        balance.granted_s = granted_s\n",
        "        months = self._balances[key.account_id, key.option_id].values()\n"
        "        rest_s = sum(one.granted_s - one.used_s for one in months if one is not balance)\n"
        "        balance.granted_s = granted_s + rest_s\n",
        ("tests/rating/allowances/test_book.py",),
    ),
    Fault(
        "extension that forgets what allowances pay",
        "freiton/accounting/grant_watch.py",
        "                spans=answer.spans,\n",
        "",
        ("tests/freiton/accounting/test_allowances.py", "-k", "split"),
    ),
    Fault(
        "snapshot without allowances",
        "freiton/accounting/snapshot.py",
        "None if state.allowances.is_empty else state.allowances.to_record()",
        "None",
        ("tests/freiton/accounting/test_allowances.py", "-k", "snapshot"),
    ),
    Fault(
        "an allowance that pays a price per call",
        "rating/engine/grant.py",
        "    if rest < 0:\n",
        "    if rest < 0 and not allowance_s:\n",
        ("tests/rating/charging/test_session_allowances.py", "-k", "price_per_call"),
    ),
    Fault(
        "a paid second paid again by an allowance",
        "rating/allowances/share.py",
        "            used[span.number] += max(0, min(charged_s - span.start_s, span.seconds))\n",
        "            used[span.number] += min(charged_s - sum(used), span.seconds)\n",
        ("tests/rating/charging/test_session_allowances.py", "-k", "parallel"),
    ),
    # Calls.
    Fault(
        "emergency after the limit",
        "freiton/accounting/slots.py",
        """        if is_emergency:
            return None
        for claim in claims:
""",
        """        for claim in claims:
""",
        (f"{_CALLS}/test_emergency.py", "-k", "full_trunks"),
    ),
    Fault(
        "a SIM charged as a telephone",
        "freiton/calls/pricing.py",
        "                origin=CallOrigin() if device is None else CallOrigin(device.origin),\n",
        "                origin=CallOrigin(),\n",
        (f"{_CALLS}/test_conditions.py", "-k", "kind_of_access"),
    ),
    Fault(
        "allowances not asked for",
        "freiton/calls/admission_request.py",
        "        allowances=conditions.allowances,\n",
        "        allowances=(),\n",
        (f"{_CALLS}/test_conditions.py", "-k", "asks_for"),
    ),
    Fault(
        "options of the former provider go on",
        "freiton/storage/site/plans.py",
        "        if booking.provider != plan.provider or booking.option in plan.includes:\n",
        "        if booking.option in plan.includes:\n",
        ("tests/freiton/storage/test_contracts.py", "-k", "another_provider"),
    ),
    Fault(
        "bookings that no list knows taken over",
        "freiton/running_switch.py",
        """        check_bookings(directory, tariffs)
        setup = self._parts.setup
""",
        """        setup = self._parts.setup
""",
        ("tests/freiton/test_running_switch.py", "-k", "must_be_in"),
    ),
    Fault(
        "emergency after the password",
        "freiton/calls/call_setup.py",
        "        if calls_for_help(request):\n",
        '        if calls_for_help(request) and request.has("authorization"):\n',
        (f"{_CALLS}/test_emergency.py", "-k", "without_password"),
    ),
    Fault(
        "emergency waits for the log",
        "freiton/calls/call_stages.py",
        "                confirm = decision.kind is not CallKind.EMERGENCY\n",
        "                confirm = True\n",
        (f"{_CALLS}/test_durability.py", "-k", "waits_for_no_record"),
    ),
    Fault(
        "From copied to the trunk",
        "freiton/routing/identity.py",
        "    return e164 if directory.may_present(account.id, e164)"
        " and not is_never_shown(e164) else None\n",
        "    return e164\n",
        (f"{_CALLS}/test_identity.py",),
    ),
    Fault(
        "number shown after its proof expired",
        "freiton/routing/directory.py",
        "        return right if right is not None and right.holds_on(on) else None\n",
        "        return right\n",
        (f"{_CALLS}/test_identity_law.py", "-k", "until_its_proof_expires"),
    ),
    Fault(
        "diversion at a number of somebody else",
        "freiton/routing/redirected.py",
        " and directory.may_present(account.id, number.e164)",
        "",
        (f"{_CALLS}/test_no_foreign_number_leaves.py", "-m", "not long"),
    ),
    Fault(
        "header stripped, not built",
        "sipcore/b2bua/header_policy.py",
        """        for key, pattern in INVITE_FIELDS.items()
        for value in request.values(key)
        if pattern.fullmatch(value) is not None
""",
        """        for key, value in request.fields
        if key not in ("via", "from", "to", "call-id", "cseq", "contact", "max-forwards")
""",
        (f"{_CALLS}/test_identity.py",),
    ),
    Fault(
        "line ends in header values",
        "sipcore/message/message.py",
        "    if len(head) - len(head.translate(None, CONTROLS)) != 2 * (len(lines) + 1):\n",
        "    if not head:\n",
        ("tests/sipcore/message/test_message.py",),
    ),
    Fault(
        "CSeq reused after a second restart",
        "sipcore/b2bua/resume.py",
        "restarts * settings.cseq_gap",
        "settings.cseq_gap",
        (f"{_CALLS}/test_restarting.py", "-k", "cseqs"),
    ),
    Fault(
        "nonce count not checked",
        "sipcore/auth/authenticator.py",
        "        if use is NonceUse.REUSED:\n",
        "        if use is None:\n",
        ("tests/sipcore/auth/test_authenticator.py",),
    ),
    Fault(
        "password for every realm",
        "sipcore/auth/client.py",
        """ and challenge.get("realm") == self._realm""",
        "",
        (f"{_CALLS}/test_registering_with_carriers.py", "-k", "realm"),
    ),
)
