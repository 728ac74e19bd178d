"""An INVITE on its way: forks, CANCEL, timer C, every 2xx (RFC 3261 §16.6 to §16.10)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.limits import DEFAULT_LIMITS
from sipcore.message.derive import cancel as cancel_of
from sipcore.message.message import Response
from sipcore.proxy import Proxy, ProxyCommand, Redirected, Target
from sipcore.transaction.commands import SendRequest, SendResponse
from sipcore.transaction.events import CancelReceived
from tests.sipcore.proxy.builders import (
    FIRST,
    FOURTH,
    SECOND,
    SENDER,
    THIRD,
    answer,
    answers,
    cancelled,
    failure,
    forward,
    message,
    proxy,
    response,
    sent,
    take,
)

TIMER_C = DEFAULT_LIMITS.timer_c_s


@dataclass
class Ringing:
    """An INVITE that was forwarded."""

    core: Proxy = field(default_factory=proxy)
    branches: list[SendRequest] = field(default_factory=list)

    def ring(self, place: int, *, now: float = 0.0) -> list[Response]:
        return answers(take(self.core, response(self.branches[place], 180), now=now))

    def say(self, place: int, status: int, *, now: float = 0.0) -> list[ProxyCommand]:
        return take(self.core, response(self.branches[place], status), now=now)


def ringing(*targets: Target) -> Ringing:
    invite = Ringing()
    invite.branches = sent(forward(invite.core, message(method="INVITE"), targets))
    return invite


def preferring(target: Target, q: int, *, ring_s: float | None = None) -> Target:
    return Target(target.request_uri, target.flow, q=q, ring_s=ring_s)


def test_every_provisional_but_100_is_passed_on() -> None:
    invite = ringing(FIRST, SECOND)
    assert invite.say(0, 100) == []
    assert [one.to.tag for one in invite.ring(0)] == ["t180"]
    assert [one.status for one in answers(invite.say(1, 183))] == [183]


def test_a_2xx_is_passed_on_at_once_and_the_others_are_cancelled() -> None:
    invite = ringing(FIRST, SECOND, THIRD)
    invite.ring(1)
    commands = invite.say(0, 200)
    assert [one.status for one in answers(commands)] == [200]
    assert [one.owner for one in cancelled(commands)] == [
        invite.branches[1].owner,
        invite.branches[2].owner,
    ]
    assert dict(cancelled(commands)[0].fields)["reason"].startswith("SIP;cause=200")
    assert invite.ring(1) == [], "nothing provisional follows a final response"


def test_every_2xx_passes_also_repeats_and_those_of_other_branches() -> None:
    invite = ringing(FIRST, SECOND)
    invite.say(0, 200)
    for place in (0, 1, 1):
        commands = invite.say(place, 200)
        assert [one.status for one in answers(commands)] == [200]
        assert cancelled(commands) == []
    assert invite.core.context_count == 1
    due = invite.core.next_deadline()
    assert due == 32.0
    assert invite.core.handle_deadlines(now=due) == []
    assert invite.core.context_count == 0
    assert invite.core.next_deadline() is None


def test_a_6xx_cancels_and_is_passed_on_when_all_have_ended() -> None:
    invite = ringing(FIRST, SECOND, preferring(THIRD, 500))
    invite.branches.sort(key=lambda one: one.owner)
    commands = invite.say(0, 603)
    assert answers(commands) == []
    assert [one.owner for one in cancelled(commands)] == [invite.branches[1].owner]
    assert answer(invite.say(1, 487)).status == 603, "and nobody else is tried"


def test_a_2xx_may_still_overtake_a_6xx() -> None:
    invite = ringing(FIRST, SECOND)
    invite.say(0, 603)
    assert [one.status for one in answers(invite.say(1, 200))] == [200]


def test_targets_ring_by_falling_q_equal_ones_at_once() -> None:
    invite = ringing(preferring(THIRD, 300), preferring(SECOND, 700), preferring(FIRST, 700))
    assert [one.request.uri_text for one in invite.branches] == [
        SECOND.request_uri,
        FIRST.request_uri,
    ]
    assert invite.say(0, 486) == []
    (third,) = sent(invite.say(1, 404))
    assert third.request.uri_text == THIRD.request_uri
    assert [one.status for one in answers(take(invite.core, response(third, 200)))] == [200]


def test_a_cancel_reaches_all_that_ring_and_nobody_new() -> None:
    invite = ringing(FIRST, SECOND, preferring(THIRD, 500))
    invite.ring(0)
    request = cancel_of(message(method="INVITE"), fields=[("reason", "SIP;cause=600")])
    commands = invite.core.cancel(CancelReceived(("transaction",), request), now=1.0)
    assert commands is not None
    assert [one.owner for one in cancelled(commands)] == [one.owner for one in invite.branches]
    assert cancelled(commands)[0].fields == (("reason", "SIP;cause=600"),)
    assert invite.say(0, 487) == []
    assert answer(invite.say(1, 487)).status == 487
    assert invite.core.context_count == 0


def test_a_cancel_of_something_else_is_not_ours() -> None:
    invite = ringing(FIRST)
    request = cancel_of(message(method="INVITE"))
    assert invite.core.cancel(CancelReceived(("other",), request), now=0.0) is None
    invite.say(0, 404)
    assert invite.core.cancel(CancelReceived(("transaction",), request), now=0.0) is None


def test_a_second_cancel_changes_nothing() -> None:
    invite = ringing(FIRST)
    event = CancelReceived(("transaction",), cancel_of(message(method="INVITE")))
    invite.core.cancel(event, now=0.0)
    assert invite.core.cancel(event, now=0.0) == []


def test_timer_c_is_longer_than_three_minutes_and_starts_anew_with_news() -> None:
    assert TIMER_C > 180
    invite = ringing(FIRST)
    assert invite.core.next_deadline() == TIMER_C
    invite.say(0, 100, now=50.0)
    assert invite.core.next_deadline() == TIMER_C, "a 100 is no news (§16.7 step 2)"
    invite.ring(0, now=100.0)
    assert invite.core.next_deadline() == 100.0 + TIMER_C


def test_timer_c_cancels_what_rings_and_a_408_follows() -> None:
    invite = ringing(FIRST)
    invite.ring(0)
    (one,) = cancelled(invite.core.handle_deadlines(now=TIMER_C))
    assert one.owner == invite.branches[0].owner
    assert answer(invite.say(0, 487, now=TIMER_C)).status == 408
    assert invite.core.context_count == 0


def test_timer_c_without_news_is_a_408_at_once() -> None:
    invite = ringing(FIRST, SECOND)
    invite.ring(1, now=10.0)
    commands = invite.core.handle_deadlines(now=TIMER_C)
    assert [one.owner for one in cancelled(commands)] == [invite.branches[0].owner]
    assert answers(commands) == []
    assert answer(invite.say(1, 486)).status == 486


def test_a_phone_rings_for_its_time_then_the_next_is_tried() -> None:
    invite = ringing(preferring(FIRST, 900, ring_s=20.0), preferring(SECOND, 100))
    invite.ring(0)
    assert invite.core.next_deadline() == 20.0
    assert len(cancelled(invite.core.handle_deadlines(now=20.0))) == 1
    (second,) = sent(invite.say(0, 487, now=20.0))
    assert second.request.uri_text == SECOND.request_uri


def test_a_2xx_that_crosses_our_cancel_still_counts() -> None:
    invite = ringing(FIRST)
    invite.ring(0)
    invite.core.handle_deadlines(now=TIMER_C)
    assert [one.status for one in answers(invite.say(0, 200))] == [200]


def test_parallel_branches_share_the_breadth() -> None:
    """RFC 5393 §5.3.3.1: together they may have no more than what came."""
    invite = ringing(FIRST, SECOND)
    breadths = [int(branch.request.required("max-breadth")) for branch in invite.branches]
    assert breadths == [30, 30]


@pytest.mark.parametrize("is_transport_failure", [True, False])
def test_another_way_to_the_same_place_is_tried(*, is_transport_failure: bool) -> None:
    several = Target(FIRST.request_uri, FIRST.flow, further=(SECOND.flow, THIRD.flow))
    invite = ringing(several)
    event = failure(invite.branches[0], is_transport_failure=is_transport_failure)
    (second,) = sent(take(invite.core, event))
    assert (second.request.uri_text, second.flow) == (FIRST.request_uri, SECOND.flow)
    (third,) = sent(take(invite.core, response(second, 503)))
    assert third.flow is THIRD.flow
    assert third.request.value("max-breadth") == "60"
    status = answer(take(invite.core, failure(third))).status
    assert status == 408, "only what came or failed last speaks; a 503 was made good by a way"


def test_cancelled_means_no_other_way() -> None:
    invite = ringing(Target(FIRST.request_uri, FIRST.flow, further=(SECOND.flow,)))
    invite.core.cancel(
        CancelReceived(("transaction",), cancel_of(message(method="INVITE"))), now=0.0
    )
    assert answer(take(invite.core, failure(invite.branches[0]))).status == 408


def redirected(contacts: str) -> tuple[Proxy, Redirected]:
    core = proxy()
    invite = message(method="INVITE")
    (first,) = sent(forward(core, invite, [FIRST], follows_redirects=True))
    event = response(first, 302, fields=(("contact", contacts),))
    (output,) = core.receive(event, now=0.0)
    assert isinstance(output, Redirected)
    return core, output


def test_a_redirection_is_followed_where_somebody_says_where_it_leads() -> None:
    core, output = redirected("<sip:carl@example.org>, <mailto:ben@example.org>")
    (next_,) = sent(core.follow(output, {"<sip:carl@example.org>": [SECOND]}, now=0.0))
    assert next_.request.uri_text == SECOND.request_uri
    result = answer(take(core, response(next_, 404)))
    assert (result.status, result.values("contact")) == (302, ["<mailto:ben@example.org>"])


def test_a_redirection_that_was_followed_whole_is_nobodys_answer() -> None:
    core, output = redirected("<sip:carl@example.org>")
    (next_,) = sent(core.follow(output, {"<sip:carl@example.org>": [SECOND]}, now=0.0))
    assert answer(take(core, response(next_, 404))).status == 404


def test_a_redirection_to_where_it_came_from_is_passed_on() -> None:
    core, output = redirected("<sip:ben@example.org>")
    result = answer(core.follow(output, {"<sip:ben@example.org>": [FIRST]}, now=0.0))
    assert (result.status, result.values("contact")) == (302, ["<sip:ben@example.org>"])
    assert core.context_count == 0


def test_a_redirection_that_nobody_follows_is_passed_on() -> None:
    core = proxy()
    (first,) = sent(forward(core, message(method="INVITE"), [FIRST]))
    event = response(first, 302, fields=(("contact", "<sip:x@evil.example>"),))
    assert answer(take(core, event)).values("contact") == ["<sip:x@evil.example>"]


def test_a_non_invite_is_never_cancelled() -> None:
    core = proxy()
    first, _ = sent(forward(core, message(), [FIRST, FOURTH]))
    commands = take(core, response(first, 200))
    assert cancelled(commands) == []
    assert core.next_deadline() is None


def test_an_answer_goes_to_the_transaction_of_the_request() -> None:
    invite = ringing(FIRST)
    (command,) = invite.say(0, 486)
    assert isinstance(command, SendResponse)
    assert command.transaction == ("transaction",)
    assert command.response.values("via") == message().values("via")
    assert SENDER.listener.sent_by not in str(command.response.values("via"))


def play(invite: Ringing, steps: list[tuple[int, int]]) -> list[Response]:
    """Let things happen to branches in this order; then let time pass until all is over."""
    sent_out: list[Response] = []

    def note(commands: list[ProxyCommand]) -> None:
        sent_out.extend(answers(commands))
        invite.branches += [one for one in commands if isinstance(one, SendRequest)]

    ends = [(place, 0) for place in range(20)]
    for place, what in [*steps, *ends]:
        branch = invite.branches[place % len(invite.branches)]
        if what == -1:
            note(invite.core.handle_deadlines(now=invite.core.next_deadline() or 0.0))
        elif what == 0:
            note(take(invite.core, failure(branch)))
        else:
            note(take(invite.core, response(branch, what)))
    while (due := invite.core.next_deadline()) is not None:
        note(invite.core.handle_deadlines(now=due))
        for branch in list(invite.branches):
            note(take(invite.core, failure(branch)))
    return sent_out


WHAT = st.sampled_from([-1, 0, 100, 180, 183, 200, 302, 404, 486, 487, 503, 603])


@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 7), WHAT), max_size=40),
)
def test_one_refusal_or_only_acceptances_and_nothing_left_behind(
    preferences: list[int], steps: list[tuple[int, int]]
) -> None:
    places = (FIRST, SECOND, THIRD, FOURTH)
    targets = [
        preferring(place, 100 * q, ring_s=30.0)
        for place, q in zip(places, preferences, strict=False)
    ]
    invite = ringing(*targets)
    said = play(invite, steps)
    finals = [one.status for one in said if not one.is_provisional]
    assert finals, "every INVITE gets its answer"
    assert len(finals) == 1 or all(200 <= status < 300 for status in finals)
    first_final = next(place for place, one in enumerate(said) if not one.is_provisional)
    assert not any(one.is_provisional for one in said[first_final:])
    assert invite.core.context_count == 0
    assert invite.core.next_deadline() is None
