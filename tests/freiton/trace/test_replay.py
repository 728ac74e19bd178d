"""A recorded call, fed again into a fresh transaction layer and call, says the same bytes (D15)."""

from __future__ import annotations

import pytest

from freiton.trace.recording import Kind
from freiton.trace.replay import NotReplayable, replay
from freiton.trace.trace_file import Trace
from tests.freiton.trace.played_calls import STORIES, played, trace


@pytest.mark.parametrize("seed", range(112))
def test_recorded_call_says_the_same_bytes_again(seed: int) -> None:
    name, switch = played(seed)
    calls = [one for one in switch.recorder if one.is_call]
    assert calls, name
    for recording in calls:
        again = trace(switch, recording)
        assert again.not_replayable == ""
        replayed = replay(again)
        difference = replayed.difference
        assert difference is None, (name, difference.doing, difference.why, difference.lines())
        assert replayed.same == _sent(again)


def test_every_story_is_played() -> None:
    assert len(STORIES) <= 112


def _sent(again: Trace) -> int:
    return sum(entry[0] == Kind.SENT for entry in again.entries)


def test_replay_names_the_first_message_that_differs() -> None:
    _, switch = played(0)
    again = trace(switch, next(one for one in switch.recorder if one.is_call))
    place = next(i for i, entry in enumerate(again.entries) if entry[0] == Kind.SENT)
    again.entries[place][2] = again.entries[place][2].replace(b"INVITE", b"INVITE!")
    difference = replay(again).difference
    assert difference is not None
    assert any(line.startswith("-") and "INVITE!" in line for line in difference.lines())
    assert any(line.startswith("+INVITE sip:") for line in difference.lines())


def test_replay_notices_a_draw_that_was_not_made() -> None:
    _, switch = played(0)
    again = trace(switch, next(one for one in switch.recorder if one.is_call))
    draws = [i for i, entry in enumerate(again.entries) if entry[0] == Kind.DRAWN]
    del again.entries[draws[-1]]
    difference = replay(again).difference
    assert difference is not None
    assert "nothing had been drawn" in difference.why


def test_attempt_without_a_call_has_nothing_to_replay() -> None:
    _, switch = played(0)
    switch.phone("anna").call("0999")
    attempt = next(one for one in switch.recorder if not one.is_call)
    with pytest.raises(NotReplayable, match="never became a call"):
        replay(trace(switch, attempt))
