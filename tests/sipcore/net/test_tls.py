"""TLS as a peer meets it: real handshakes over loopback."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from sipcore.errors import LocalError
from sipcore.limits import DEFAULT_LIMITS, Limits
from sipcore.net.connections import Door
from sipcore.net.tls import ClientCertificates, TlsContexts, TlsSettings
from sipcore.transaction.events import ResponseReceived, TransactionFailed
from sipcore.transport.flow import Flow, Listener, Transport
from tests.sipcore.net.peers import ANSWER_S, Site, read_message, request_bytes, site
from tests.support.certificates import Authority

HOST = "127.0.0.1"
NAME = "switch.example"
FAST = replace(DEFAULT_LIMITS, handshake_s=0.2)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def settings(authority: Authority) -> TlsSettings:
    certificate, key = authority.issue("switch", hosts=[NAME])
    return TlsSettings(certificate=certificate, private_key=key, ca_file=authority.ca_file)


@asynccontextmanager
async def secure_site(
    settings: TlsSettings, limits: Limits = DEFAULT_LIMITS
) -> AsyncIterator[tuple[Site, Listener, TlsContexts]]:
    contexts = TlsContexts(settings)
    async with site(limits) as opened:
        listener = await opened.endpoint.listen(
            "tls", Transport.TLS, (HOST, 0), door=Door(tls=contexts)
        )
        yield opened, listener, contexts


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.ca_file))


async def connect(
    listener: Listener, context: ssl.SSLContext
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(HOST, listener.bound[1], ssl=context, server_hostname=NAME)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(ANSWER_S):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_request_is_answered_over_tls(authority: Authority, settings: TlsSettings) -> None:
    async with secure_site(settings) as (opened, listener, _):
        reader, writer = await connect(listener, trusting(authority))
        writer.write(request_bytes(transport="TLS"))
        answer = await read_message(reader)
        assert answer.via.transport == "TLS"
        assert opened.endpoint.connections_per_transport() == {Transport.TLS: 1}
        ((request, flow),) = opened.switch.requests
        assert request.method == "OPTIONS"
        assert flow.transport is Transport.TLS
        assert flow.transport.is_secure
        writer.close()
        await until(lambda: not opened.endpoint.connections_per_transport())
        assert opened.switch.failed[0] == flow


async def test_much_text_goes_through_whole(authority: Authority, settings: TlsSettings) -> None:
    async with secure_site(settings) as (_, listener, _):
        reader, writer = await connect(listener, trusting(authority))
        for byte in request_bytes("MUCH", transport="TLS"):
            writer.write(bytes([byte]))
        answer = await read_message(reader)
        assert len(answer.body) == 60_000
        writer.close()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_old_tls_is_refused_and_counted(authority: Authority, settings: TlsSettings) -> None:
    async with secure_site(settings) as (opened, listener, _):
        context = trusting(authority)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(ssl.SSLError):
            await connect(listener, context)
        await until(lambda: opened.endpoint.counters.handshakes_failed == 1)
        assert opened.errors == []


async def test_what_is_no_tls_is_closed_and_counted(settings: TlsSettings) -> None:
    async with secure_site(settings) as (opened, listener, _):
        reader, writer = await asyncio.open_connection(HOST, listener.bound[1])
        writer.write(request_bytes(transport="TLS"))
        async with asyncio.timeout(ANSWER_S):
            assert b"SIP/2.0" not in await reader.read()
        writer.close()
        assert opened.endpoint.counters.handshakes_failed == 1
        assert opened.switch.requests == []


async def test_a_handshake_that_does_not_end_is_cut_off(settings: TlsSettings) -> None:
    async with secure_site(settings, FAST) as (opened, listener, _):
        began = asyncio.get_running_loop().time()
        reader, writer = await asyncio.open_connection(HOST, listener.bound[1])
        writer.write(b"\x16\x03\x01")
        async with asyncio.timeout(ANSWER_S):
            assert await reader.read() == b""
        assert asyncio.get_running_loop().time() - began < 1
        assert opened.endpoint.counters.handshakes_failed == 1
        writer.close()


async def test_unfinished_handshakes_of_one_source_are_limited(
    authority: Authority, settings: TlsSettings
) -> None:
    limits = replace(DEFAULT_LIMITS, handshakes_per_source_max=2)
    async with secure_site(settings, limits) as (opened, listener, _):
        done = [await connect(listener, trusting(authority)) for _ in range(3)]
        await until(lambda: opened.endpoint.connections() == 3)
        begun = [await asyncio.open_connection(HOST, listener.bound[1]) for _ in range(2)]
        reader, writer = await asyncio.open_connection(HOST, listener.bound[1])
        async with asyncio.timeout(ANSWER_S):
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
        assert opened.endpoint.counters.connections_refused == 1
        for _, one in (*done, *begun, (reader, writer)):
            one.close()


async def test_new_connections_get_the_new_certificate(
    authority: Authority, tmp_path: Path
) -> None:
    def issue(name: str) -> None:
        for source, target in zip(authority.issue("renewed", hosts=[name]), files, strict=True):
            target.write_bytes(source.read_bytes())

    files = (tmp_path / "cert.pem", tmp_path / "key.pem")
    issue("old.example")
    settings = TlsSettings(certificate=files[0], private_key=files[1], ca_file=authority.ca_file)
    context = trusting(authority)
    context.check_hostname = False
    async with secure_site(settings) as (_, listener, contexts):
        reader, writer = await connect(listener, context)
        issue(NAME)
        contexts.reload()
        files[1].write_text("no key")
        with pytest.raises(LocalError, match="not a certificate and its key"):
            contexts.reload()
        _, new = await connect(listener, context)
        names = [
            str(one.get_extra_info("peercert")["subjectAltName"][0][1]) for one in (writer, new)
        ]
        assert names == ["old.example", NAME]
        writer.write(request_bytes(transport="TLS"))
        assert (await read_message(reader)).cseq.number == 1
        writer.close()
        new.close()


def test_a_key_with_a_passphrase_is_refused_without_a_question(authority: Authority) -> None:
    certificate, key = authority.issue("locked", hosts=[NAME], passphrase=b"open")
    with pytest.raises(LocalError, match="without a passphrase"):
        TlsContexts(TlsSettings(certificate=certificate, private_key=key))


def test_a_file_that_is_not_there_is_named(authority: Authority, tmp_path: Path) -> None:
    certificate, _ = authority.issue("lonely", hosts=[NAME])
    with pytest.raises(LocalError, match=r"nokey\.pem: No such file"):
        TlsContexts(TlsSettings(certificate=certificate, private_key=tmp_path / "nokey.pem"))


@pytest.mark.parametrize(
    ("policy", "shows", "is_served"),
    [
        (ClientCertificates.IGNORE, "", True),
        (ClientCertificates.CHECK, "", True),
        (ClientCertificates.CHECK, "good", True),
        (ClientCertificates.CHECK, "foreign", False),
        (ClientCertificates.REQUIRE, "", False),
        (ClientCertificates.REQUIRE, "good", True),
    ],
)
async def test_client_certificates_by_policy(
    authority: Authority,
    settings: TlsSettings,
    tmp_path: Path,
    policy: ClientCertificates,
    shows: str,
    is_served: bool,
) -> None:
    context = trusting(authority)
    demanding = replace(settings, client_certificates=policy, client_ca_file=authority.ca_file)
    if shows:
        issuer = authority if shows == "good" else Authority(tmp_path, "Other CA")
        context.load_cert_chain(*issuer.issue("client", hosts=["phone.example"]))
    async with secure_site(demanding) as (opened, listener, _):
        answered = False
        try:
            reader, writer = await connect(listener, context)
            writer.write(request_bytes(transport="TLS"))
            answered = (await read_message(reader)).cseq.number == 1
            writer.close()
        except (ssl.SSLError, asyncio.IncompleteReadError, ConnectionError):
            pass
        assert answered is is_served
        counters = opened.endpoint.counters
        assert counters.handshakes_failed + counters.peers_unproven == (not is_served)


# As the client.


@asynccontextmanager
async def carrier(
    authority: Authority, *hosts: str, uris: tuple[str, ...] = (), after_s: float = 0
) -> AsyncIterator[int]:
    """Answer every request with 200, under a certificate with these names; yields the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("carrier", hosts=hosts, uris=uris))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            _, _, rest = head.partition("\r\n")
            assert "TLS" in rest
            await asyncio.sleep(after_s)
            writer.write(f"SIP/2.0 200 OK\r\n{rest}".replace("h>\r\n", "h>;tag=2\r\n").encode())
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_a_slow_answer_over_a_connection_of_ours_is_waited_for(
    authority: Authority, settings: TlsSettings
) -> None:
    async with (
        carrier(authority, "carrier.example", after_s=0.5) as port,
        secure_site(settings, FAST) as (opened, listener, _),
    ):
        opened.request("OPTIONS", Flow(listener, (HOST, port), peer_name="carrier.example"))
        assert isinstance(await opened.result(), ResponseReceived)


