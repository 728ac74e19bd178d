"""Subscriptions from their SUBSCRIBE to their last NOTIFY, on virtual time."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from sipcore.errors import LocalError, RemoteError
from sipcore.limits import CSEQ_MAX
from sipcore.message import Request, Response
from sipcore.message.event import Event
from sipcore.presence.notifier import OWNER, Notifier
from sipcore.presence.notifier_table import Life, LifeInput
from sipcore.presence.packages import PACKAGES
from sipcore.presence.record import CSEQ_GAP, from_record, record_key, to_record
from sipcore.presence.subscription import Content, Subscription, Terms
from sipcore.transaction.commands import SendRequest
from sipcore.transaction.events import ResponseReceived, TransactionFailed
from sipcore.transport.flow import Flow, Listener, Transport
from tests.support.phones import CountingIdentifiers

NOW = 100.0
AT = datetime(2026, 5, 20, tzinfo=UTC)
UDP = Listener("udp", Transport.UDP, ("192.0.2.1", 5060))
TCP = Listener("tcp", Transport.TCP, ("192.0.2.1", 5060))
PHONE = Flow(UDP, ("192.0.2.9", 5060))
BODY = Content("application/dialog-info+xml", b"<x/>")


def subscribe(*, cseq: int = 1, to_tag: str = "", contact: str = "<sip:p@192.0.2.9>") -> Request:
    request = Request("SUBSCRIBE", "sip:bob@x")
    request.add("via", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1")
    request.add("from", "<sip:alice@x>;tag=a")
    request.add("to", f"<sip:bob@x>{';tag=' + to_tag if to_tag else ''}")
    request.add("call-id", "c1")
    request.add("cseq", f"{cseq} SUBSCRIBE")
    request.add("record-route", "<sip:192.0.2.7;lr>")
    if contact:
        request.add("contact", contact)
    return request


class Desk:
    """A notifier, and what it has sent."""

    def __init__(self) -> None:
        self.notifier = Notifier(CountingIdentifiers("n"))
        self.now = NOW
        self.sent: list[SendRequest] = []

    def open(
        self, given: LifeInput = LifeInput.ACCEPTED, *, expires_s: int = 600,
        topics: tuple[str, ...] = ("2",), is_list: bool = False,
    ) -> Subscription:  # fmt: skip
        terms = Terms(
            PACKAGES["dialog"], Event("dialog", "7"), watcher="1", resource="2", topics=topics,
            is_list=is_list,
        )  # fmt: skip
        opened = self.notifier.open(
            subscribe(), PHONE, terms, given=given, expires_s=expires_s, now=self.now
        )
        self.tell()
        return opened

    def refresh(self, one: Subscription, *, cseq: int = 2, expires_s: int = 600) -> bool:
        request = subscribe(cseq=cseq, to_tag=one.dialog.local_tag, contact="<sip:q@192.0.2.9>")
        taken = self.notifier.refresh(one, request, PHONE, expires_s=expires_s, now=self.now)
        self.tell()
        return taken

    def change(self) -> None:
        self.notifier.changed("dialog", "2", now=self.now)
        self.tell()

    def answer(self, status: int = 200, **fields: str) -> None:
        sent = self.sent[-1]
        response = Response(status, "", [(key.replace("_", "-"), fields[key]) for key in fields])
        event = ResponseReceived(("t",), sent.owner, sent.request, response, sent.flow)
        self.notifier.outcome(event, now=self.now)
        self.tell()

    def pass_time(self, seconds: float) -> None:
        until = self.now + seconds
        while (due := self.notifier.next_deadline()) is not None and due <= until:
            self.now = due
            self.notifier.handle_deadlines(now=due)
            self.tell()
        self.now = until

    def tell(self) -> None:
        for one in self.notifier.due(1_000):
            content = BODY if one.shows_state else None
            self.sent += self.notifier.notify(one, content, now=self.now)

    def states(self) -> list[str]:
        return [one.request.required("subscription-state") for one in self.sent]


def test_a_subscription_hears_at_once_and_again() -> None:
    desk = Desk()
    one = desk.open()
    (sent,) = desk.sent
    assert sent.owner[0] == OWNER
    assert sent.flow is PHONE
    notify = sent.request
    assert notify.method == "NOTIFY"
    assert notify.uri_text == "sip:p@192.0.2.9"
    assert notify.value("event") == "dialog;id=7"
    assert notify.value("subscription-state") == "active;expires=600"
    assert notify.value("content-type") == BODY.content_type
    assert notify.value("route") == "<sip:192.0.2.7;lr>"
    assert notify.value("max-forwards") == "70"
    assert notify.value("contact") == f"<sip:{one.dialog.local_tag}@192.0.2.1:5060>"
    assert (notify.from_.tag, notify.to.tag) == (one.dialog.local_tag, "a")
    assert notify.body == BODY.body
    assert notify.cseq.number == one.version == 1
    desk.answer()
    desk.pass_time(1)
    desk.change()
    assert [one.request.cseq.number for one in desk.sent] == [1, 2]
    assert desk.states()[-1] == "active;expires=599"


def test_the_next_one_waits_for_the_answer_and_tells_the_newest_only() -> None:
    desk = Desk()
    desk.open()
    for _ in range(3):
        desk.change()
    assert len(desk.sent) == 1
    desk.answer()
    assert len(desk.sent) == 1
    desk.change()
    desk.pass_time(0.99)
    assert len(desk.sent) == 1
    desk.pass_time(0.01)
    assert len(desk.sent) == 2
    desk.answer()
    desk.pass_time(5)
    assert len(desk.sent) == 2


def test_a_refresh_is_answered_at_once_whatever_the_rate() -> None:
    desk = Desk()
    one = desk.open()
    desk.answer()
    assert desk.refresh(one, expires_s=300)
    assert len(desk.sent) == 2
    assert desk.states()[-1] == "active;expires=300"
    assert desk.sent[-1].request.uri_text == "sip:q@192.0.2.9"
    # One that meets an unanswered NOTIFY follows its answer.
    desk.change()
    assert desk.refresh(one, cseq=3)
    assert len(desk.sent) == 2
    desk.answer()
    assert len(desk.sent) == 3


def test_a_refresh_out_of_order_is_not_taken() -> None:
    desk = Desk()
    one = desk.open()
    desk.answer()
    assert not desk.refresh(one, cseq=1, expires_s=0)
    assert one.life is Life.ACTIVE


@pytest.mark.parametrize("how", ["unsubscribe", "expire"])
def test_an_end_tells_the_state_and_is_forgotten(how: str) -> None:
    desk = Desk()
    one = desk.open()
    desk.answer()
    if how == "unsubscribe":
        desk.refresh(one, expires_s=0)
    else:
        desk.pass_time(600)
    assert desk.states()[-1] == "terminated;reason=timeout"
    assert desk.sent[-1].request.body == BODY.body
    desk.change()
    assert len(desk.sent) == 2
    assert len(desk.notifier) == 1
    desk.answer()
    assert_forgotten(desk)


def test_a_fetch_is_one_notify() -> None:
    desk = Desk()
    desk.open(LifeInput.FETCHED, expires_s=0)
    assert desk.states() == ["terminated;reason=timeout"]
    assert desk.sent[0].request.body == BODY.body
    desk.answer()
    assert_forgotten(desk)
    assert desk.notifier.next_deadline() is None


def test_who_is_not_decided_about_hears_no_state_until_then() -> None:
    desk = Desk()
    one = desk.open(LifeInput.UNDECIDED)
    assert desk.states() == ["pending;expires=600"]
    assert desk.sent[0].request.body == b""
    desk.answer()
    desk.change()
    assert len(desk.sent) == 1
    desk.notifier.decide(one, LifeInput.APPROVED, now=desk.now)
    desk.tell()
    assert desk.states()[-1].startswith("active")
    desk.answer()
    desk.notifier.decide(one, LifeInput.APPROVED, now=desk.now)
    desk.tell()
    assert len(desk.sent) == 2


@pytest.mark.parametrize(
    ("given", "reason"), [(LifeInput.REJECTED, "rejected"), (LifeInput.GONE, "noresource")]
)
def test_a_decision_ends_it_without_a_word_on_the_state(given: LifeInput, reason: str) -> None:
    desk = Desk()
    one = desk.open()
    desk.notifier.decide(one, given, now=desk.now)
    desk.tell()
    assert len(desk.sent) == 1
    desk.answer()
    assert desk.states()[-1] == f"terminated;reason={reason}"
    assert desk.sent[-1].request.body == b""
    desk.answer()
    assert_forgotten(desk)


@pytest.mark.parametrize("status", [481, 404, 500, 302, 401])
def test_a_refused_notify_ends_it(status: int) -> None:
    desk = Desk()
    desk.open()
    fields = {"retry_after": "5"} if status == 481 else {}
    desk.answer(status, **fields)
    assert_forgotten(desk)
    assert desk.notifier.failed == 1


def test_no_answer_ends_it() -> None:
    desk = Desk()
    desk.open()
    sent = desk.sent[-1]
    failed = TransactionFailed(("t",), sent.owner, sent.request, is_transport_failure=False)
    desk.notifier.outcome(failed, now=desk.now)
    assert_forgotten(desk)
    # A second word on it, or on one that never was, is nobody's.
    desk.notifier.outcome(failed, now=desk.now)


def test_retry_after_is_kept_to() -> None:
    desk = Desk()
    one = desk.open()
    desk.answer(180)
    desk.answer(503, retry_after="20")
    desk.pass_time(19)
    assert len(desk.sent) == 1
    assert one.wants_full
    desk.pass_time(1)
    assert len(desk.sent) == 2
    desk.answer(503, retry_after="99999")
    desk.pass_time(301)
    assert len(desk.sent) == 3


def test_retry_after_is_no_way_around_the_rate_of_a_package() -> None:
    desk = Desk()
    desk.open()
    desk.answer(503, retry_after="0")
    desk.pass_time(0.9)
    assert len(desk.sent) == 1
    desk.pass_time(0.1)
    assert len(desk.sent) == 2


def test_an_end_is_not_put_off_for_ever() -> None:
    desk = Desk()
    desk.open(expires_s=60)
    desk.answer()
    desk.pass_time(60)
    assert desk.states()[-1] == "terminated;reason=timeout"
    desk.answer(503, retry_after="1")
    assert len(desk.notifier) == 0
    assert desk.notifier.next_deadline() is None


def test_nobody_subscribes_without_a_contact() -> None:
    desk = Desk()
    with pytest.raises(RemoteError):
        desk.notifier.open(
            subscribe(contact=""), PHONE,
            Terms(PACKAGES["dialog"], Event("dialog"), watcher="1", resource="2", topics=("2",)),
            given=LifeInput.ACCEPTED, expires_s=60, now=NOW,
        )  # fmt: skip
    assert len(desk.notifier) == 0


def test_a_list_hears_of_each_of_its_members() -> None:
    desk = Desk()
    one = desk.open(topics=("2", "3"), is_list=True)
    assert desk.sent[0].request.value("require") == "eventlist"
    assert desk.notifier.is_watched("dialog", "3")
    desk.answer()
    desk.notifier.changed("dialog", "3", now=desk.now)
    assert one.changed == {"3"}
    assert one.wants_full is False
    desk.notifier.retopic(one, ("3", "4"), now=desk.now)
    assert not desk.notifier.is_watched("dialog", "2")
    assert bool(one.wants_full)
    desk.pass_time(1)
    assert len(desk.sent) == 2
    desk.notifier.tell_rest(one, ("4",), now=desk.now)
    desk.answer()
    desk.pass_time(1)
    assert len(desk.sent) == 3


def test_a_used_up_cseq_ends_it() -> None:
    desk = Desk()
    one = desk.open()
    desk.answer()
    one.dialog.local_sequence = CSEQ_MAX
    desk.pass_time(2)
    desk.change()
    assert_forgotten(desk)


def test_what_is_to_be_written_down() -> None:
    desk = Desk()
    one = desk.open()
    assert desk.notifier.take_unsaved() == [one]
    desk.answer()
    desk.pass_time(2)
    desk.change()
    assert desk.notifier.take_unsaved() == []
    desk.refresh(one)
    assert desk.notifier.take_unsaved() == [one]
    desk.answer()
    desk.answer(481)
    assert [one.life for one in desk.notifier.take_unsaved()] == [Life.TERMINATED]


def test_a_subscription_survives_with_its_dialog_and_a_higher_version() -> None:
    desk = Desk()
    one = desk.open()
    one.dialog.remote = "<sip:m\udcfcller@x>"
    record = to_record(one, now=desk.now, at=AT)
    assert record_key(one) == f"{one.dialog.local_tag} c1"

    later = Desk()
    restored = from_record(record, {"udp": UDP}, now=5.0, at=AT + timedelta(seconds=100))
    assert restored is not None
    assert restored.expires_at == 505.0
    later.now = 5.0
    later.notifier.restore(*restored[:3], life=restored.life, expires_at=505.0, now=5.0, pause_s=4)
    assert later.sent == []
    later.pass_time(2)
    (sent,) = later.sent
    assert sent.request.cseq.number == 1 + CSEQ_GAP + 1
    assert sent.request.value("subscription-state") == "active;expires=498"
    assert sent.request.value("from") == desk.sent[0].request.value("from")
    assert sent.request.value("to") == "<sip:m\udcfcller@x>;tag=a"
    (again,) = later.notifier.take_unsaved()
    assert again.version > CSEQ_GAP
    later.pass_time(503)
    assert later.states()[-1].startswith("active")
    later.answer()
    assert later.states()[-1] == "terminated;reason=timeout"


def test_a_record_that_is_of_no_use() -> None:
    desk = Desk()
    one = desk.open(LifeInput.UNDECIDED)
    record = to_record(one, now=desk.now, at=AT)
    listeners = {"udp": UDP}
    found = from_record(record, listeners, now=0.0, at=AT)
    assert found is not None
    assert found.life is Life.PENDING
    assert from_record(record, {}, now=0.0, at=AT) is None
    assert from_record(record, listeners, now=0.0, at=AT + timedelta(seconds=600)) is None
    # A wall clock that was set back makes nothing longer.
    found = from_record(record, listeners, now=0.0, at=AT - timedelta(days=1))
    assert found is not None
    assert found.expires_at == 600.0
    values = msgspec.msgpack.decode(record)
    for broken in (b"x", msgspec.msgpack.encode([99, *values[1:]])):
        with pytest.raises(LocalError):
            from_record(broken, listeners, now=0.0, at=AT)


def test_over_a_connection_only_who_listens_is_reached_again() -> None:
    desk = Desk()
    one = desk.open()
    one.flow = Flow(TCP, ("192.0.2.9", 40_000), 3)
    found = from_record(to_record(one, now=NOW, at=AT), {"tcp": TCP}, now=0.0, at=AT)
    assert found is not None
    assert found.flow == Flow(TCP, ("192.0.2.9", 5060))
    one.flow = Flow(TCP, ("198.51.100.9", 40_000), 3)
    assert from_record(to_record(one, now=NOW, at=AT), {"tcp": TCP}, now=0.0, at=AT) is None
    one.dialog.remote_target = "nonsense"
    assert from_record(to_record(one, now=NOW, at=AT), {"tcp": TCP}, now=0.0, at=AT) is None


def test_every_package_says_where_its_numbers_stand() -> None:
    for package in PACKAGES.values():
        assert dataclasses.is_dataclass(package)
        assert package.source.startswith("RFC ")
        assert package.pause_s >= 1.0


def assert_forgotten(desk: Desk) -> None:
    notifier = desk.notifier
    assert list(notifier) == []
    assert notifier.count_of("1") == 0
    assert notifier.count_in("dialog") == 0
    assert not notifier.is_watched("dialog", "2")
    assert notifier.next_deadline() is None
    assert notifier.due(1_000) == []
