"""Watchers, lamps and mailboxes, as an operator types them."""

from __future__ import annotations

import pytest

from tests.freiton.cli.conftest import Freiton, RunningSwitch


@pytest.fixture
def office(freiton: Freiton) -> Freiton:
    for name in ("alice", "bob", "carol"):
        freiton("account", "add", name)
    return freiton


def test_what_is_said_about_watchers_is_listed(office: Freiton) -> None:
    assert office("watcher", "list").out == "Colleagues may watch each other.\n"
    office("watcher", "rule", "alice", "--by", "allowed", "--remote")
    office("watcher", "allow", "alice", "bob")
    office("watcher", "deny", "alice", "carol")
    alice, bob, carol = (f"{name}@freiton.internal" for name in ("alice", "bob", "carol"))
    assert office("watcher", "list", "--json").json == [
        {"account": alice, "watcher": "all", "verdict": "asked for each"},
        {"account": alice, "watcher": "all", "verdict": "see with whom"},
        {"account": alice, "watcher": bob, "verdict": "allowed"},
        {"account": alice, "watcher": carol, "verdict": "denied"},
    ]
    office("watcher", "forget", "alice", "carol")
    assert carol not in office("watcher", "list").out
    assert "itself" in office("watcher", "allow", "alice", "alice", status=1).err


def test_lists_of_lamps(office: Freiton) -> None:
    made = office("lamps", "set", "alice", "team", "bob", "carol")
    assert made.out == "alice watches 2 lamps at sip:team@freiton.internal.\n"
    assert office("lamps", "list", "--json").json == [
        {
            "account": "alice@freiton.internal",
            "name": "team",
            "members": ["bob@freiton.internal", "carol@freiton.internal"],
        }
    ]
    assert "bob@freiton.internal, carol@freiton.internal" in office("lamps", "list").out
    office("lamps", "remove", "alice", "team")
    assert office("lamps", "list").out == "There is no list yet.\n"


def test_a_mailbox_is_the_running_switchs(office: Freiton) -> None:
    assert "running" in office("mailbox", "set", "alice", "2", status=1).err


def test_a_mailbox_is_set(switch: RunningSwitch, office: Freiton) -> None:
    told = office("mailbox", "set", "alice", "2", "8", "--new-urgent", "1")
    assert told.out == "2 new messages for alice.\n"
    assert switch.asked[-1] == (
        "set-mailbox",
        {"account_id": 1, "new": 2, "old": 8, "new_urgent": 1, "old_urgent": 0},
    )