@pytest.mark.parametrize(
    ("hosts", "uris", "changes", "is_trusted"),
    [
        (("carrier.example",), (), {}, True),
        (("10.0.0.1",), ("sip:carrier.example",), {}, True),
        (("other.example",), (), {}, False),
        (("*.example",), (), {}, False),
        (("other.example",), (), {"verifies_peers": False}, True),
        (("carrier.example",), (), {"ca_file": None}, False),
    ],
)
async def test_a_carrier_has_to_prove_its_name(
    authority: Authority,
    settings: TlsSettings,
    hosts: tuple[str, ...],
    uris: tuple[str, ...],
    changes: dict[str, object],
    is_trusted: bool,
) -> None:
    chosen = replace(settings, **changes)  # type: ignore[arg-type]
    async with (
        carrier(authority, *hosts, uris=uris) as port,
        secure_site(chosen) as (opened, listener, _),
    ):
        opened.request("OPTIONS", Flow(listener, (HOST, port), peer_name="carrier.example"))
        result = await opened.result()
        assert isinstance(result, ResponseReceived if is_trusted else TransactionFailed)
        assert opened.endpoint.counters.peers_unproven == (not is_trusted)
        assert opened.errors == []


async def test_a_connection_proved_to_one_name_is_not_used_for_another(
    authority: Authority, settings: TlsSettings
) -> None:
    async with (
        carrier(authority, "carrier.example") as port,
        secure_site(settings) as (opened, listener, _),
    ):
        for _ in range(2):
            opened.request("OPTIONS", Flow(listener, (HOST, port), peer_name="carrier.example"))
            assert isinstance(await opened.result(), ResponseReceived)
        assert opened.endpoint.counters.connections_opened == 1
        opened.request("OPTIONS", Flow(listener, (HOST, port), peer_name="other.example"))
        assert isinstance(await opened.result(), TransactionFailed)
        assert opened.endpoint.counters.connections_opened == 2


async def test_a_secure_listener_wants_a_certificate() -> None:
    async with site() as opened:
        with pytest.raises(LocalError, match="needs a certificate"):
            await opened.endpoint.listen("tls", Transport.TLS, (HOST, 0))
