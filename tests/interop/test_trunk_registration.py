"""A trunk by registration, seen from the carrier: who it is told, and what it is never told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.switchboard import ALICE, DOMAIN, PASSWORD, found
from tests.interop.wire import (
    Headers,
    Message,
    UdpAgent,
    digest_response,
    read_parameters,
)
from tests.support.switch_process import HOST, SwitchProcess

CARRIER = "carrier.example"
OTHER = "other.example"
TRUNK_USER = "freiton-trunk"
SECRET = "a-secret-of-the-trunk"
GERMANY = "03023125900"
GERMANY_E164 = "+493023125900"
SDP: Headers = (("Content-Type", "application/sdp"),)


class Carrier(UdpAgent):
    """A carrier with its registrar."""

    def __init__(self) -> None:
        super().__init__((HOST, 0), user="gateway", domain=CARRIER)

    def challenge(self, request: Message, *, realm: str, status: int) -> None:
        """Ask for a password."""
        name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
        value = f'Digest realm="{realm}", nonce="nonce-{status}", qop="auth", algorithm=MD5'
        self.respond(request, status, headers=((name, value),))


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The switch and its two carriers; `registers` are what each was sent first."""

    switch: SwitchProcess
    carrier: Carrier
    other: Carrier
    registers: list[Message]

    def phone(self, device: str = "desk") -> UdpAgent:
        return UdpAgent(
            (HOST, self.switch.sip_port),
            user="alice",
            device=f"alice-{device}",
            password=PASSWORD,
            domain=DOMAIN,
        )


def trunks(carrier: Carrier, other: Carrier) -> str:
    return f"""
[[trunks]]
name = "carrier"
host = "{HOST}:{carrier.bound[1]}"
domain = "{CARRIER}"
username = "{TRUNK_USER}"
secret = "{SECRET}"
expires_s = 600

# Its registrar asks for another realm than the one we have a password for.
[[trunks]]
name = "other"
host = "{HOST}:{other.bound[1]}"
domain = "{OTHER}"
username = "{TRUNK_USER}"
secret = "{SECRET}"
priority = 20
"""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder: Path = tmp_path_factory.mktemp("trunks")
    with (
        Carrier() as carrier,
        Carrier() as other,
        found(folder, trunks=trunks(carrier, other)) as switch,
    ):
        carrier.remote = other.remote = (HOST, switch.sip_port)
        switch.start()
        first = carrier.wait_for_request("REGISTER")
        carrier.challenge(first, realm=CARRIER, status=401)
        second = carrier.wait_for_request("REGISTER")
        carrier.respond(second, 200, headers=(("Expires", "600"),))
        yield Scene(switch=switch, carrier=carrier, other=other, registers=[first, second])
        carrier.forget()
        switch.stop()
        assert [one for one in switch.log_lines() if one["level"] == "error"] == []
        assert carrier.wait_for_request("REGISTER")["expires"] == "0"


@pytest.fixture(autouse=True)
def _nothing_left(scene: Scene) -> None:
    """Let each test look at what came in it."""
    scene.carrier.forget()


def assert_credentials(request: Message, header: str, *, nonce: str) -> None:
    """Compute the response once more, as the carrier does."""
    given = read_parameters(request[header])
    assert (given["username"], given["realm"]) == (TRUNK_USER, CARRIER)
    assert given["nonce"] == nonce
    assert given["uri"] == request.uri
    assert given["response"] == digest_response(
        TRUNK_USER,
        SECRET,
        realm=CARRIER,
        nonce=nonce,
        method=request.method,
        uri=request.uri,
        count=given["nc"],
        cnonce=given["cnonce"],
    )


def test_the_switch_registers_as_a_client(scene: Scene) -> None:
    first, second = scene.registers
    assert first.uri == second.uri == f"sip:{CARRIER}"
    assert first.uri_in("to") == first.uri_in("from") == f"sip:{TRUNK_USER}@{CARRIER}"
    assert first["authorization"] == ""
    assert first["expires"] == "600"
    assert f"{HOST}:{scene.switch.sip_port}" in first.uri_in("contact")
    assert_credentials(second, "authorization", nonce="nonce-401")
    assert second["call-id"] == first["call-id"]
    assert int(second["cseq"].split()[0]) == int(first["cseq"].split()[0]) + 1
    assert SECRET not in first.text + second.text


