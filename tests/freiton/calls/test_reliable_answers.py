"""An answer that waits for a PRACK: when the caller hears of it, and what it costs until then."""

from __future__ import annotations

import pytest

from tests.freiton.calls.scene import last_record, open_switch
from tests.support.scripted_side import Side
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE

CAN = (("supported", "100rel"),)


def answered_without_prack() -> tuple[VirtualSwitch, Side, Side]:
    """Let a carrier play something and answer, while the caller keeps its PRACK back."""
    switch = open_switch()
    caller = switch.phone("anna").call(MOBILE, fields=CAN)
    north = switch.carrier("north")
    callee = north.sides[-1]
    north.ring(callee, 183, body=north.sdp)
    north.answer(callee)
    assert caller.finals == []
    return switch, caller, callee


def test_the_200_follows_the_prack_and_is_charged_from_the_callees() -> None:
    switch, caller, callee = answered_without_prack()
    switch.wire.advance(2.0)
    rseq = caller.responses[-1].required("rseq")
    assert caller.invite is not None
    caller.remote = caller.responses[-1].required("to")
    caller.target = str(caller.responses[-1].contacts[0].uri)
    rack = f"{rseq} {caller.invite.cseq.number} INVITE"
    caller.cseq = caller.invite.cseq.number
    switch.phone("anna").send_in_dialog(caller, "PRACK", fields=(("rack", rack),))
    switch.wire.settle()
    assert caller.finals == [200]
    assert caller.final.body == b""
    switch.wire.advance(3.0)
    switch.carrier("north").bye(callee)
    assert last_record(switch).rated_us == 5_000_000
    switch.wire.advance(200)
    switch.assert_quiet()


@pytest.mark.parametrize(("ending", "status"), [("cancel", 487), ("silence", 504)])
def test_a_call_whose_answer_was_never_told_is_free(ending: str, status: int) -> None:
    switch, caller, callee = answered_without_prack()
    switch.wire.advance(5.0)
    if ending == "cancel":
        switch.phone("anna").cancel(caller)
    switch.wire.advance(40.0)
    assert caller.finals == [status]
    assert callee.byes_received == 1
    record = last_record(switch)
    assert (record.rated_us, record.amount_micros) == (0, 0)
    assert record.is_consistent()
    assert switch.owed_micros(1) == 0
    switch.wire.advance(200)
    switch.assert_quiet()
