"""Lamps on the composed switch: who may watch, what is told of calls, and what survives."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from freiton.routing.directory import Account, Directory
from freiton.routing.watching import (
    NOTHING_SAID,
    LampList,
    WatchedBy,
    Watching,
    WatchSettings,
)
from sipcore.limits import DEFAULT_LIMITS
from sipcore.presence.message_summary import Mailbox
from tests.freiton.calls.scene import ANNA, BEN, NORTH
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE, Town, account
from tests.support.watching_phone import DI, WatchingPhone

CARL = account(3, "carl")
EVE = account(4, "eve", customer_id=2)
EVENTLIST = (("supported", "eventlist"),)


@dataclass(frozen=True)
class WatchedTown(Town):
    """A town with rules about watching."""

    watching: Watching = field(default=NOTHING_SAID)

    def directory(self) -> Directory:
        plain = super().directory()
        return Directory(
            default_domain=plain.default_domain,
            local_hosts=(),
            customers=plain.customers,
            accounts=plain.accounts,
            devices=plain.devices,
            numbers=plain.numbers,
            trunks=plain.trunks,
            watching=self.watching,
        )


def town(watching: Watching = NOTHING_SAID, *others: Account) -> WatchedTown:
    return WatchedTown((ANNA, BEN, CARL, EVE, *others), (NORTH,), watching=watching)


def open_town(watching: Watching = NOTHING_SAID, *others: Account) -> VirtualSwitch:
    switch = VirtualSwitch(town(watching, *others))
    switch.carrier("north")
    for name in ("anna", "ben", "carl", "eve"):
        switch.phone(name).register()
    return switch


def pause(switch: VirtualSwitch, seconds: float = 1.0) -> None:
    """Let the rate of the dialog package pass."""
    switch.wire.advance(seconds)


def test_a_lamp_follows_a_call_from_ringing_to_its_end() -> None:
    switch = open_town()
    carl = WatchingPhone(switch, "carl")
    assert carl.subscribe("ben") == 200
    opened = carl.replies[-1]
    assert opened.value("expires") == "600"
    assert carl.state == "active;expires=600"
    assert carl.document().get("entity") == "sip:ben@example.org"
    assert carl.lamp() == []

    pause(switch)
    caller = switch.phone("anna").call("ben")
    assert carl.lamp() == ["trying"]
    callee = switch.phone("ben").sides[-1]
    switch.phone("ben").ring(callee)
    pause(switch)
    assert carl.lamp() == ["early"]
    dialog = carl.document().find(f"{DI}dialog")
    assert dialog is not None
    assert dialog.get("direction") == "recipient"
    assert dialog.get("call-id") == callee.call_id
    assert callee.local.endswith(f";tag={dialog.get('local-tag')}")
    assert callee.remote.endswith(f";tag={dialog.get('remote-tag')}")
    assert dialog.find(f"{DI}remote") is None

    switch.phone("ben").answer(callee)
    pause(switch)
    assert carl.lamp() == ["confirmed"]
    dialog = carl.document().find(f"{DI}dialog")
    assert dialog is not None
    assert dialog.get("call-id") is None, "tags of a talk would let a watcher end it"
    switch.phone("anna").bye(caller)
    pause(switch)
    assert carl.lamp() == ["terminated"]
    versions = [one.body.split(b'version="')[2].split(b'"')[0] for one in carl.notified]
    assert versions == [b"0", b"1", b"2", b"3", b"4"]
    assert [one.cseq.number for one in carl.notified] == [1, 2, 3, 4, 5]
    switch.wire.advance(40)
    switch.assert_quiet()


def test_a_caller_is_seen_too_and_a_call_that_nobody_answers_ends() -> None:
    switch = open_town()
    ben = WatchingPhone(switch, "ben")
    ben.subscribe("anna")
    side = switch.phone("anna").call(MOBILE)
    pause(switch)
    assert ben.lamp() == ["trying"]
    dialog = ben.document().find(f"{DI}dialog")
    assert dialog is not None
    assert dialog.get("direction") == "initiator"
    switch.phone("anna").cancel(side)
    switch.wire.settle()
    pause(switch, 40)
    assert ben.lamp() == ["terminated"]
    assert switch.faults == []


def test_who_comes_in_the_middle_of_a_call_sees_it() -> None:
    switch = open_town()
    switch.phone("anna").call("ben")
    switch.phone("ben").answer(switch.phone("ben").sides[-1])
    carl = WatchingPhone(switch, "carl")
    carl.subscribe("ben")
    assert carl.lamp() == ["confirmed"]


def test_while_nobody_watches_no_call_is_followed() -> None:
    switch = open_town()
    carl = WatchingPhone(switch, "carl")
    states = switch.parts.events._dialogs
    assert states.is_followed is False
    carl.subscribe("ben")
    assert bool(states.is_followed)
    carl.refresh(expires=0)
    assert carl.state == "terminated;reason=timeout"
    switch.phone("anna").call("ben")
    assert not states.is_followed
    assert states._seen == {}


@pytest.mark.parametrize(
    ("shows", "seen"), [(False, None), (True, "sip:+493023125001@example.org")]
)
def test_the_number_of_the_other_party_is_shown_only_on_demand(
    shows: bool, seen: str | None
) -> None:
    settings = {2: WatchSettings(shows_remote=shows)}
    switch = open_town(Watching(settings=settings))
    carl = WatchingPhone(switch, "carl")
    carl.subscribe("ben")
    switch.phone("anna").call("ben")
    pause(switch)
    assert carl.document().findtext(f"{DI}dialog/{DI}remote/{DI}identity") == seen


def test_a_hidden_number_and_a_call_for_help_stay_hidden() -> None:
    settings = {one: WatchSettings(shows_remote=True) for one in (1, 2)}
    switch = VirtualSwitch(
        WatchedTown(
            (replace(ANNA, clir=True), BEN, CARL), (NORTH,), watching=Watching(settings=settings)
        )
    )
    for name in ("anna", "ben"):
        switch.phone(name).register()
    carl = WatchingPhone(switch, "carl")
    carl.subscribe("ben")
    switch.phone("anna").call("ben")
    pause(switch)
    assert carl.lamp() == ["trying"]
    assert carl.document().find(f".//{DI}remote") is None
    carl.subscribe("anna")
    switch.phone("anna").call("112")
    pause(switch)
    assert "112" not in carl.notified[-1].body.decode()


# Who may watch.


def test_a_stranger_cannot_tell_who_exists() -> None:
    switch = open_town()
    eve = WatchingPhone(switch, "eve")
    answers = []
    for name in ("anna", "nobody", "sip:anna@elsewhere.example"):
        eve.subscribe(name)
        reply = eve.replies[-1]
        answers.append((reply.status, reply.reason, sorted(key for key, _ in reply.fields)))
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == 404
    assert eve.notified == []


def test_a_colleague_who_was_denied_is_told_so() -> None:
    switch = open_town(Watching(verdicts={(1, 2): False}))
    assert WatchingPhone(switch, "ben").subscribe("anna") == 403
    assert WatchingPhone(switch, "carl").subscribe("anna") == 200


def test_whoever_is_not_registered_or_lies_gets_nothing() -> None:
    switch = open_town()
    ben = WatchingPhone(switch, "ben")
    ben.password = "wrong"
    assert ben.subscribe("anna") == 401
    ben.password = "only-for-tests"
    ben.shown_as = "carl"
    assert ben.subscribe("anna") == 403
    carrier = switch.carrier("north")
    carrier.ask("SUBSCRIBE", "sip:anna@example.org", fields=(("event", "dialog"),))
    assert carrier.statuses["SUBSCRIBE"] == [403]


def test_who_waits_for_a_decision_hears_of_it() -> None:
    waiting = {1: WatchSettings(watched_by=WatchedBy.ALLOWED)}
    switch = open_town(Watching(settings=waiting))
    ben = WatchingPhone(switch, "ben")
    assert ben.subscribe("anna", expires=0) == 403
    assert ben.subscribe("anna") == 200
    assert ben.state == "pending;expires=600"
    assert ben.notified[-1].body == b""
    switch.phone("anna").call(MOBILE)
    pause(switch)
    assert len(ben.notified) == 1
    switch.reload(town(Watching(settings=waiting, verdicts={(1, 2): True})))
    pause(switch)
    assert ben.state.startswith("active")
    assert ben.lamp() == ["trying"]
    switch.reload(town(Watching(settings=waiting, verdicts={(1, 2): False})))
    pause(switch)
    assert ben.state == "terminated;reason=rejected"
    assert ben.notified[-1].body == b""
    assert len(switch.parts.events.notifier) == 0


def test_an_account_that_goes_takes_its_lamps_along() -> None:
    switch = open_town()
    ben = WatchingPhone(switch, "ben")
    ben.subscribe("carl")
    switch.reload(WatchedTown((ANNA, BEN), (NORTH,)))
    pause(switch)
    assert ben.state == "terminated;reason=noresource"


# The questions to a SUBSCRIBE.


@pytest.mark.parametrize("event", ["conference", "presence.winfo", "dialog;id=1;id=2"])
def test_an_event_that_is_not_served(event: str) -> None:
    switch = open_town()
    ben = WatchingPhone(switch, "ben")
    status = ben.subscribe("anna", event)
    assert status == (400 if "id" in event else 489)
    if status == 489:
        events = ben.replies[-1].required("allow-events")
        assert events == "dialog, message-summary, presence, reg"


def test_times_are_shortened_and_never_stretched() -> None:
    switch = open_town()
    ben = WatchingPhone(switch, "ben")
    assert ben.subscribe("anna", expires=59) == 423
    assert ben.replies[-1].value("min-expires") == "60"
    assert ben.subscribe("anna", expires=999_999) == 200
    assert ben.replies[-1].value("expires") == "3600"
    assert ben.subscribe("anna", expires=None) == 200
    assert ben.replies[-1].value("expires") == "3600"
    assert ben.refresh(expires=5) == 423
    assert ben.replies[-1].value("min-expires") == "60"


def test_what_a_subscriber_cannot_read_is_not_sent() -> None:
    switch = open_town()
    ben = WatchingPhone(switch, "ben")
    assert ben.subscribe("anna", fields=(("accept", "text/plain"),)) == 406
    assert ben.replies[-1].value("accept") == "application/dialog-info+xml"
    assert ben.subscribe("anna", fields=(("accept", "application/*;q=0.5"),)) == 200
    assert ben.subscribe("anna", fields=(("require", "gruu"),)) == 420
    assert ben.replies[-1].value("unsupported") == "gruu"


def test_a_fetch_is_answered_once() -> None:
    switch = open_town()
    ben = WatchingPhone(switch, "ben")
    assert ben.subscribe("anna", expires=0) == 200
    assert ben.state == "terminated;reason=timeout"
    assert ben.lamp() == []
    assert len(switch.parts.events.notifier) == 0
    assert switch.subscriptions.records == {}


def test_refreshing_unsubscribing_and_expiring() -> None:
    switch = open_town()
    ben = WatchingPhone(switch, "ben")
    ben.subscribe("anna")
    assert ben.refresh(expires=300) == 200
    assert ben.state == "active;expires=300"
    assert ben.refresh(expires=300, cseq=-60) == 500
    assert ben.refresh(event="presence", cseq=101) == 489
    switch.wire.advance(301)
    assert ben.state == "terminated;reason=timeout"
    assert ben.refresh(cseq=200) == 481
    assert len(switch.parts.events.notifier) == 0


def test_a_phone_that_forgot_is_forgotten() -> None:
    switch = open_town()
    ben = WatchingPhone(switch, "ben")
    ben.subscribe("anna")
    ben.notify_status = 481
    switch.phone("anna").call(MOBILE)
    pause(switch)
    assert len(switch.parts.events.notifier) == 0
    ben.subscribe("anna")
    ben.is_dead = True
    switch.phone("anna").cancel(switch.phone("anna").sides[-1])
    switch.wire.advance(60)
    assert len(switch.parts.events.notifier) == 0
    assert switch.subscriptions.records == {}


def test_subscriptions_of_an_account_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    switch = open_town()
    ben = WatchingPhone(switch, "ben")
    small = replace(DEFAULT_LIMITS, subscriptions_per_account_max=2)
    monkeypatch.setattr("freiton.calls.events.DEFAULT_LIMITS", small)
    assert [ben.subscribe("anna") for _ in range(3)] == [200, 200, 403]
    monkeypatch.setattr("freiton.calls.events.DEFAULT_LIMITS", replace(small, subscriptions_max=2))
    assert WatchingPhone(switch, "carl").subscribe("anna") == 503


def test_the_answer_names_the_way_back() -> None:
    switch = open_town()
    ben = WatchingPhone(switch, "ben")
    ben.subscribe("anna", fields=(("record-route", "<sip:198.51.100.2:5069;lr>"),))
    reply = ben.replies[-1]
    assert reply.value("record-route") == "<sip:198.51.100.2:5069;lr>"
    assert reply.to.tag
    assert ben.notified[-1].value("route") == "<sip:198.51.100.2:5069;lr>"


# Lists.


LIST = LampList(id=1, account_id=2, name="team", members=(1, 3, 4))


def test_one_subscription_lights_all_lamps_of_a_phone() -> None:
    switch = open_town(Watching(lists=[LIST]))
    ben = WatchingPhone(switch, "ben")
    assert ben.subscribe("team") == 421
    assert ben.replies[-1].value("require") == "eventlist"
    assert WatchingPhone(switch, "carl").subscribe("team", fields=EVENTLIST) == 404
    assert ben.subscribe("team", fields=EVENTLIST) == 200
    assert ben.replies[-1].value("require") == "eventlist"
    assert ben.notified[-1].value("require") == "eventlist"
    assert ben.lamps() == {"anna": [], "carl": [], "eve": "noresource"}

    switch.phone("anna").call("carl")
    pause(switch, 2)
    assert ben.lamps() == {"anna": ["trying"], "carl": ["trying"]}
    # The full state comes with each refresh, only what changed in between.
    assert b'fullState="false"' in ben.notified[-1].body
    ben.refresh()
    assert b'fullState="true"' in ben.notified[-1].body
    assert ben.lamps() == {"anna": ["trying"], "carl": ["trying"], "eve": "noresource"}


def test_a_list_follows_the_site() -> None:
    switch = open_town(Watching(lists=[LIST]))
    ben = WatchingPhone(switch, "ben")
    ben.subscribe("team", fields=EVENTLIST)
    told = len(ben.notified)
    switch.reload(town(Watching(lists=[LIST], settings={3: WatchSettings(shows_remote=True)})))
    pause(switch)
    assert len(ben.notified) == told, "nothing that it could see is another"
    denied = Watching(lists=[replace(LIST, members=(1, 3))], verdicts={(1, 2): False})
    switch.reload(town(denied))
    pause(switch, 2)
    assert ben.lamps() == {"anna": "rejected", "carl": []}
    switch.reload(town())
    pause(switch, 2)
    assert ben.state == "terminated;reason=noresource"


def test_what_a_notify_has_no_room_for_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    members = tuple(account(number, f"p{number}") for number in range(10, 30))
    watched = LampList(id=1, account_id=2, name="team", members=tuple(one.id for one in members))
    switch = open_town(Watching(lists=[watched]), *members)
    monkeypatch.setattr(
        "freiton.calls.event_documents.DEFAULT_LIMITS",
        replace(DEFAULT_LIMITS, notification_bytes_max=6_000),
    )
    ben = WatchingPhone(switch, "ben")
    ben.subscribe("team", fields=EVENTLIST)
    first = ben.lamps()
    assert len(first) == 20
    assert 0 < list(first.values()).count("later") < 20
    pause(switch, 5)
    seen = {name for one in ben.notified for name in _told(ben, one)}
    assert len(seen) == 20


def _told(phone: WatchingPhone, notify: object) -> set[str]:
    place = next(i for i, one in enumerate(phone.notified) if one is notify)
    kept, phone.notified = phone.notified, phone.notified[: place + 1]
    shown = {name for name, state in phone.lamps().items() if state != "later"}
    phone.notified = kept
    return shown


# The other packages.


def test_messages_that_wait() -> None:
    switch = open_town()
    anna = WatchingPhone(switch, "anna")
    assert anna.subscribe("anna", "message-summary") == 200
    assert b"Messages-Waiting: no" in anna.notified[-1].body
    assert WatchingPhone(switch, "ben").subscribe("anna", "message-summary") == 403
    assert WatchingPhone(switch, "eve").subscribe("anna", "message-summary") == 404
    switch.parts.events.set_mailbox(1, Mailbox(2, 1), now=switch.wire.now)
    pause(switch)
    assert b"Messages-Waiting: yes" in anna.notified[-1].body
    assert b"Voice-Message: 2/1 (0/0)" in anna.notified[-1].body
    switch.crash()
    switch.start()
    pause(switch, 5)
    assert b"Voice-Message: 2/1 (0/0)" in anna.notified[-1].body


def test_presence_is_made_of_registration_calls_and_what_phones_publish() -> None:
    switch = open_town()
    carl, anna = WatchingPhone(switch, "carl"), WatchingPhone(switch, "anna")
    assert carl.subscribe("anna", "presence") == 200
    assert b"<basic>open</basic>" in carl.notified[-1].body
    assert b"on-the-phone" not in carl.notified[-1].body

    side = switch.phone("anna").call(MOBILE)
    pause(switch, 5)
    assert b"<rpid:on-the-phone/>" in carl.notified[-1].body
    switch.phone("anna").cancel(side)

    body = (
        b'<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:x@y"><tuple id="a"><status>'
        b"<basic>closed</basic></status><note>lunch</note></tuple></presence>"
    )
    published = anna.publish(body, fields=(("expires", "100"),))
    assert published.status == 200
    assert published.value("expires") == "100"
    pause(switch, 5)
    assert b"<note>lunch</note>" in carl.notified[-1].body
    assert b"on-the-phone" not in carl.notified[-1].body
    etag = published.required("sip-etag")
    assert anna.publish(b"", fields=(("sip-if-match", "no-such"),)).status == 412
    assert anna.publish(b"", fields=(("sip-if-match", etag), ("expires", "9"))).status == 423
    assert anna.publish(b"", fields=(("sip-if-match", etag), ("expires", "100"))).status == 200
    switch.wire.advance(110)
    assert b"<note>lunch</note>" not in carl.notified[-1].body

    switch.phone("anna").register(0)
    pause(switch, 5)
    assert b"<basic>closed</basic>" in carl.notified[-1].body


def test_nobody_publishes_for_somebody_else() -> None:
    switch = open_town()
    eve = WatchingPhone(switch, "eve")
    assert eve.publish(b"<presence/>", to="anna").status == 404
    assert eve.publish(b"<presence/>", to="nobody").status == 404
    assert eve.publish(b"<!DOCTYPE x><x/>").status == 400
    eve.ask("PUBLISH", "sip:eve@example.org", fields=(("event", "dialog"),))
    assert eve.replies[-1].status == 489
    assert eve.replies[-1].value("allow-events") == "presence"


def test_a_registration_is_told_to_who_owns_it() -> None:
    switch = open_town()
    anna = WatchingPhone(switch, "anna")
    assert WatchingPhone(switch, "ben").subscribe("anna", "reg") == 403
    assert anna.subscribe("anna", "reg") == 200
    body = anna.notified[-1].body.decode()
    assert 'state="active"' in body
    assert "<uri>sip:anna@198.51.100.1:5061</uri>" in body
    switch.phone("anna", 2).register()
    pause(switch, 5)
    assert anna.notified[-1].body.decode().count('event="registered"') == 2
    switch.phone("anna").register(0)
    pause(switch, 5)
    assert 'state="terminated" event="unregistered"' in anna.notified[-1].body.decode()
    switch.phone("anna", 2).register(0)
    pause(switch, 5)
    assert '<registration aor="sip:anna@example.org" id="r1" state="terminated">' in (
        anna.notified[-1].body.decode()
    )
    anna.refresh(expires=0, event="reg")
    assert switch.parts.events._bindings._followed == {}


# Restart and load.


def test_a_lamp_goes_on_over_a_restart() -> None:
    switch = open_town(Watching(lists=[LIST]))
    carl, ben = WatchingPhone(switch, "carl"), WatchingPhone(switch, "ben")
    carl.subscribe("ben")
    ben.subscribe("team", fields=EVENTLIST)
    switch.phone("anna").call("ben")
    switch.phone("ben").answer(switch.phone("ben").sides[-1])
    pause(switch)
    assert carl.lamp() == ["confirmed"]
    last = carl.notified[-1]

    switch.crash()
    switch.wire.advance(1)
    switch.start()
    pause(switch, 5)
    assert carl.lamp() == ["confirmed"]
    assert carl.notified[-1].cseq.number > last.cseq.number + 1_000
    assert int(carl.document().get("version") or 0) > 1_000
    assert carl.notified[-1].required("call-id") == last.required("call-id")
    assert ben.lamps() == {"anna": ["confirmed"], "carl": [], "eve": "noresource"}
    assert carl.refresh() == 200
    switch.phone("anna").bye(switch.phone("anna").sides[-1])
    pause(switch, 2)
    assert carl.lamp() == ["terminated"]
    assert switch.faults == []


def test_what_was_forbidden_meanwhile_ends_with_the_restart() -> None:
    switch = open_town()
    carl = WatchingPhone(switch, "carl")
    carl.subscribe("ben")
    switch.crash()
    switch.site.directory = town(Watching(verdicts={(2, 3): False})).directory()
    switch.start()
    pause(switch, 5)
    assert carl.state == "terminated;reason=rejected"
    assert switch.subscriptions.records == {}


def test_a_state_is_rendered_once_for_all_who_watch() -> None:
    switch = open_town()
    phones = [WatchingPhone(switch, "carl", place) for place in range(10, 40)]
    for phone in phones:
        phone.subscribe("ben")
    documents = switch.parts.events.documents
    before = documents.rendered
    switch.phone("anna").call("ben")
    pause(switch)
    assert all(phone.lamp() == ["trying"] for phone in phones)
    assert documents.rendered == before + 1


@pytest.mark.interpreted
def test_a_fault_of_one_lamp_is_no_fault_of_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    switch = open_town()
    carl = WatchingPhone(switch, "carl")
    carl.subscribe("ben")
    events = switch.parts.events

    def fail(*_args: object, **_named: object) -> None:
        raise RuntimeError("planted")

    pause(switch)
    monkeypatch.setattr(events.documents, "content", fail)
    side = switch.phone("anna").call("ben")
    switch.phone("ben").answer(switch.phone("ben").sides[-1])
    assert side.finals == [200]
    assert [str(one) for one in switch.faults] == ["planted"]
    assert len(events.notifier) == 0
    monkeypatch.undo()
    carl.subscribe("ben")
    monkeypatch.setattr(events._dialogs, "_look", fail)
    switch.phone("anna").bye(side)
    assert len(switch.faults) > 1
    assert side.bye_statuses == [200]


def test_options_say_which_events_there_are() -> None:
    switch = open_town()
    anna = switch.phone("anna")
    anna.ask("OPTIONS", "sip:example.org")
    assert anna.replies[-1].value("allow-events") == "dialog, message-summary, presence, reg"
    assert "SUBSCRIBE" in anna.replies[-1].required("allow")


def test_lamps_follow_a_transfer() -> None:
    switch = open_town()
    watched = {}
    for place, name in enumerate(("anna", "ben", "carl"), 20):
        watched[name] = WatchingPhone(switch, "carl", place)
        watched[name].subscribe(name)
    pause(switch)
    anna, north, ben = switch.phone("anna"), switch.carrier("north"), switch.phone("ben")
    caller = anna.call(MOBILE)
    north.answer(north.sides[-1])
    pause(switch, 2)
    assert watched["anna"].lamp() == ["confirmed"]
    anna.send_in_dialog(caller, "REFER", fields=(("refer-to", "<sip:ben@example.org>"),))
    switch.wire.settle()
    ben.answer(ben.sides[-1])
    pause(switch, 3)
    assert watched["ben"].lamp() == ["confirmed"]
    assert watched["anna"].lamp() in ([], ["terminated"]), "she has left the conversation"
    north.bye(north.sides[-1])
    pause(switch, 3)
    assert watched["ben"].lamp() == ["terminated"]
    switch.wire.advance(60)
    assert switch.faults == []
