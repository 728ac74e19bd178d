"""Strangers, scanners and load before a whole switch; phones and calls for help go on."""

from __future__ import annotations

from freiton.config import Config
from sipcore.message import parse_message
from sipcore.message.credentials import Challenge
from sipcore.message.message import Request, Response, serialize
from sipcore.transport.flow import Address
from tests.support.scripted_phones import ScriptedPhone
from tests.support.virtual_switch import VirtualSwitch, shipped_config
from tests.support.virtual_town import PASSWORD, SWITCH

STRANGER: Address = ("192.0.2.66", 5060)


def settings(**defence: int) -> Config:
    shipped = shipped_config()
    return shipped.model_copy(update={"defence": shipped.defence.model_copy(update=defence)})


def registered(switch: VirtualSwitch) -> tuple[ScriptedPhone, ScriptedPhone]:
    anna, ben = switch.phone("anna"), switch.phone("ben")
    anna.register()
    ben.register()
    return anna, ben


def fall_behind(switch: VirtualSwitch, seconds: float) -> None:
    """Let the sockets of the switch be full since so long ago."""
    pressure = switch.parts.gate.pressure
    pressure.note_read("udp", is_caught_up=True, now=switch.wire.now - seconds)
    pressure.note_read("udp", is_caught_up=False, now=switch.wire.now)


def ask(
    switch: VirtualSwitch, number: int, *, source: Address = STRANGER, nonce: str = "n"
) -> Response | None:
    """Send what a scanner sends and return the answer, None for silence."""
    request = Request("REGISTER", "sip:example.org")
    for key, value in (
        ("via", f"SIP/2.0/UDP {source[0]}:{source[1]};branch=z9hG4bKscan{number}"),
        ("from", f"<sip:{number}@example.org>;tag=1"),
        ("to", f"<sip:{number}@example.org>"),
        ("call-id", f"scan{number}"),
        ("cseq", "1 REGISTER"),
        ("contact", f"<sip:{number}@{source[0]}>"),
        (
            "authorization",
            (
                f'Digest username="{number}", realm="example.org", nonce="{nonce}", qop=auth, '
                'nc=00000001, response="00000000000000000000000000000000", cnonce="c", '
                'uri="sip:example.org"'
            ),
        ),
    ):
        request.add(key, value)
    switch.receive(serialize(request), source)
    for target, data in switch.take_packets():
        if target == source:
            answer = parse_message(data)
            assert isinstance(answer, Response)
            return answer
    return None


def nonce_for(switch: VirtualSwitch, source: Address) -> str:
    """Return the nonce that we send to an address."""
    answer = ask(switch, 1_000, source=source)
    assert answer is not None
    return Challenge.parse(answer.required("www-authenticate")).get("nonce")


def test_who_tries_names_is_not_heard_any_more_and_phones_of_his_network_are() -> None:
    switch = VirtualSwitch(settings=settings(stranger_failures_max=20))
    anna, ben = registered(switch)
    source = (anna.address[0], 40_000)
    nonce = nonce_for(switch, source)
    answers = [ask(switch, number, source=source, nonce=nonce) for number in range(60)]
    heard = [answer for answer in answers if answer is not None]
    assert 20 <= len(heard) < 60
    assert answers[-1] is None
    side = anna.call("+493023125002")
    ben.answer(ben.sides[-1])
    anna.bye(side)
    assert side.finals == [200]
    anna.register()
    assert anna.statuses["REGISTER"][-1] == 200


def test_forged_datagrams_silence_nobody() -> None:
    switch = VirtualSwitch(settings=settings(stranger_failures_max=20))
    office: Address = ("192.0.2.80", 40_000)
    # Whoever forges an address does not hear what is sent there, only what is sent to his own.
    own = nonce_for(switch, STRANGER)
    for nonce in ("n", own):
        assert all(ask(switch, number, source=office, nonce=nonce) for number in range(60))
    assert switch.parts.gate.sources.blocked(now=switch.wire.now) == {}


def test_a_phone_that_starts_anew_behind_a_blocked_address_registers() -> None:
    switch = VirtualSwitch()
    anna, _ = registered(switch)
    switch.parts.gate.sources.block(anna.address[0], 600.0, now=switch.wire.now)
    again = ScriptedPhone(
        switch.wire, "again", (anna.address[0], 5999), switch=SWITCH, user="anna", password=PASSWORD
    )
    again.register()
    assert again.statuses["REGISTER"] == [200]


def test_behind_it_refuses_new_calls_and_keeps_what_stands() -> None:
    switch = VirtualSwitch()
    anna, ben = registered(switch)
    side = anna.call("+493023125002")
    ben.answer(ben.sides[-1])
    fall_behind(switch, 0.6)
    late = anna.call("+493023125002")
    assert late.finals[-1] == 503
    assert 5 <= int(late.final.required("retry-after")) <= 30
    anna.bye(side)
    assert side.bye_statuses == [200]
    switch.parts.gate.pressure.note_read("udp", is_caught_up=True, now=switch.wire.now)
    switch.wire.advance(600)
    switch.assert_quiet()


def test_behind_a_call_for_help_is_put_through() -> None:
    switch = VirtualSwitch()
    anna, _ = registered(switch)
    north = switch.carrier("north")
    fall_behind(switch, 10.0)
    side = anna.call("110")
    north.answer(north.sides[-1])
    assert side.finals == [200]


def test_a_scanner_by_name_hears_nothing() -> None:
    switch = VirtualSwitch()
    phone = ScriptedPhone(switch.wire, "scanner", STRANGER, switch=SWITCH)
    phone.ask("OPTIONS", "sip:100@example.org", fields=(("user-agent", "friendly-scanner"),))
    assert phone.replies == []
    switch.wire.advance(40)
    assert phone.replies == []
    assert switch.parts.gate.counters.scanners > 0


def test_a_call_is_ended_from_an_address_of_nobody_while_a_made_up_one_is_put_off() -> None:
    switch = VirtualSwitch()
    anna, ben = registered(switch)
    side = anna.call("+493023125002")
    ben.answer(ben.sides[-1])
    fall_behind(switch, 1.0)
    elsewhere: Address = ("192.0.2.77", 5060)
    bye = Request("BYE", "sip:example.org")
    for key, value in (
        ("via", "SIP/2.0/UDP 192.0.2.77:5060;branch=z9hG4bKmoved"),
        ("from", side.local),
        ("to", side.remote),
        ("call-id", side.call_id),
        ("cseq", "99 BYE"),
    ):
        bye.add(key, value)
    made_up = serialize(bye).replace(b";tag=", b";tag=no").replace(b"moved", b"none")
    switch.receive(made_up, elsewhere)
    switch.receive(serialize(bye), elsewhere)
    statuses = [
        parse_message(data).status  # type: ignore[union-attr]  # answers, since we only asked
        for target, data in switch.take_packets()
        if target == elsewhere
    ]
    assert statuses == [503, 200]