def test_a_registrar_with_another_realm_learns_nothing(scene: Scene) -> None:
    request = scene.other.wait_for_request("REGISTER")
    scene.other.challenge(request, realm=CARRIER, status=401)
    scene.other.hear_nothing(1.0)
    assert "uthorization" not in request.text


def call_out(scene: Scene, phone: UdpAgent, number: str, *, headers: Headers = ()) -> Message:
    """Let a phone call over the carrier, which answers; return the INVITE that it got."""
    with ThreadPoolExecutor() as pool:
        calling = pool.submit(phone.call, number, headers=headers)
        invite = scene.carrier.wait_for_request("INVITE")
        scene.carrier.answer(invite)
        call = calling.result()
        hanging_up = pool.submit(call.hang_up)
        scene.carrier.respond(scene.carrier.wait_for_request("BYE"), 200)
        hanging_up.result()
    return invite


def test_a_challenged_call_is_sent_again_with_the_trunks_credentials(scene: Scene) -> None:
    with scene.phone() as alice, ThreadPoolExecutor() as pool:
        calling = pool.submit(alice.call, GERMANY)
        first = scene.carrier.wait_for_request("INVITE")
        scene.carrier.challenge(first, realm=CARRIER, status=407)
        scene.carrier.wait_for_request("ACK")
        second = scene.carrier.wait_for_request("INVITE")
        scene.carrier.answer(second)
        call = calling.result()
        hanging_up = pool.submit(call.hang_up)
        scene.carrier.respond(scene.carrier.wait_for_request("BYE"), 200)
        hanging_up.result()
    assert first.uri == second.uri == f"sip:{GERMANY_E164}@{CARRIER}"
    assert first["proxy-authorization"] == ""
    assert_credentials(second, "proxy-authorization", nonce="nonce-407")
    assert second["call-id"] == first["call-id"]
    assert second["cseq"] != first["cseq"]
    assert PASSWORD not in second.text
    assert "alice-desk" not in second.text


def test_a_challenge_of_another_realm_gets_no_credentials(scene: Scene) -> None:
    with scene.phone() as alice:
        refused: list[int] = []

        def dial() -> None:
            uri = f"sip:{GERMANY}@{DOMAIN}"
            refused.append(alice.ask("INVITE", uri, headers=SDP, body=alice.sdp)[1].status)

        thread = threading.Thread(target=dial)
        thread.start()
        invite = scene.carrier.wait_for_request("INVITE")
        scene.carrier.challenge(invite, realm="evil.example", status=407)
        scene.carrier.wait_for_request("ACK")
        thread.join(5)
    assert refused == [503]
    scene.carrier.hear_nothing(0.5)
    assert [one.method for one in scene.carrier.received] == ["INVITE", "ACK"]
    for message in scene.carrier.received:
        assert "evil.example" not in message.text
        for name in ("authorization", "proxy-authorization"):
            # Those that this carrier asked for before may come along unasked.
            assert all(read_parameters(one)["realm"] == CARRIER for one in message.all(name))


