"""Session-ID (RFC 7989): both ends learn the UUID of the other, through the switch."""

from __future__ import annotations

import pytest

from sipcore.errors import RemoteError
from sipcore.message import parse_message
from sipcore.message.message import Message
from sipcore.message.session_id import NULL, SessionId
from tests.freiton.calls.scene import open_switch
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE

ANNA = "ab30317f1a784dc48ff824d0d3715d86"
MOBILE_ID = "47755a9de7794ba387653f2099600ef2"
OTHER = "aeffa652b22911dfa81f12313a006823"


class Heard:
    """Everything that the switch sends to one party."""

    def __init__(self, switch: VirtualSwitch, party: str) -> None:
        self.messages: list[Message] = []
        phone = switch.carrier(party) if party == "north" else switch.phone(party)
        hear = phone.receive

        def receive(data: bytes, source: tuple[str, int]) -> None:
            self.messages.append(parse_message(data))
            hear(data, source)

        phone.receive = receive  # type: ignore[method-assign]

    def pairs(self) -> list[str | None]:
        return [one.value("session-id") for one in self.messages]


def test_value_is_read_and_written() -> None:
    parsed = SessionId.parse(f"{ANNA};remote={MOBILE_ID};other=1")
    assert (parsed.local, parsed.remote) == (ANNA, MOBILE_ID)
    assert str(parsed) == f"{ANNA};remote={MOBILE_ID}"
    assert SessionId.parse(ANNA).remote == NULL
    assert parsed.answered() == SessionId(NULL, ANNA)


@pytest.mark.parametrize("value", ["", "xyz", ANNA.upper(), ANNA + "0", f"{ANNA} {ANNA}"])
def test_malformed_value_is_refused(value: str) -> None:
    with pytest.raises(RemoteError):
        SessionId.parse(value)


def test_callee_learns_the_uuid_of_the_caller_and_nothing_else() -> None:
    switch = open_switch()
    carrier = Heard(switch, "north")
    switch.phone("anna").call(MOBILE, fields=(("session-id", f"{ANNA};remote={NULL};x=y"),))
    (invite,) = (one for one in carrier.messages if "INVITE" in one.required("cseq"))
    assert invite.value("session-id") == f"{ANNA};remote={NULL}"


def test_caller_learns_the_uuid_of_the_callee_and_keeps_it() -> None:
    switch = open_switch()
    anna, north = Heard(switch, "anna"), Heard(switch, "north")
    phone, carrier = switch.phone("anna"), switch.carrier("north")
    caller = phone.call(MOBILE, fields=(("session-id", f"{ANNA};remote={NULL}"),))
    _answer_with(switch, MOBILE_ID)
    assert anna.pairs()[-1] == f"{MOBILE_ID};remote={ANNA}"
    ack = north.messages[-1]
    assert ack.required("cseq").endswith("ACK")
    assert ack.value("session-id") == f"{ANNA};remote={MOBILE_ID}"
    phone.bye(caller)
    assert north.pairs()[-1] == f"{ANNA};remote={MOBILE_ID}"
    assert anna.pairs()[-1] == f"{MOBILE_ID};remote={ANNA}"
    assert carrier.sides


def test_calls_without_it_stay_without_it() -> None:
    switch = open_switch()
    anna, north = Heard(switch, "anna"), Heard(switch, "north")
    switch.phone("anna").call(MOBILE)
    switch.carrier("north").answer(switch.carrier("north").sides[-1])
    assert not any(north.pairs())
    assert not any(anna.pairs())


def test_refusal_names_who_was_refused() -> None:
    switch = open_switch()
    anna = Heard(switch, "anna")
    switch.phone("anna").call("0999", fields=(("session-id", f"{ANNA};remote={NULL}"),))
    assert anna.pairs()[-1] == f"{NULL};remote={ANNA}"


def test_cancel_and_the_ack_of_a_refusal_name_the_session_of_the_invite() -> None:
    switch = open_switch()
    north = Heard(switch, "north")
    phone = switch.phone("anna")
    caller = phone.call(MOBILE, fields=(("session-id", f"{ANNA};remote={NULL}"),))
    phone.cancel(caller)
    methods = {one.required("cseq").split()[1]: one.value("session-id") for one in north.messages}
    assert methods["CANCEL"] == methods["ACK"] == f"{ANNA};remote={NULL}"


def test_uuid_that_changes_is_passed_on() -> None:
    switch = open_switch()
    anna = Heard(switch, "anna")
    switch.phone("anna").call(MOBILE, fields=(("session-id", f"{ANNA};remote={NULL}"),))
    carrier = switch.carrier("north")
    carrier.ring(carrier.sides[-1])
    _answer_with(switch, OTHER)
    assert anna.pairs()[-1] == f"{OTHER};remote={ANNA}"


def _answer_with(switch: VirtualSwitch, uuid: str) -> None:
    """Let the carrier answer with a Session-ID of its own."""
    carrier = switch.carrier("north")
    side = carrier.sides[-1]
    carrier._respond_invite(side, 200, fields=(("session-id", f"{uuid};remote={ANNA}"),))
    switch.wire.settle()
