"""SIPVicious looks for phones, names and passwords, and finds none; nobody else suffers from it.

As shipped, the switch does not answer it at all. It is also made to answer here, as it would a tool
that hides its name: then every name must look alike, and guessing passwords must end.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.interop.switchboard import BOB, PASSWORD, found
from tests.interop.wire import UdpAgent
from tests.support.free_port import free_sip_ports
from tests.support.switch_process import HOST, SwitchProcess

pytestmark = pytest.mark.skipif(
    shutil.which("svwar") is None, reason="SIPVicious is not installed (apt-get install sipvicious)"
)

NAMES = ("alice", "bob", "alice-desk", "bob-desk", "+493023125001", "03023125002")
"""Accounts, devices and numbers that there are."""
STRANGERS = tuple(f"nobody{number}" for number in range(20))
FAILURES_MAX = 40
# The tools know no other domain than the address that they are let loose on.
SETTINGS = f'domains = ["{HOST}"]\n[shutdown]\ndeadline_s = 1\n'
OPEN_SETTINGS = f"""{SETTINGS}
[defence]
answers_scanners = true
stranger_failures_max = {FAILURES_MAX}
"""
RUN_S = 60
BRIEF = ("--maximumtime", "2")
NOTHING = "found nothing"
ELSEWHERE = "127.0.0.3"


@contextmanager
def running(folder: Path, settings: str) -> Iterator[SwitchProcess]:
    with found(folder, settings=settings) as switch:
        switch.start()
        yield switch
        switch.stop()
        assert [one for one in switch.log_lines() if one["level"] == "error"] == []


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[SwitchProcess]:
    with running(tmp_path, SETTINGS) as switch:
        yield switch


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[SwitchProcess]:
    with running(tmp_path, OPEN_SETTINGS) as switch:
        yield switch


@contextmanager
def phones(switch: SwitchProcess, *, bobs_host: str = HOST) -> Iterator[tuple[UdpAgent, UdpAgent]]:
    """Two phones, behind the address that the attacker comes from."""
    with phone(switch, "alice") as alice, phone(switch, "bob", bobs_host) as bob:
        alice.register()
        bob.register()
        yield alice, bob


def phone(switch: SwitchProcess, user: str, host: str = HOST) -> UdpAgent:
    known = {"user": user, "device": f"{user}-desk", "password": PASSWORD, "domain": HOST}
    return UdpAgent((HOST, switch.sip_port), host=host, **known)


def run(tool: str, switch: SwitchProcess, *arguments: str) -> str:
    """Run one of its tools against the switch and return all that it says."""
    (port,) = free_sip_ports(1)
    own = ("-b", HOST, "-x", HOST, "-P", str(port))
    done = subprocess.run(
        (tool, *arguments, *own, "-p", str(switch.sip_port), HOST),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    assert "Traceback" not in done.stdout, done.stdout
    return done.stdout


def names_found(switch: SwitchProcess, words: str, *methods: str) -> list[str]:
    """Try every name by each of the methods."""
    return [
        run("svwar", switch, "--force", "-d", words, "-m", method, *BRIEF) for method in methods
    ]


def crack(switch: SwitchProcess, user: str, words: str) -> str:
    return run("svcrack", switch, "-u", user, "-d", words, *BRIEF)


def dictionary(folder: Path, *words: str) -> str:
    path = folder / f"words-{len(words)}.txt"
    path.write_text("".join(f"{word}\n" for word in words))
    return str(path)


def test_it_is_not_answered(silent: SwitchProcess, tmp_path: Path) -> None:
    words = dictionary(tmp_path, *NAMES)
    with phones(silent) as (alice, bob):
        assert NOTHING in run("svmap", silent)
        for found in names_found(silent, words, "REGISTER"):
            assert "no server response" in found or "timed out" in found
            assert NOTHING in found
        assert NOTHING in crack(silent, "alice-desk", dictionary(tmp_path, PASSWORD))
        call(alice, bob)
    assert silent.metric("freiton_sip_dropped_total", cause="scanner") >= 3
    assert silent.metric("freiton_blocked_sources") == 0


def test_answered_it_learns_no_name(answering: SwitchProcess, tmp_path: Path) -> None:
    words = dictionary(tmp_path, *STRANGERS[:10], *NAMES, *STRANGERS[10:])
    with phones(answering) as (alice, bob):
        assert f"{HOST}:{answering.sip_port}" in run("svmap", answering)
        for found in names_found(answering, words, "REGISTER", "OPTIONS", "INVITE"):
            assert NOTHING in found, found
        bob.hear_nothing(0.1)
        call(alice, bob)


def test_guessing_ends_and_phones_of_the_same_address_go_on(
    answering: SwitchProcess, tmp_path: Path
) -> None:
    guesses = [f"guess-{number}" for number in range(FAILURES_MAX + 20)]
    with phones(answering, bobs_host=ELSEWHERE) as (alice, bob):
        # It could: a password among its first words is found.
        few = dictionary(tmp_path, *guesses[:3], PASSWORD)
        assert PASSWORD in crack(answering, "alice-desk", few)
        many = dictionary(tmp_path, *guesses, PASSWORD)
        assert NOTHING in crack(answering, "bob-desk", many)
        assert answering.metric("freiton_blocked_sources") == 1
        call(alice, bob)
        with phone(answering, "alice") as restarted:
            restarted.register()
            call(restarted, bob)


def call(alice: UdpAgent, bob: UdpAgent) -> None:
    answering = threading.Thread(target=pick_up, args=(bob,))
    answering.start()
    alice.call(BOB).hang_up()
    answering.join(5)


def pick_up(phone: UdpAgent) -> None:
    phone.answer(phone.wait_for_request("INVITE"))
    phone.respond(phone.wait_for_request("BYE"), 200)
