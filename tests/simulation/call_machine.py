"""Calls through a small network in bad weather, as a machine of rules: legal orders and others.

Every rule is something that phones, people, the log or the network may do next. After each the
caller's truth is looked at, and in the end all hang up, time passes, and nothing may be left.
"""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sipcore.b2bua.call_events import (
    Abandoned,
    Answered,
    Append,
    Appended,
    AppendFailed,
    Ended,
    Refuse,
    Released,
)
from sipcore.message import Response
from tests.simulation.model_phone import ModelNetwork, ModelPhone, described
from tests.support.phones import Line
from tests.support.weather import Mischief

REL: Final = "100rel, timer"
MISCHIEF_MAX: Final = 8
"""Packets touched in one example: fewer than any request is sent, so that nothing stays lost."""
FORK_S: Final = 25.0
"""So long a 200 from below a fork surely counts: 64·T1 (§13.2.2.4) less what the weather takes."""
METHODS: Final = ("INVITE", "UPDATE", "INFO", "OPTIONS", "MESSAGE", "NOTIFY", "REFER", "FOO")
STATUSES: Final = (200, 302, 403, 408, 422, 480, 481, 486, 488, 491, 500, 503, 603, None)
sides = st.sampled_from((0, 1, 2))
callees = st.sampled_from((0, 1))
bodies = st.sampled_from((0, 2, 3))
"""The version of the session description, 0 for none."""


