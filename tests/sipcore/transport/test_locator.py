"""Answers of the name service: kept for their time, within bounds, and who waits for them."""

from __future__ import annotations

import pytest

from sipcore.limits import (
    DNS_FAILURE_TTL_S,
    DNS_NEGATIVE_TTL_S,
    DNS_OUTSTANDING_MAX,
    DNS_TTL_S,
)
from sipcore.transport import locator as room
from sipcore.transport.dns_records import AddressRecord, Question, RecordType, SrvRecord
from sipcore.transport.flow import Transport
from sipcore.transport.locate import Capabilities, Located, Wanted
from sipcore.transport.locator import Locator
from sipcore.transport.next_hop import NextHop

UDP = Capabilities({Transport.UDP: (4,)})
NAME = Wanted("example.com", 5070)
ADDRESS = Question("example.com", RecordType.A)
FOUND = (AddressRecord("192.0.2.1"),)


def make() -> Locator:
    return Locator(lambda _: 0)


def find(locator: Locator, now: float = 0.0, owner: str = "me") -> Located | None:
    return locator.locate(NAME, UDP, owner=(owner,), now=now)


def test_an_address_is_found_without_asking() -> None:
    locator = make()
    found = locator.locate(Wanted("192.0.2.1"), UDP, owner=("me",), now=0.0)
    assert found == Located((NextHop("192.0.2.1", 5060, Transport.UDP),))
    assert locator.questions() == []


def test_everybody_who_waits_is_answered_by_one_question() -> None:
    locator = make()
    assert find(locator, owner="one") is None
    assert find(locator, owner="two") is None
    assert locator.questions() == [ADDRESS]
    assert locator.questions() == []
    locator.learn(ADDRESS, FOUND, 60.0, now=0.1)
    hops = (NextHop("192.0.2.1", 5070, Transport.UDP),)
    assert locator.located() == [(("one",), Located(hops)), (("two",), Located(hops))]
    assert locator.located() == []
    assert locator.outstanding == 0


@pytest.mark.parametrize(
    ("records", "ttl", "kept_s"),
    [
        (FOUND, 60.0, 60.0),
        (FOUND, 0.0, DNS_TTL_S[0]),
        (FOUND, 1e9, DNS_TTL_S[1]),
        ((), 0.0, DNS_NEGATIVE_TTL_S),
        (None, 0.0, DNS_FAILURE_TTL_S),
    ],
)
def test_an_answer_is_kept_for_its_time(
    records: tuple[AddressRecord, ...] | None, ttl: float, kept_s: float
) -> None:
    locator = make()
    find(locator)
    locator.questions()
    locator.learn(ADDRESS, records, ttl, now=0.0)
    assert find(locator, now=kept_s - 0.001) is not None
    assert locator.questions() == []
    assert find(locator, now=kept_s) is None
    assert locator.questions() == [ADDRESS]


def test_a_service_is_followed_to_its_addresses() -> None:
    locator = make()
    service = Question("_sip._udp.example.com", RecordType.SRV)
    wanted = Wanted("example.com", transport=Transport.UDP)
    assert locator.locate(wanted, UDP, owner=("me",), now=0.0) is None
    assert locator.questions() == [service]
    record = SrvRecord(priority=1, weight=1, port=5080, target="a.example.com")
    locator.learn(service, (record,), 60.0, now=0.0)
    assert locator.located() == []
    assert locator.questions() == [Question("a.example.com", RecordType.A)]
    locator.learn(Question("a.example.com", RecordType.A), FOUND, 60.0, now=0.0)
    assert locator.located() == [(("me",), Located((NextHop("192.0.2.1", 5080, Transport.UDP),)))]


def test_too_many_questions_find_nothing() -> None:
    locator = make()
    for number in range(DNS_OUTSTANDING_MAX):
        assert locator.locate(Wanted(f"n{number}", 1), UDP, owner=(number,), now=0.0) is None
    assert find(locator) == Located(())
    assert locator.refused == 1
    # Who waits for what is under way already costs nothing more.
    assert locator.locate(Wanted("n0", 1), UDP, owner=("late",), now=0.0) is None


def test_a_server_that_lies_about_lifetimes_is_not_asked_for_ever() -> None:
    locator = make()
    service = Question("_sip._udp.example.com", RecordType.SRV)
    record = SrvRecord(priority=1, weight=1, port=5080, target="a.example.com")
    locator.locate(Wanted("example.com", transport=Transport.UDP), UDP, owner=("me",), now=0.0)
    now = 0.0
    rounds = 0
    while not (found := locator.located()):
        rounds += 1
        assert rounds < 10
        for question in locator.questions():
            now += 5.0
            is_service = question.type is RecordType.SRV
            locator.learn(question, (record,) if is_service else FOUND, 0.0, now=now)
    assert found[0][0] == ("me",)
    assert service.name not in str(locator.questions())


def test_the_answers_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "DNS_KEPT_MAX", 10)
    locator = make()
    for number in range(100):
        locator.learn(Question(f"n{number}", RecordType.A), FOUND, 60.0, now=number * 1.0)
        assert locator.kept <= 10
    assert locator.locate(Wanted("n99", 1), UDP, owner=("me",), now=99.0) is not None
