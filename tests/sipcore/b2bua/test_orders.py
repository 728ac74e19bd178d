"""Any order of events, legal or not, ends every call once and leaves nothing behind."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sipcore.b2bua.call import Call
from sipcore.b2bua.call_events import (
    Abandoned,
    Answered,
    Append,
    Appended,
    AppendFailed,
    CallEvent,
    DeadlineReached,
    Ended,
    Hangup,
    Probe,
    Proven,
    Refuse,
    Released,
    SendAck,
    SendRequest,
    SendResponse,
)
from sipcore.message import Request, Response
from sipcore.transaction.events import AckReceived, ResponseReceived, TransactionFailed
from tests.support.phones import Network, Phone, sdp

Action = tuple[str, str, int]
NAMES = ("alice", "bob", "carol")
CALLEE_ACTIONS = ("ring", "progress", "answer", "fork", "refuse", "ignore-cancel")
DIALOG_ACTIONS = (
    "bye", "hold", "late-offer", "update", "refresh", "info", "options", "foo", "old-cseq", "hush",
    "mute", "gone", "hold-answers", "release-held", "cancel-reinvite",
)  # fmt: skip
SWITCH_ACTIONS = (
    "appended", "append-failed", "hangup", "refuse", "probe", "replay", "wake", "no-append",
)  # fmt: skip
WAITS = (0.1, 0.4, 0.6, 2.1, 7.0, 33.0, 70.0)
STATUSES = (180, 302, 401, 404, 422, 480, 486, 487, 491, 500, 503, 600, 603)

actions = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(CALLEE_ACTIONS), st.sampled_from(NAMES[1:]), st.integers(0, 12)),
        st.tuples(st.sampled_from(DIALOG_ACTIONS), st.sampled_from(NAMES), st.integers(0, 12)),
        st.tuples(st.sampled_from(SWITCH_ACTIONS), st.just("switch"), st.integers(0, 60)),
        st.tuples(st.just("wait"), st.just(""), st.integers(0, len(WAITS) - 1)),
        st.tuples(st.just("cancel"), st.just("alice"), st.just(0)),
    ),
    max_size=14,
)


def play(net: Network, action: Action) -> None:
    what, who, number = action
    if what == "wait":
        net.advance(WAITS[number])
    elif who == "switch":
        tell_switch(net, what, number)
    elif what == "cancel":
        net.alice.cancel()
    elif what in CALLEE_ACTIONS:
        answer_call(net.callees[who], what, number)
    else:
        phone = net.alice if who == "alice" else net.callees[who]
        behave(net, phone, what)
        speak(phone, what)


def tell_switch(net: Network, what: str, number: int) -> None:
    switch = net.switch
    if what == "no-append":
        switch.appends = False
        return
    if not switch.calls:
        return
    if what == "replay":
        event = switch.history[number % len(switch.history)]
        if isinstance(event, ResponseReceived | TransactionFailed | AckReceived):
            switch.tell(event)
        return
    events: dict[str, CallEvent] = {
        "appended": Appended(),
        "append-failed": AppendFailed(),
        "hangup": Hangup(),
        "refuse": Refuse(486),
        "probe": Probe(),
        "wake": DeadlineReached(),
    }
    switch.tell(events[what])


def answer_call(phone: Phone, what: str, number: int) -> None:
    if what == "ignore-cancel":
        phone.answers["CANCEL"] = None
    elif what in ("ring", "progress"):
        if phone.may_answer(180):
            phone.ring(183 if what == "progress" else 180, body=phone.sdp if number % 2 else b"")
    elif what == "refuse":
        status = STATUSES[number]
        if phone.may_answer(status):
            phone.refuse(status)
    elif phone.may_answer(200):
        phone.answer(tag=f"fork{number % 3}" if what == "fork" else None)


def behave(net: Network, phone: Phone, what: str) -> None:
    if what == "hush":
        phone.acknowledges = not phone.acknowledges
    elif what == "mute":
        silent = phone.address
        net.loses = None if net.loses else lambda source, _target, _data: source == silent
    elif what == "gone":
        phone.answers = dict.fromkeys(("INVITE", "UPDATE", "INFO", "OPTIONS", "BYE"), 481)
    elif what == "hold-answers":
        phone.answers = dict.fromkeys(("INVITE", "UPDATE", "INFO", "OPTIONS", "BYE"), None)
    elif what == "release-held":
        for event in phone.held:
            if event.transaction not in phone.closed:
                phone.respond(event, 200 if event.request.method != "INVITE" else 488)
        phone.answers = {}
        net.settle()


def speak(phone: Phone, what: str) -> None:
    if not phone.lines or phone.line.is_over:
        return
    phone.version += 1
    said: dict[str, Callable[[], None]] = {
        "bye": lambda: phone.say("BYE"),
        "hold": lambda: phone.say("INVITE", body=sdp(phone.name, phone.version, "sendonly")),
        "late-offer": lambda: phone.say("INVITE"),
        "update": lambda: phone.say("UPDATE", body=sdp(phone.name, phone.version)),
        "refresh": lambda: phone.say("UPDATE"),
        "info": lambda: phone.say("INFO", body=b"5", content_type="application/dtmf"),
        "options": lambda: phone.say("OPTIONS"),
        "foo": lambda: phone.say("FOO", fields=(("require", "bar"),)),
        "cancel-reinvite": phone.cancel_reinvite,
    }
    if what == "old-cseq":
        phone.line.cseq = max(1, phone.line.cseq - 2)
        phone.say("OPTIONS")
    elif what in said:
        said[what]()


def check(net: Network) -> None:
    switch = net.switch
    assert switch.calls == {}
    said = [type(command) for command in switch.commands]
    assert said.count(Ended) == 1
    assert said[-1] is Ended
    assert said.count(Append) == said.count(Answered) <= 1
    assert said.count(Released) == said.count(Answered)
    if Released in said:
        assert said.index(Released) > said.index(Answered) > said.index(Append)
    assert said.count(Abandoned) <= 1
    assert not (Abandoned in said and Answered in said)
    assert said.count(Proven) <= sum(isinstance(event, Probe) for event in switch.history)
    check_one_final(net)
    check_every_invite_ends(net)
    assert switch.layer.client_transactions == 0


def check_one_final(net: Network) -> None:
    invite = net.switch.invites[0]
    finals: list[Response] = [
        command.response
        for command in net.switch.sent
        if isinstance(command, SendResponse)
        and command.transaction == invite.transaction
        and command.response.status >= 200
    ]
    assert finals
    assert all(response is finals[0] for response in finals)
    assert len(finals) == 1 or finals[0].is_success


def check_every_invite_ends(net: Network) -> None:
    """Every 2xx to an INVITE of ours has its ACK, and every dialog that it made its BYE."""
    sent = [c.request for c in net.switch.sent if isinstance(c, SendRequest | SendAck)]
    heard = [bye for phone in (net.alice, *net.callees.values()) for bye in phone.byes]
    for event in net.switch.history:
        if not isinstance(event, ResponseReceived):
            continue
        response = event.response
        if not response.is_success or response.cseq.method != "INVITE":
            continue
        assert any(is_ack_of(request, response) for request in sent), response
        dialog = (response.call_id, response.to.tag)
        ended = any((r.call_id, r.to.tag) == dialog for r in sent if r.method == "BYE")
        ended |= any((r.call_id, r.from_.tag) == dialog for r in heard)
        assert ended, f"{response} was never ended"


def is_ack_of(request: Request, response: Response) -> bool:
    return (
        request.method == "ACK"
        and request.call_id == response.call_id
        and request.to.tag == response.to.tag
        and request.cseq.number == response.cseq.number
    )


def run(script: list[Action], *, has_offer: bool, confirm: bool) -> None:
    net = Network(*NAMES[1:])
    net.switch.confirm = confirm
    net.dial(body=None if has_offer else b"", ring_s=60)
    for action in script:
        play(net, action)
    # The longest a call may last without anybody saying anything more.
    if net.switch.calls:
        net.switch.tell(Hangup("Q.850;cause=16", 480))
    net.advance(64 + 64 + 2)
    check(net)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(actions, st.booleans(), st.booleans())
def test_every_order_ends_in_order(
    script: list[Action],
    has_offer: bool,
    confirm: bool,
) -> None:
    run(script, has_offer=has_offer, confirm=confirm)


CONNECT: list[Action] = [("ring", "bob", 0), ("answer", "bob", 0)]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(actions, st.booleans())
@example([("hold", "alice", 0), ("bye", "bob", 0)], True)
def test_every_order_of_a_conversation_ends_in_order(
    script: list[Action],
    has_offer: bool,
) -> None:
    run(CONNECT + script, has_offer=has_offer, confirm=True)


@settings(max_examples=60, deadline=None)
@given(actions)
def test_after_a_restart_too(script: list[Action]) -> None:
    net = Network()
    net.connect()
    net.switch.restart()
    net.switch.tell(Probe())
    for what, who, number in script:
        play(net, (what, who.replace("carol", "bob"), number))
    if net.switch.calls:
        net.switch.tell(Hangup("", 480))
    net.advance(64 + 64 + 2)
    assert net.switch.calls == {}
    said = [type(command) for command in net.switch.commands]
    assert said.count(Released) == said.count(Ended) == 1
    check_every_invite_ends(net)


@pytest.mark.parametrize("script", [[], CONNECT, [*CONNECT, ("hold", "alice", 0)]])
def test_a_call_makes_no_reference_cycles(script: list[Action]) -> None:
    net = Network(*NAMES[1:])
    net.dial()
    for action in script:
        play(net, action)
    net.switch.tell(Hangup("", 480))
    call_type = Call
    net.advance(200)
    assert net.switch.calls == {}
    net.switch.history.clear()
    net.switch.commands.clear()
    net.switch.sent.clear()
    gc.collect()
    gc.disable()
    try:
        net2 = Network(*NAMES[1:])
        net2.dial()
        for action in script:
            play(net2, action)
        before = sum(isinstance(thing, call_type) for thing in gc.get_objects())
        assert before == 1
        net2.switch.calls.clear()
        after = sum(isinstance(thing, call_type) for thing in gc.get_objects())
        assert after == 0
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        kept = [thing for thing in gc.garbage if type(thing).__module__.startswith("sipcore.b2bua")]
        assert kept == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