class CallMachine(RuleBasedStateMachine):
    """One INVITE of alice, forked to bob and carol or to one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.net = ModelNetwork()
        self.told = 0
        self.confirm = True

    # How it begins.

    @initialize(
        has_offer=st.booleans(),
        support=st.sampled_from(("none", "supports", "requires")),
        pracks=st.booleans(),
        forks=st.booleans(),
        confirm=st.booleans(),
        session_expires=st.sampled_from((None, "90", "1800")),
    )
    def call(
        self,
        *,
        has_offer: bool,
        support: str,
        pracks: bool,
        forks: bool,
        confirm: bool,
        session_expires: str | None,
    ) -> None:
        net, alice = self.net, self.net.caller
        alice.supports = "timer" if support == "none" else REL
        alice.pracks = pracks
        alice.session_expires = session_expires
        for phone in net.called:
            phone.supports = REL
        net.switch.appends = False
        net.switch.confirm = self.confirm = confirm
        names = ("bob", "carol") if forks else ("bob",)
        net.switch.groups.append(tuple(net.target(name, ring_s=40) for name in names))
        fields = (("require", "100rel"),) if support == "requires" else ()
        alice.call(body=alice.sdp if has_offer else b"", fields=fields)

    # Phones that ring.

    @rule(
        who=callees,
        status=st.sampled_from((180, 181, 182, 183, 199)),
        body=bodies,
        tag=st.sampled_from((None, "two")),
    )
    def ring(self, who: int, status: int, body: int, tag: str | None) -> None:
        phone = self.net.called[who]
        if phone.may_answer(180):
            phone.ring(status, body=described(phone, body) if body else b"", tag=tag)

    @rule(
        who=callees,
        status=st.sampled_from((180, 183)),
        body=bodies,
        tag=st.sampled_from((None, "two")),
        skipped=st.sampled_from((0, 0, 0, 1)),
    )
    def ring_reliably(
        self, who: int, status: int, body: int, tag: str | None, skipped: int
    ) -> None:
        phone = self.net.called[who]
        if phone.may_answer(180):
            content = described(phone, body) if body else b""
            phone.ring_reliably(status, body=content, tag=tag, rseq=phone.rseq + 1 + skipped)

    @rule(who=callees, body=st.booleans(), tag=st.sampled_from((None, "two")))
    def answer(self, who: int, *, body: bool, tag: str | None) -> None:
        """Answer, perhaps a second time as a fork below us does, perhaps without a description."""
        phone = self.net.called[who]
        if phone.may_answer(200) and phone.first_answer_at + FORK_S > self.net.now:
            phone.answer(body=None if body else b"", tag=tag)

    @rule(who=callees, status=st.sampled_from((302, 404, 408, 422, 486, 500, 503, 600, 603)))
    def refuse(self, who: int, status: int) -> None:
        if self.net.called[who].may_answer(status):
            self.net.called[who].refuse(status)

    # The caller.

    @precondition(lambda self: not self.net.caller.finals())
    @rule()
    def cancel(self) -> None:
        self.net.caller.cancel()

    @precondition(lambda self: self.unacknowledged() is not None)
    @rule(body=bodies, shift=st.sampled_from((0, 0, 0, 1, -1)))
    def prack(self, body: int, shift: int) -> None:
        """Acknowledge what rings reliably, rightly or with a number that is none."""
        response = self.unacknowledged()
        assert response is not None
        alice, number = self.net.caller, int(response.required("rseq"))
        line = self.line_of(response)
        if shift == 0:
            alice.heard_rseqs.append((line.remote, number))
        content = described(alice, body) if body else b""
        fields = (("rack", f"{number + shift} 100 INVITE"),)
        alice.say("PRACK", body=content, fields=fields, line=line)

    # Within dialogs.

    @rule(who=sides, method=st.sampled_from(METHODS), body=bodies)
    def say(self, who: int, method: str, body: int) -> None:
        phone = self.phone(who)
        if not phone.lines or phone.line.is_over:
            return
        fields = (("refer-to", "<sip:dora@example.org>"),) if method == "REFER" else ()
        phone.say(method, body=described(phone, body) if body else b"", fields=fields)

    @rule(who=sides)
    def bye(self, who: int) -> None:
        phone = self.phone(who)
        if phone.lines and not phone.line.is_over:
            phone.say("BYE")

    @rule(who=sides, method=st.sampled_from(("INVITE", "UPDATE", "OPTIONS", "BYE", "PRACK")),
          status=st.sampled_from(STATUSES))  # fmt: skip
    def mood(self, who: int, method: str, status: int | None) -> None:
        """Answer that from now on; None: not until the phone is asked again."""
        self.phone(who).answers[method] = status

    @rule(who=sides, status=st.sampled_from((200, 488, 500)))
    def answer_what_was_held(self, who: int, status: int) -> None:
        phone = self.phone(who)
        if phone.held:
            phone.answer_held(status)
            self.net.settle()

    @rule(status=st.sampled_from((202, 403, 603)))
    def transfers(self, status: int) -> None:
        self.net.joined_by.refer_status = status

    # What nobody should send.

    @rule(who=sides, method=st.sampled_from((*METHODS, "BYE", "PRACK")), back=st.integers(0, 3))
    def old_cseq(self, who: int, method: str, back: int) -> None:
        """Send a number that was used: 500, or 481 where there is no dialog (any more)."""
        phone = self.phone(who)
        line = phone.lines[-1] if phone.lines else None
        if line is None or line.cseq <= 100 + back:
            return
        if phone is not self.net.caller and line.local not in phone.accepted:
            # Of a target that only rings no order is kept: whatever it asks is answered here.
            return
        branch = phone.throw(line.build(method, line.cseq - back))
        assert self.net.answers.get(branch) in (481, 500), self.net.answers.get(branch)

    @rule(who=sides, method=st.sampled_from((*METHODS, "BYE", "PRACK", "CANCEL")))
    def wrong_tag(self, who: int, method: str) -> None:
        phone = self.phone(who)
        if not phone.lines:
            return
        line = phone.line
        wrong = Line(line.call_id, line.local, "<sip:x@example.org>;tag=wrong", line.target)
        branch = phone.throw(wrong.request(method))
        assert self.net.answers.get(branch) == 481, self.net.answers.get(branch)

    @rule(who=sides, cseq=st.sampled_from((1, 100, 101, 102, 2**31 - 1)))
    def stray_ack(self, who: int, cseq: int) -> None:
        phone = self.phone(who)
        if phone.lines:
            phone.throw(phone.line.build("ACK", cseq))

    @rule(who=callees, status=st.sampled_from((100, 180, 200, 487, 603)))
    def stray_response(self, who: int, status: int) -> None:
        """Answer the INVITE once more, past the transaction, under a tag that nobody knows."""
        phone = self.net.called[who]
        if phone.incoming is not None and phone.incoming.transaction in phone.closed:
            phone.throw_response(phone.incoming.request, status)

    # The log, the clock, the network.

    @precondition(lambda self: self.may_append())
    @rule(fails=st.sampled_from((False, False, False, True)))
    def log_answers(self, *, fails: bool) -> None:
        self.told += 1
        self.net.switch.tell(AppendFailed() if fails else Appended())

    @rule(seconds=st.sampled_from((0.1, 0.6, 2.0, 5.0, 33.0, 61.0, 100.0)))
    def time_passes(self, seconds: float) -> None:
        self.net.advance(seconds)

    @precondition(
        lambda self: self.net.weather.count + len(self.net.weather.planned) < MISCHIEF_MAX
    )
    @rule(
        kind=st.sampled_from(("lose", "double", "delay")),
        skipped=st.integers(0, 3),
        delay_s=st.sampled_from((0.05, 0.7, 3.0)),
    )
    def mischief(self, kind: str, skipped: int, delay_s: float) -> None:
        self.net.weather.planned.append(Mischief(kind, skipped, delay_s))

    # What must hold at every moment.

    @invariant()
    def caller_sees_one_end(self) -> None:
        finals = self.first_responses(lowest=200)
        assert len({one.status for one in finals}) <= 1, "two final responses"
        assert len({one.to.tag for one in finals}) <= 1, "two dialogs for one INVITE"

    @invariant()
    def an_answer_is_durable_before_it_is_told(self) -> None:
        if self.confirm and any(one.is_success for one in self.first_responses(lowest=200)):
            assert self.told, "a 200 before its record was durable"

    @invariant()
    def reliable_descriptions_stand(self) -> None:
        """What a caller was told reliably in a dialog is the answer, or the offer (RFC 3262 §5)."""
        told: dict[str, bytes] = {}
        for response in self.first_responses(lowest=101):
            tag = response.to.tag or ""
            if response.body and (response.is_success or response.has("rseq")):
                assert told.setdefault(tag, response.body) == response.body, "two in one exchange"

    @invariant()
    def money_is_told_once(self) -> None:
        switch = self.net.switch
        assert len(switch.said(Answered)) <= 1
        assert len(switch.said(Released)) <= len(switch.said(Answered))
        ends = (*switch.said(Abandoned), *switch.said(Released), *self.refusals())
        assert len(ends) <= 1, "a call that ended twice"

    # What must hold in the end.

    def teardown(self) -> None:
        if not self.net.switch.invites:
            return
        self.come_to_rest()
        net, switch = self.net, self.net.switch
        self.caller_sees_one_end()
        self.money_is_told_once()
        assert self.first_responses(lowest=200), "a caller without a final response"
        assert switch.calls == {}
        assert len(switch.said(Ended)) == 1
        assert len(switch.said(Released)) == len(switch.said(Answered))
        assert (switch.layer.client_transactions, switch.layer.server_transactions) == (0, 0)
        for phone in (net.caller, *net.called):
            # A 200 from nowhere makes a dialog that the switch must end.
            unknown = [one for one in phone.unknown if one.to.tag != "stray"]
            assert unknown == [], f"{phone.name} got what belongs to no dialog of its own"
            asked = [key for key in phone.asked if key not in phone.answered]
            assert len(asked) <= len(phone.failed), f"{phone.name} was never answered: {asked}"
            open_lines = [line for line in self.answered_lines(phone) if not line.is_over]
            assert open_lines == [], f"{phone.name} believes that it still talks"

    def come_to_rest(self) -> None:
        """Clear the sky, let the log catch up, hang up, and let every timer run out."""
        net, alice = self.net, self.net.caller
        net.weather.clear_up()
        for phone in (alice, *net.called):
            phone.answers.clear()
            while phone.held:
                phone.answer_held(200)
        net.settle()
        self.log_catches_up()
        if not alice.finals():
            alice.cancel()
        # What was lost or late comes again, a 200 that crossed the CANCEL among it.
        for _ in range(3):
            net.advance(6.0)
            self.log_catches_up()
        for line in self.answered_lines(alice):
            if not line.is_over:
                alice.say("BYE", line=line)
        net.advance(300.0)

    # What is to be seen.

    def phone(self, who: int) -> ModelPhone:
        return (self.net.caller, *self.net.called)[who]

    def first_responses(self, *, lowest: int) -> list[Response]:
        """Give what alice heard to her first INVITE."""
        return [
            one
            for one in self.net.caller.responses
            if one.cseq.method == "INVITE" and one.cseq.number == 100 and one.status >= lowest
        ]

    def refusals(self) -> list[Refuse]:
        return [one for one in self.net.switch.history if isinstance(one, Refuse)]

    def unacknowledged(self) -> Response | None:
        alice = self.net.caller
        for response in self.first_responses(lowest=101):
            number = response.value("rseq")
            if number is None or response.status >= 200:
                continue
            if (response.required("to"), int(number)) not in alice.heard_rseqs:
                return response
        return None

    def line_of(self, response: Response) -> Line:
        to = response.required("to")
        return next(line for line in self.net.caller.lines if line.remote == to)

    def answered_lines(self, phone: ModelPhone) -> list[Line]:
        """Give the dialogs that a 200 made; early ones end with their INVITE."""
        if phone is self.net.caller:
            told = {
                one.required("to") for one in self.first_responses(lowest=200) if one.is_success
            }
            return [line for line in phone.lines if line.remote in told]
        return [line for line in phone.lines if line.local in phone.accepted]

    def may_append(self) -> bool:
        return len(self.net.switch.said(Append)) > self.told and bool(self.net.switch.calls)

    def log_catches_up(self) -> None:
        while self.may_append():
            self.told += 1
            self.net.switch.tell(Appended())
