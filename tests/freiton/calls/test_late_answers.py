"""A carrier that forks may send a second answer when the call is over: its phone must not wait."""

from __future__ import annotations

from tests.freiton.calls.scene import open_switch, talk


def test_a_second_answer_behind_the_end_of_a_call_is_acknowledged_and_ended() -> None:
    switch = open_switch()
    north = switch.carrier("north")
    caller, callee = talk(switch)
    switch.phone("anna").bye(caller)
    records = len(switch.log.records())
    assert callee.invite is not None
    assert callee.invite_from is not None
    switch.wire.advance(5)
    # As from another phone below the same carrier.
    callee.local = callee.invite.required("to") + ";tag=other"
    callee.ended_at = None
    fields = (("contact", north.contact),)
    north._reply(callee.invite, callee.invite_from, 200, to=callee.local, fields=fields)
    acks = len(callee.acks)
    switch.wire.settle()
    assert callee.byes_received == 2
    assert len(callee.acks) == acks + 1
    switch.wire.advance(200)
    switch.assert_quiet()
    assert len(switch.log.records()) == records