def test_an_incoming_call_reaches_all_devices(scene: Scene) -> None:
    """The first answer wins; the others are told that it was answered elsewhere."""
    with scene.phone("desk") as desk, scene.phone("mobile") as mobile:
        desk.register()
        mobile.register()
        scene.carrier.request(
            "INVITE",
            f"sip:{ALICE}@{HOST}:{scene.switch.sip_port}",
            from_=f"<sip:+4989123456@{CARRIER}>;tag=carrier",
            headers=SDP,
            body=scene.carrier.sdp,
        )
        invites = [phone.wait_for_request("INVITE") for phone in (desk, mobile)]
        for phone, invite in zip((desk, mobile), invites, strict=True):
            phone.respond(invite, 180)
            assert invite.uri_in("from").startswith("sip:+4989123456@")
        called = mobile.answer(invites[1])
        cancel = desk.wait_for_request("CANCEL")
        assert "cause=200" in cancel["reason"]
        desk.respond(cancel, 200)
        desk.respond(invites[0], 487)
        desk.wait_for_request("ACK")
        answer = scene.carrier.wait_for_final("INVITE")
        assert answer.status == 200
        assert answer.body == mobile.sdp
        invite = Message(f"INVITE x SIP/2.0\r\nCSeq: {answer['cseq']}\r\n\r\n")
        scene.carrier.take_up(invite, answer)
        hanging_up = threading.Thread(target=called.hang_up)
        hanging_up.start()
        scene.carrier.respond(scene.carrier.wait_for_request("BYE"), 200)
        hanging_up.join(5)
        desk.register(expires=0)
        mobile.register(expires=0)
    record = scene.switch.records()[-1]
    assert (record["direction"], record["ending"]) == ("inbound", "answered")
    assert record["amount_euro"] == "0.000000"


def test_a_carrier_may_call_our_contact_and_name_the_number_in_to(scene: Scene) -> None:
    contact = scene.registers[1].uri_in("contact")
    with scene.phone() as desk:
        desk.register()
        scene.carrier.request(
            "INVITE",
            contact,
            from_=f"<sip:+4989123456@{CARRIER}>;tag=by-contact",
            to=f"<sip:{ALICE}@{CARRIER}>",
            headers=SDP,
            body=scene.carrier.sdp,
        )
        desk.respond(desk.wait_for_request("INVITE"), 486)
        assert scene.carrier.wait_for_final("INVITE").status == 486
        desk.register(expires=0)


def test_a_number_that_is_not_ours_is_not_known(scene: Scene) -> None:
    scene.carrier.request(
        "INVITE", f"sip:+493023125999@{HOST}:{scene.switch.sip_port}",
        from_=f"<sip:+4989123456@{CARRIER}>;tag=stray", headers=SDP, body=scene.carrier.sdp,
    )  # fmt: skip
    assert scene.carrier.wait_for_final("INVITE").status == 404


@pytest.mark.parametrize(
    ("dialled", "headers"),
    [
        (f"*31#{GERMANY}", ()),
        (GERMANY, (("Privacy", "id"),)),
        (GERMANY, (("Privacy", "id;critical"), ("P-Preferred-Identity", f"<sip:{ALICE}@x>"))),
    ],
    ids=["by-prefix", "by-header", "with-a-wish"],
)
def test_a_hidden_number_stands_nowhere(scene: Scene, dialled: str, headers: Headers) -> None:
    """Nothing in any message tells the carrier who calls: number, name, address, Call-ID, SDP."""
    with scene.phone() as alice:
        invite = call_out(scene, alice, dialled, headers=headers)
        told = "".join(one.text for one in scene.carrier.received)
        own_call_id = alice.received[-1]["call-id"]
    assert invite.uri == f"sip:{GERMANY_E164}@{CARRIER}"
    assert invite.uri_in("from") == "sip:anonymous@anonymous.invalid"
    assert "id" in invite["privacy"].split(";")
    assert "p-asserted-identity" not in told.lower()
    assert "p-preferred-identity" not in told.lower()
    for secret in (ALICE.removeprefix("+49"), "alice", own_call_id, f":{alice.bound[1]}"):
        assert secret not in told


@pytest.mark.parametrize(
    "headers",
    [
        (("P-Asserted-Identity", "<sip:+4989999999@evil.example>"),),
        (("P-Preferred-Identity", "<sip:+4989999999@evil.example>"),),
        (("Remote-Party-ID", "<sip:+4989999999@evil.example>;party=calling"),),
        (("Diversion", "<sip:+4989999999@evil.example>;reason=unconditional"),),
    ],
    ids=lambda headers: headers[0][0],
)
def test_a_claimed_identity_does_not_pass(scene: Scene, headers: Headers) -> None:
    with scene.phone() as alice:
        invite = call_out(scene, alice, GERMANY, headers=headers)
    assert invite.uri_in("from") == f"sip:{ALICE}@{CARRIER}"
    assert "4989999999" not in invite.text
    assert "evil.example" not in invite.text
