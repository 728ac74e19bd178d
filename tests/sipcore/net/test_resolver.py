"""Questions to a real name server on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from sipcore.message.uri import SipUri
from sipcore.net.resolver import Answer, Resolver
from sipcore.transport.dns_records import (
    AddressRecord,
    NaptrRecord,
    Question,
    RecordType,
    SrvRecord,
)
from sipcore.transport.flow import Transport
from sipcore.transport.locate import Capabilities, Located, wanted
from sipcore.transport.locator import Locator
from sipcore.transport.next_hop import NextHop
from tests.sipcore.net.peers import until
from tests.support.name_server import NameServer

ZONE = (
    'carrier.example 300 NAPTR 10 10 "s" "SIP+D2T" "" _sip._tcp.carrier.example.',
    'carrier.example 300 NAPTR 10 20 "s" "SIP+D2U" "" _sip._udp.carrier.example.',
    "_sip._udp.carrier.example 60 SRV 10 1 5070 one.carrier.example.",
    "_sip._udp.carrier.example 60 SRV 20 1 5080 Two.carrier.example.",
    "_sip._tcp.carrier.example 60 SRV 10 1 5090 one.carrier.example.",
    "one.carrier.example 30 A 192.0.2.1",
    "one.carrier.example 30 A 192.0.2.2",
    "one.carrier.example 40 AAAA 2001:db8::1",
    "alias.example 20 CNAME one.carrier.example.",
    "two.carrier.example 30 A 192.0.2.3",
)


@contextlib.asynccontextmanager
async def asking(server: NameServer) -> AsyncIterator[tuple[Resolver, list[Answer]]]:
    answers: list[Answer] = []
    resolver = Resolver(
        asyncio.get_running_loop(),
        answers.append,
        name_servers=[server.address],
    )
    try:
        yield resolver, answers
    finally:
        await resolver.close()


async def ask(server: NameServer, name: str, kind: RecordType) -> Answer:
    async with asking(server) as (resolver, answers):
        resolver.ask([Question(name, kind)])
        assert answers == []
        await until(lambda: bool(answers))
        return answers[0]


async def test_every_type_of_record_is_read() -> None:
    with NameServer(*ZONE) as server:
        a = await ask(server, "one.carrier.example", RecordType.A)
        assert set(a.records or ()) == {AddressRecord("192.0.2.1"), AddressRecord("192.0.2.2")}
        assert a.ttl_s == 30
        aaaa = await ask(server, "one.carrier.example", RecordType.AAAA)
        assert aaaa.records == (AddressRecord("2001:db8::1"),)
        srv = await ask(server, "_sip._udp.carrier.example", RecordType.SRV)
        assert set(srv.records or ()) == {
            SrvRecord(priority=10, weight=1, port=5070, target="one.carrier.example"),
            SrvRecord(priority=20, weight=1, port=5080, target="two.carrier.example"),
        }
        assert srv.ttl_s == 60
        naptr = await ask(server, "carrier.example", RecordType.NAPTR)
        assert NaptrRecord(
            order=10,
            preference=20,
            flags="s",
            service="SIP+D2U",
            regexp="",
            replacement="_sip._udp.carrier.example",
        ) in (naptr.records or ())


async def test_an_alias_is_followed() -> None:
    with NameServer(*ZONE) as server:
        answer = await ask(server, "alias.example", RecordType.A)
        assert len(answer.records or ()) == 2


@pytest.mark.parametrize(
    "name", ["absent.example", "two.carrier.example", "a" * 300 + ".example", "\udc80.example"]
)
async def test_a_name_without_such_a_record_has_none(name: str) -> None:
    with NameServer(*ZONE) as server:
        assert (await ask(server, name, RecordType.AAAA)).records == ()


async def test_a_failing_server_is_no_answer() -> None:
    with NameServer(*ZONE) as server:
        server.fails = True
        assert (await ask(server, "one.carrier.example", RecordType.SRV)).records is None


async def test_a_silent_server_is_no_answer_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sipcore.net.resolver.DNS_TIMEOUT_S", 0.2)
    with NameServer(*ZONE) as server:
        server.is_silent = True
        answer = await ask(server, "one.carrier.example", RecordType.A)
        assert answer.records is None
        assert server.asked["one.carrier.example A"] >= 1


async def test_the_hosts_file_is_read() -> None:
    with NameServer() as server:
        answer = await ask(server, "localhost", RecordType.A)
        assert AddressRecord("127.0.0.1") in (answer.records or ())


async def test_what_is_under_way_ends_with_the_resolver() -> None:
    with NameServer() as server:
        server.is_silent = True
        async with asking(server) as (resolver, answers):
            resolver.ask([Question("one.carrier.example", RecordType.SRV)])
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert answers == []


async def test_a_uri_is_located_by_naptr_srv_and_addresses_of_a_real_server() -> None:
    locator = Locator(lambda _: 0)
    found: list[Located] = []
    with NameServer(*ZONE) as server:
        async with asking(server) as (resolver, answers):
            udp = Capabilities({Transport.UDP: (4, 6)})
            uri = wanted(SipUri.parse("sip:+4930@carrier.example"))
            assert locator.locate(uri, udp, owner=("me",), now=0.0) is None

            def goes_on() -> bool:
                while answers:
                    one = answers.pop()
                    locator.learn(one.question, one.records, one.ttl_s, now=0.0)
                found.extend(located for _, located in locator.located())
                resolver.ask(locator.questions())
                return bool(found)

            await until(goes_on)
            assert locator.locate(uri, udp, owner=("me",), now=0.0) is not None
            assert server.asked["carrier.example NAPTR"] == 1
    hops = found[0].hops
    assert hops[0] == NextHop("2001:db8::1", 5070, Transport.UDP)
    assert set(hops[1:3]) == {
        NextHop("192.0.2.1", 5070, Transport.UDP),
        NextHop("192.0.2.2", 5070, Transport.UDP),
    }
    assert hops[3:] == (NextHop("192.0.2.3", 5080, Transport.UDP),)
