"""The wires: TCP, IPv6, advertised addresses, NAT, and peers that do not play fair."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop.switchboard import ALICE, BOB, DOMAIN, PASSWORD, found
from tests.interop.wire import Address, Agent, Message, TcpAgent, UdpAgent
from tests.support.free_port import free_sip_ports, free_tcp_port
from tests.support.switch_process import HOST, SwitchProcess

V6 = "::1"
PUBLIC = "198.51.100.7"
KEEP_ALIVE_S = 5
PARTIAL_MESSAGE_S = 10.0


def settings(*listeners: tuple[str, str, str, str], more: str = "") -> str:
    """Write settings with listeners: name, transport, listen, advertise."""
    tables = (
        f'[[listeners]]\nname = "{name}"\ntransport = "{transport}"\nlisten = "{listen}"\n'
        + (f'advertise = "{advertise}"\n' if advertise else "")
        for name, transport, listen, advertise in listeners
    )
    return "\n".join(
        (
            f'domains = ["{DOMAIN}"]',
            *tables,
            f"[registration]\nnat_keepalive_s = {KEEP_ALIVE_S}",
            "[shutdown]\ndeadline_s = 1",
            more,
        )
    )


class Wires:
    """One switch with all its listeners."""

    def __init__(self, folder: Path) -> None:
        self.udp, self.tcp, self.public = ((HOST, port) for port in free_sip_ports(3))
        (v6_port,) = free_sip_ports(1, V6)
        self.v6 = (V6, v6_port)
        self.switch = found(
            folder,
            settings=settings(
                ("udp", "udp", _text(self.udp), ""),
                ("tcp", "tcp", _text(self.tcp), ""),
                ("six", "udp", _text(self.v6), ""),
                ("public", "udp", _text(self.public), f"{PUBLIC}:5060"),
                more="[limits]\ntcp_connections_max = 8",
            ),
            has_own_listeners=True,
        )


def _text(address: Address) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@pytest.fixture(scope="module")
def wires(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wires]:
    wires = Wires(tmp_path_factory.mktemp("wires"))
    with wires.switch as switch:
        switch.start()
        yield wires
        switch.stop()
        assert [one for one in switch.log_lines() if one["level"] == "error"] == []


@pytest.fixture(scope="module", autouse=True)
def slow_sender(wires: Wires) -> Iterator[SlowSender]:
    """A peer that dribbles from the first test on, judged by the last."""
    sender = SlowSender(wires.tcp)
    yield sender
    sender.close()


class SlowSender:
    """Sends a request byte by byte and never comes to its end."""

    def __init__(self, remote: Address) -> None:
        self._socket = socket.create_connection(remote)
        self._socket.sendall(b"OPTIONS sip:freiton.internal SIP/2.0\r\nX-Slow: ")
        self._began = time.monotonic()
        self.lasted_s: float | None = None
        self.thread = threading.Thread(target=self._dribble, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self._socket.close()

    def _dribble(self) -> None:
        self._socket.settimeout(0.25)
        while time.monotonic() < self._began + 2 * PARTIAL_MESSAGE_S:
            try:
                self._socket.sendall(b"x")
                if not self._socket.recv(1):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            return
        self.lasted_s = time.monotonic() - self._began


def agent(kind: type[Agent], remote: Address, user: str, **more: object) -> Agent:
    return kind(
        remote,
        user=user,
        device=f"{user}-desk",
        password=PASSWORD,
        domain=DOMAIN,
        **more,  # type: ignore[arg-type]
    )


Way = Callable[[Wires, str], Agent]


def udp(wires: Wires, user: str) -> Agent:
    return agent(UdpAgent, wires.udp, user)


def tcp(wires: Wires, user: str) -> Agent:
    return agent(TcpAgent, wires.tcp, user)


def v6(wires: Wires, user: str) -> Agent:
    return agent(UdpAgent, wires.v6, user, host=V6)


def talk(caller: Agent, callee: Agent, *, number: str = BOB) -> tuple[Message, Message]:
    """Let one call the other; return the INVITE at the callee and the 200 at the caller."""
    callee.register()
    answered: list[Message] = []

    def pick_up() -> None:
        invite = callee.wait_for_request("INVITE")
        answered.append(invite)
        callee.respond(invite, 180)
        callee.answer(invite)
        callee.respond(callee.wait_for_request("BYE"), 200)

    thread = threading.Thread(target=pick_up)
    thread.start()
    call = caller.call(number)
    call.hang_up()
    thread.join(5)
    (invite,) = answered
    (answer,) = [one for one in caller.received if one.status == 200 and one.method == "INVITE"]
    callee.register(expires=0)
    return invite, answer


def test_two_phones_talk_over_tcp(wires: Wires) -> None:
    with tcp(wires, "alice") as alice, tcp(wires, "bob") as bob:
        invite, answer = talk(alice, bob)
    assert invite["via"].startswith(f"SIP/2.0/TCP {_text(wires.tcp)};")
    for contact in (invite.uri_in("contact"), answer.uri_in("contact")):
        assert _text(wires.tcp) in contact
        assert "transport=tcp" in contact.lower()
    assert invite.body == alice.sdp
    assert answer.body == bob.sdp


def test_two_phones_talk_over_ipv6(wires: Wires) -> None:
    with v6(wires, "alice") as alice, v6(wires, "bob") as bob:
        invite, answer = talk(alice, bob)
    assert invite["via"].startswith(f"SIP/2.0/UDP {_text(wires.v6)};")
    assert _text(wires.v6) in invite.uri_in("contact")
    assert _text(wires.v6) in answer.uri_in("contact")


@pytest.mark.parametrize(
    ("caller", "callee"),
    [(udp, tcp), (tcp, udp), (v6, udp), (tcp, v6)],
    ids=lambda way: way.__name__,
)
def test_transports_meet(wires: Wires, caller: Way, callee: Way) -> None:
    """Each leg is its own conversation: Via and Contact are those of the listener it runs over."""
    ways: dict[Way, tuple[str, Address]] = {
        udp: ("UDP", wires.udp),
        tcp: ("TCP", wires.tcp),
        v6: ("UDP", wires.v6),
    }
    with caller(wires, "alice") as alice, callee(wires, "bob") as bob:
        invite, answer = talk(alice, bob)
    name, address = ways[callee]
    assert invite["via"].startswith(f"SIP/2.0/{name} {_text(address)};")
    assert _text(address) in invite.uri_in("contact")
    _, address = ways[caller]
    assert _text(address) in answer.uri_in("contact")


def test_the_public_address_stands_in_via_and_contact(wires: Wires) -> None:
    with agent(UdpAgent, wires.public, "alice") as alice, udp(wires, "bob") as bob:
        invite, answer = talk(bob, alice, number=ALICE)
        assert invite["via"].startswith(f"SIP/2.0/UDP {PUBLIC}:5060;")
        assert invite.uri_in("contact").endswith(f"{PUBLIC}:5060")
        assert _text(wires.udp) in answer.uri_in("contact")
        for message in alice.received:
            assert _text(wires.public) not in message.text


def test_a_phone_behind_nat_is_reachable_after_idling(wires: Wires) -> None:
    """Its Contact is a private address; what it is sent goes to where its REGISTER came from.

    A phone that nobody translates is left in peace.
    """
    with (
        agent(UdpAgent, wires.udp, "bob", contact=("192.168.178.20", 5060)) as bob,
        udp(wires, "alice") as alice,
    ):
        alice.register()
        answer = bob.register()
        assert f"received={HOST}" in answer["via"]
        assert f"rport={bob.bound[1]}" in answer["via"]
        began = time.monotonic()
        for count in (1, 2):
            options = bob.wait_for_request("OPTIONS", timeout_s=1.5 * KEEP_ALIVE_S)
            after_s = time.monotonic() - began
            assert 0.85 * KEEP_ALIVE_S * count <= after_s <= 1.3 * KEEP_ALIVE_S * count
            assert options.uri.startswith("sip:bob@192.168.178.20:5060")
            bob.respond(options, 200)
        alice.hear_nothing(0.1)
        ring(alice, bob)
        bob.register(expires=0)
        alice.register(expires=0)


def ring(caller: Agent, callee: Agent) -> None:
    """Call, see it ring at the callee, and let the callee refuse."""
    finals: list[Message] = []
    uri = f"sip:{BOB}@{DOMAIN}"
    headers = (("Content-Type", "application/sdp"),)
    thread = threading.Thread(
        target=lambda: finals.append(caller.ask("INVITE", uri, headers=headers, body=caller.sdp)[1])
    )
    thread.start()
    invite = callee.wait_for_request("INVITE")
    callee.respond(invite, 486)
    callee.wait_for_request("ACK")
    thread.join(5)
    assert [one.status for one in finals] == [486]


def test_a_closed_connection_is_no_way_to_a_phone_any_more(wires: Wires) -> None:
    with udp(wires, "alice") as alice:
        with tcp(wires, "bob") as bob:
            bob.register()
        deadline = time.monotonic() + 5
        statuses = [0]
        while statuses[-1] != 480 and time.monotonic() < deadline:
            headers = (("Content-Type", "application/sdp"),)
            uri = f"sip:{BOB}@{DOMAIN}"
            statuses.append(alice.ask("INVITE", uri, headers=headers, body=alice.sdp)[1].status)
        assert statuses[-1] == 480


def test_connections_are_bounded(wires: Wires) -> None:
    """Eight, of which the slow sender may still hold one; the one too many is closed at once."""
    opened = [socket.create_connection(wires.tcp) for _ in range(9)]
    try:
        closed = 0
        for one in opened:
            one.settimeout(0.2)
            try:
                closed += one.recv(1) == b""
            except TimeoutError:
                continue
            except ConnectionResetError:
                closed += 1
        assert 1 <= closed <= 2
    finally:
        for one in opened:
            one.close()


def test_a_second_switch_on_one_port_says_so(wires: Wires, tmp_path: Path) -> None:
    second = SwitchProcess(tmp_path, settings=settings(("udp", "udp", _text(wires.udp), "")))
    result = run_to_its_end(second)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith(f"freiton: udp {_text(wires.udp)}: ")
    assert "in use" in last.lower()


def run_to_its_end(switch: SwitchProcess) -> subprocess.CompletedProcess[str]:
    return switch.try_cli("run", "--no-demo-site", "--http", f"{HOST}:{free_tcp_port()}")


def test_a_second_switch_on_one_state_folder_says_so(wires: Wires) -> None:
    result = wires.switch.try_cli("run", "--sip", f"{HOST}:0", "--http", f"{HOST}:0")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "state" in result.stderr.splitlines()[-1]


def test_a_slow_sender_is_cut_off(slow_sender: SlowSender) -> None:
    slow_sender.thread.join(2 * PARTIAL_MESSAGE_S + 1)
    assert slow_sender.lasted_s is not None
    assert PARTIAL_MESSAGE_S - 0.5 <= slow_sender.lasted_s <= PARTIAL_MESSAGE_S + 3
