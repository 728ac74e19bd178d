"""Faults against the standards: one for each rule that other people's equipment relies on."""

from __future__ import annotations

from typing import Final

from tests.mutants.faults import Fault

STANDARD_FAULTS: Final[tuple[Fault, ...]] = (
    # Proxy (RFC 3261 §16, RFC 5393).
    Fault(
        "no hop counted",
        "sipcore/proxy/forward.py",
        "limits.hops_max if hops is None else hops - 1",
        "limits.hops_max if hops is None else hops",
        ("tests/sipcore/proxy/test_forward.py",),
    ),
    Fault(
        "a proxy without loop detection",
        "sipcore/proxy/validate.py",
        "    return any(branch.endswith(mark) for branch in ours)",
        "    return any(branch == mark for branch in ours)",
        (
            "tests/sipcore/proxy/test_validate.py",
            "tests/freiton/calls/test_neighbours.py",
        ),
    ),
    Fault(
        "a 503 of one target is everybody's",
        "sipcore/proxy/response_context.py",
        "    candidates = [response for response in responses if response.status != 503]\n",
        "    candidates = list(responses)\n",
        ("tests/sipcore/proxy/test_proxy.py",),
    ),
    Fault(
        "6xx is no better than any other",
        "sipcore/proxy/response_context.py",
        "    return status < 600, status // 100,",
        "    return False, status // 100,",
        ("tests/sipcore/proxy/test_proxy.py",),
    ),
    Fault(
        "one challenge of several",
        "sipcore/proxy/response_context.py",
        "    return _with_all_challenges(best, responses) if best.status in (401, 407) else best\n",
        "    return best\n",
        ("tests/sipcore/proxy/test_proxy.py",),
    ),
    Fault(
        "all targets at once, whatever their q",
        "sipcore/proxy/response_context.py",
        "list(takewhile(lambda one: one.q == q, self._waiting))",
        "list(self._waiting)",
        ("tests/sipcore/proxy/test_invite.py",),
    ),
    Fault(
        "each branch with the whole breadth",
        "sipcore/proxy/response_context.py",
        "        return [(target, share + (place < rest)) for place, target in enumerate(group)]\n",
        "        return [(target, share * len(group) + rest) for target in group]\n",
        (
            "tests/sipcore/proxy/test_proxy.py",
            "tests/sipcore/proxy/test_invite.py",
        ),
    ),
    Fault(
        "a Record-Route of any dialog counts",
        "sipcore/proxy/record_route.py",
        'if hmac.compare_digest(mac, self._mac(payload, request.call_id, tag or "")):',
        "if tag:",
        (
            "tests/sipcore/proxy/test_record_route.py",
            "tests/freiton/calls/test_neighbours.py",
        ),
    ),
    Fault(
        "a strict router is taken for a loose one",
        "sipcore/proxy/forward.py",
        ("    if first.is_loose_router:\n        return request_uri, route\n"),
        ("    if first is not None:\n        return request_uri, route\n"),
        (
            "tests/sipcore/proxy/test_forward.py",
            "tests/sipcore/proxy/test_preprocess.py",
        ),
    ),
    Fault(
        "our credentials handed on",
        "sipcore/proxy/forward.py",
        "        if realm and not is_own_realm(realm):\n",
        "        if realm:\n",
        ("tests/sipcore/proxy/test_forward.py",),
    ),
    # The back-to-back user agent (RFC 3261 §13, RFC 3262, RFC 3311, RFC 3264).
    Fault(
        "a late answer left ringing",
        "sipcore/b2bua/late_answer.py",
        '    if event.request.method != "INVITE":\n',
        "    if event.request.method:\n",
        (
            "tests/sipcore/b2bua/test_stray_events.py",
            "-k",
            "behind_the_end",
        ),
    ),
    Fault(
        "a BYE with an old number ends the ringing",
        "sipcore/b2bua/leg.py",
        '        return event.request.method == "BYE" and self.dialog.is_in_order(event.request)\n',
        '        return event.request.method == "BYE"\n',
        (
            "tests/sipcore/b2bua/test_stray_events.py",
            "-k",
            "old_number",
        ),
    ),
    Fault(
        "a CSeq of before is taken",
        "sipcore/dialog/dialog.py",
        "        if self.remote_sequence is not None and number <= self.remote_sequence:\n",
        "        if self.remote_sequence is not None and number < self.remote_sequence - 9:\n",
        ("tests/sipcore/dialog/test_dialog.py",),
    ),
    Fault(
        "a PRACK for anything",
        "sipcore/b2bua/provisionals.py",
        (
            "        if (rack.sequence, rack.method) != (self._sequence, self._method):\n"
            "            return False\n"
        ),
        "",
        ("tests/sipcore/b2bua/test_reliable_provisionals.py",),
    ),
    Fault(
        "the 200 overtakes the PRACK",
        "sipcore/b2bua/leg.py",
        "        return self._provisionals is not None and self._provisionals.is_session_open\n",
        "        return False\n",
        ("tests/sipcore/b2bua/test_reliable_provisionals.py",),
    ),
    Fault(
        "two reliable responses at once",
        "sipcore/b2bua/provisionals.py",
        ("        if not self._server.is_unacknowledged:\n            return False\n"),
        (
            "        if not self._server.is_unacknowledged or not body.has_sdp:\n"
            "            return False\n"
        ),
        ("tests/sipcore/b2bua/test_reliable_provisionals.py",),
    ),
    Fault(
        "repeats of reliable responses capped at T2",
        "sipcore/dialog/reliable.py",
        "                self._interval_s *= 2\n",
        "                self._interval_s = min(2 * self._interval_s, 4.0)\n",
        (
            "tests/sipcore/dialog/test_reliable.py",
            "tests/sipcore/dialog/test_dialog_machines.py",
        ),
    ),
    Fault(
        "a session before both have described it",
        "sipcore/b2bua/leg.py",
        "        return self.is_early and self.sent_body.has_sdp and self.received_body.has_sdp\n",
        "        return self.is_early\n",
        (
            "tests/sipcore/b2bua/test_offer_answer_patterns.py",
            "tests/sipcore/b2bua/test_reliable_provisionals.py",
            "tests/sipcore/b2bua/test_early_media.py",
        ),
    ),
    Fault(
        "glare is taken for an offer",
        "sipcore/dialog/offer_answer.py",
        "Step(State.OFFER_SENT, Verdict.GLARE)",
        "Step(State.OFFER_RECEIVED)",
        (
            "tests/sipcore/dialog/test_dialog_machines.py",
            "tests/sipcore/dialog/test_offer_answer.py",
        ),
    ),
    Fault(
        "a second answer under one tag",
        "sipcore/b2bua/early_dialogs.py",
        "        if is_pair or not body.has_sdp or body == told:\n",
        "        if is_pair or body.has_sdp or body == told:\n",
        (
            "tests/sipcore/b2bua/test_early_media.py",
            "tests/sipcore/b2bua/test_reliable_provisionals.py",
            "tests/simulation/test_exhaustive_early_dialogs.py",
        ),
    ),
    # Transfer (RFC 3515, RFC 3891).
    Fault(
        "a transfer into a call of somebody else",
        "freiton/calls/transfers.py",
        " or owner.account.id != transferor.account.id or ",
        " or ",
        ("tests/freiton/calls/test_transfer.py",),
    ),
    Fault(
        "a transfer to the emergency number",
        "freiton/calls/transfers.py",
        'if calls_for_help(Request("INVITE", str(refer_to.uri))):',
        "if not refer_to.uri:",
        ("tests/freiton/calls/test_transfer.py",),
    ),
    Fault(
        "a pick-up across customers",
        "freiton/calls/pickups.py",
        (
            "        if owner.account.customer_id != account.customer_id:\n"
            "            return Answer(403)\n"
        ),
        "",
        ("tests/freiton/calls/test_pickup.py",),
    ),
    Fault(
        "early-only ignored",
        "freiton/calls/pickups.py",
        "        return Answer(486) if replaces.is_early_only else None\n",
        "        return None\n",
        ("tests/freiton/calls/test_pickup.py",),
    ),
    Fault(
        "a phone that diverts to the emergency number",
        "freiton/calls/redirects.py",
        "            if request is None or calls_for_help(request):\n",
        "            if request is None:\n",
        ("tests/freiton/calls/test_redirects.py",),
    ),
    # Locating and registering (RFC 3263, RFC 5626, RFC 3327).
    Fault(
        "priorities of SRV mixed",
        "sipcore/transport/locate.py",
        '    for _, group in groupby(offered, key=attrgetter("priority")):\n',
        "    for _, group in groupby(offered, key=lambda _: 0):\n",
        ("tests/sipcore/transport/test_locate.py",),
    ),
    Fault(
        "weights of SRV ignored",
        "sipcore/transport/locate.py",
        "                running += one.weight\n",
        "                running += max(one.weight, 65_535)\n",
        ("tests/sipcore/transport/test_locate.py",),
    ),
    Fault(
        "a secure URI by open transport",
        "sipcore/transport/locate.py",
        ("        if wanted.is_secure and transport not in SECURE:\n            continue\n"),
        "",
        ("tests/sipcore/transport/test_locate.py",),
    ),
    Fault(
        "failed hops tried first again",
        "sipcore/transport/blocked.py",
        "        return tuple(sorted(hops, key=lambda hop: self.is_blocked(hop, now=now)))\n",
        "        return tuple(hops)\n",
        (
            "tests/sipcore/transport/test_locator.py",
            "tests/freiton/calls/test_finding_carriers.py",
            "tests/freiton/calls/test_following_carriers.py",
        ),
    ),
    Fault(
        "a flow behind an edge that keeps none",
        "sipcore/registrar/update.py",
        (
            "        if lacks_support(self._request):\n"
            '            return Refusal(439, "First Hop Lacks Outbound Support")\n'
        ),
        "",
        ("tests/sipcore/registrar/test_outbound.py",),
    ),
    Fault(
        "an old REGISTER takes effect",
        "sipcore/registrar/update.py",
        "    return known.call_id == binding.call_id and known.cseq >= binding.cseq\n",
        "    return known.call_id == binding.call_id and known.cseq > binding.cseq + 9\n",
        ("tests/sipcore/registrar/test_update.py",),
    ),
    Fault(
        "a contact in sips over an open transport",
        "sipcore/registrar/update.py",
        '        if address.uri.scheme == "sips" and not self._flow.transport.is_secure:\n',
        '        if address.uri.scheme == "sips" and self._flow is None:\n',
        ("tests/sipcore/registrar",),
    ),
    Fault(
        "a replayed answer of digest",
        "sipcore/auth/nonce.py",
        "            return NonceUse.REPEATED if known == fingerprint else NonceUse.REUSED\n",
        "            return NonceUse.REPEATED\n",
        (
            "tests/sipcore/auth/test_nonce.py",
            "tests/sipcore/auth/test_authenticator.py",
        ),
    ),
    # Identity (RFC 3323, RFC 3325, RFC 5806, RFC 7044, § 120 TKG).
    Fault(
        "a hidden number told to a phone",
        "freiton/routing/leg_identity.py",
        ("    if caller.is_hidden or not user:\n        from_value = _ANONYMOUS\n"),
        ("    if not user:\n        from_value = _ANONYMOUS\n"),
        (
            "tests/freiton/calls/test_identity.py",
            "tests/freiton/routing/test_identity.py",
        ),
    ),
    Fault(
        "a hidden number in From to a carrier",
        "freiton/routing/leg_identity.py",
        "        from_value=_ANONYMOUS if is_anonymous else _address(in_from, trunk),\n",
        "        from_value=_address(in_from, trunk),\n",
        (
            "tests/freiton/calls/test_identity.py",
            "tests/freiton/calls/test_identity_law.py",
            "tests/freiton/calls/test_profiles.py",
        ),
    ),
    Fault(
        "privacy asked for and not said",
        "freiton/routing/leg_identity.py",
        '        fields = (*fields, ("privacy", profile.privacy))\n',
        "        fields = (*fields,)\n",
        (
            "tests/freiton/calls/test_identity.py",
            "tests/freiton/calls/test_profiles.py",
        ),
    ),
    Fault(
        "a diverter who wants to stay unnamed",
        "freiton/routing/redirected.py",
        "_written([one for one in history if not one.is_private], ",
        "_written(list(history), ",
        (
            "tests/freiton/routing/test_redirected.py",
            "tests/freiton/calls/test_identity.py",
            "tests/freiton/calls/test_identity_law.py",
            "tests/freiton/calls/test_redirects.py",
        ),
    ),
    Fault(
        "diversions of an untrusted carrier",
        "freiton/routing/redirected.py",
        ("    if not trunk.sends_asserted_identity:\n        return ()\n"),
        "",
        ("tests/freiton/routing/test_redirected.py",),
    ),
    Fault(
        "110 shown as a caller",
        "freiton/routing/identity.py",
        "        return any(is_never_shown(claim.user) for claim in claims)\n",
        "        return False\n",
        (
            "tests/freiton/calls/test_identity_law.py",
            "tests/freiton/routing/test_identity_law.py",
            "tests/freiton/routing/test_identity.py",
            "tests/freiton/routing/test_shown_numbers.py",
        ),
    ),
    # Events (RFC 6665, RFC 3903).
    Fault(
        "everybody watches everybody",
        "freiton/routing/watching.py",
        ("        if not are_colleagues:\n            return Verdict.UNKNOWN\n"),
        "",
        ("tests/freiton/calls/test_events.py",),
    ),
    Fault(
        "two NOTIFYs at once",
        "sipcore/presence/notifier_table.py",
        "(Delivery.SENT, DeliveryInput.CHANGED): DeliveryStep(Delivery.SENT_NEWER)",
        "(Delivery.SENT, DeliveryInput.CHANGED): _SEND",
        (
            "tests/sipcore/presence/test_notifier.py",
            "tests/sipcore/presence/test_tables.py",
        ),
    ),
    Fault(
        "a subscription that outlives its 481",
        "sipcore/presence/notifier.py",
        (
            "            # One that has ended has no time left to wait in: it would never go.\n"
            "            self._lose(subscription, now=now)\n"
            "            return\n"
        ),
        "            return\n",
        (
            "tests/sipcore/presence/test_notifier.py",
            "tests/freiton/calls/test_events.py",
        ),
    ),
    Fault(
        "a publication by any entity-tag",
        "sipcore/presence/publication.py",
        ("        if named and known is None:\n            return Published(412)\n"),
        "",
        ("tests/sipcore/presence/test_publishing.py",),
    ),
    Fault(
        "a document with a document type",
        "sipcore/presence/pidf_reader.py",
        "        parser.StartDoctypeDeclHandler = _refuse_doctype\n",
        "",
        ("tests/sipcore/presence/test_publishing.py",),
    ),
    # Defence.
    Fault(
        "a blocked address is heard",
        "sipcore/defence/sources.py",
        ("        if now < blocked_until:\n            return True\n"),
        ("        if now < blocked_until:\n            return False\n"),
        (
            "tests/sipcore/defence",
            "tests/freiton/calls/test_defence.py",
        ),
    ),
    Fault(
        "one of a NAT silences all behind it",
        "sipcore/defence/gate.py",
        (
            "        if self._acquaintances.is_registered_near(request, host):\n"
            "            return True\n"
            "        if not is_new"
        ),
        "        if not is_new",
        (
            "tests/sipcore/defence",
            "tests/freiton/calls/test_defence.py",
        ),
    ),
    Fault(
        "scanners are answered",
        "sipcore/defence/gate.py",
        ("            self.counters.scanners += 1\n            return False\n"),
        "            self.counters.scanners += 1\n",
        (
            "tests/sipcore/defence",
            "tests/freiton/calls/test_defence.py",
        ),
    ),
    Fault(
        "emergency calls wait in the queue of strangers",
        "sipcore/defence/gate.py",
        '        if request.method == "INVITE" and self._is_emergency(request):\n',
        '        if request.method == "BYE" and self._is_emergency(request):\n',
        (
            "tests/sipcore/defence",
            "tests/freiton/calls/test_defence.py",
        ),
    ),
    # Trace (RFC 7989, HEP).
    Fault(
        "one UUID on both sides",
        "sipcore/b2bua/session_ids.py",
        "        other = right if leg == left else left\n",
        "        other = leg\n",
        ("tests/freiton/calls/test_session_id.py",),
    ),
    Fault(
        "credentials in a trace",
        "freiton/trace/shown_message.py",
        '    lines = _SECRET.sub(r"\\1: (cut out)", head).split("\\r\\n")\n',
        '    lines = head.split("\\r\\n")\n',
        ("tests/freiton/trace/test_shown_message.py",),
    ),
    Fault(
        "a capture by the wrong protocol",
        "freiton/trace/hep.py",
        "_UDP if transport is Transport.UDP else _TCP",
        "_UDP if transport is not None else _TCP",
        ("tests/freiton/trace/test_hep.py",),
    ),
    # Transports (RFC 3261 §18, RFC 5389, RFC 5922, RFC 7118).
    Fault(
        "large requests by UDP",
        "sipcore/transaction/large_requests.py",
        "        if len(data) <= self._limits.udp_request_bytes_max or flow.is_reliable:\n",
        "        if len(data) <= 2 * self._limits.udp_request_bytes_max or flow.is_reliable:\n",
        ("tests/sipcore/transaction/test_large_requests.py",),
    ),
    Fault(
        "domains of certificates ignored",
        "sipcore/transport/certificate_names.py",
        "        return domains or tuple(",
        "        return tuple(",
        ("tests/sipcore/transport/test_certificate_names.py",),
    ),
    Fault(
        "an address that a NAT may rewrite",
        "sipcore/transport/stun.py",
        "port ^ (_MAGIC_COOKIE >> 16)",
        "port",
        ("tests/sipcore/transport/test_stun.py",),
    ),
    Fault(
        "what must be understood is ignored",
        "sipcore/transport/stun.py",
        ("    if unknown:\n        return _error(transaction, unknown)\n"),
        "",
        ("tests/sipcore/transport/test_stun.py",),
    ),
    Fault(
        "two messages in one of WebSocket",
        "sipcore/net/websocket.py",
        " or _body_bytes(data) != len(message.body):\n",
        ":\n",
        ("tests/sipcore/net/test_websocket.py",),
    ),
    Fault(
        "garbage behind a handshake",
        "sipcore/net/websocket.py",
        "                    if self._protocol.eof_sent:\n",
        "                    if self.has_ended:\n",
        (
            "tests/sipcore/net/test_websocket.py",
            "-k",
            "right_behind",
        ),
    ),
)
