"""The listeners of a switch: opened by the settings, certificates renewed while they serve."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from freiton.config import Config, load_config
from freiton.errors import OperatorError
from freiton.listening import Listening, certificate_problems
from freiton.logs import open_log
from sipcore.net.endpoint import Endpoint
from sipcore.net.tls import TlsContexts
from sipcore.transport.flow import Transport
from tests.sipcore.net.peers import Switch
from tests.support.certificates import Authority

HOST = "127.0.0.1"


class Files:
    """A certificate at the place where the settings want it."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.certificate = folder / "cert.pem"
        self.private_key = folder / "key.pem"
        self.renew("old.example")
        settings = folder / "site.toml"
        settings.write_text(
            "\n".join(
                f'[[listeners]]\nname = "{name}"\ntransport = "{name}"\nlisten = "{HOST}:0"\n'
                + ('certificate = "cert.pem"\nprivate_key = "key.pem"' if "s" in name[1:] else "")
                for name in ("udp", "tcp", "tls", "wss")
            )
        )
        self.config: Config = load_config(settings)

    def renew(self, name: str, days: int = 30) -> None:
        certificate, key = self.authority.issue("issued", hosts=[name], days=days)
        self.certificate.write_bytes(certificate.read_bytes())
        self.private_key.write_bytes(key.read_bytes())


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@asynccontextmanager
async def listening(config: Config) -> AsyncIterator[Listening]:
    loop = asyncio.get_running_loop()
    opened = Listening(config, open_log("error"), loop=loop)
    errors: list[Exception] = []
    endpoint = Endpoint(Switch(), loop=loop, on_error=errors.append)
    try:
        await opened.open(endpoint)
        yield opened
    finally:
        opened.close()
        await endpoint.close()
    assert errors == []


async def shown_name(opened: Listening, files: Files) -> str:
    context = ssl.create_default_context(cafile=str(files.authority.ca_file))
    context.check_hostname = False
    _, writer = await asyncio.open_connection(
        HOST, opened.listeners["tls"].bound[1], ssl=context, server_hostname="x.example"
    )
    name = str(writer.get_extra_info("peercert")["subjectAltName"][0][1])
    writer.close()
    return name


async def test_every_listener_is_opened_as_the_settings_say(files: Files) -> None:
    async with listening(files.config) as opened:
        assert opened.are_all_open
        assert [one.transport for one in opened.listeners.values()] == [
            Transport.UDP,
            Transport.TCP,
            Transport.TLS,
            Transport.WSS,
        ]
        assert opened.sent_bys == {one.sent_by for one in opened.listeners.values()}
        days = opened.days_left(datetime.now(UTC))
        assert set(days) == {"tls", "wss"}
        assert 30 < days["tls"] < 30.1


@pytest.mark.parametrize("renews", [Listening.reload, Listening.take_over_changes])
async def test_a_renewed_certificate_is_shown(
    files: Files, renews: Callable[[Listening], None]
) -> None:
    async with listening(files.config) as opened:
        assert await shown_name(opened, files) == "old.example"
        files.renew("new.example", days=90)
        renews(opened)
        assert await shown_name(opened, files) == "new.example"
        assert opened.days_left(datetime.now(UTC))["wss"] > 90


async def test_what_is_no_certificate_leaves_the_former_one(files: Files) -> None:
    async with listening(files.config) as opened:
        files.private_key.write_text("")
        opened.take_over_changes()
        with pytest.raises(OperatorError, match=r"listener tls: .*not a certificate and its key"):
            opened.reload()
        assert await shown_name(opened, files) == "old.example"
        files.renew("new.example")
        opened.take_over_changes()
        assert await shown_name(opened, files) == "new.example"


async def test_what_is_written_while_it_is_read_is_read_again(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(files.config) as opened:
        read = TlsContexts.reload

        def read_slowly(contexts: TlsContexts) -> None:
            read(contexts)
            monkeypatch.undo()
            files.renew("newest.example")

        files.renew("new.example")
        monkeypatch.setattr(TlsContexts, "reload", read_slowly)
        opened.take_over_changes()
        opened.take_over_changes()
        assert await shown_name(opened, files) == "newest.example"


async def test_a_start_without_its_certificate_says_so(files: Files) -> None:
    files.certificate.unlink()
    with pytest.raises(OperatorError, match=r"tls 127\.0\.0\.1:0: .*cert\.pem: No such file"):
        async with listening(files.config):
            pass


def test_a_check_finds_bad_and_ended_certificates(files: Files) -> None:
    assert list(certificate_problems(files.config)) == []
    files.renew("old.example", days=-3)
    (problem, _) = certificate_problems(files.config)
    assert problem.startswith("listener tls: ")
    assert "ended on" in problem
    files.certificate.write_text("nothing")
    assert len(list(certificate_problems(files.config))) == 2
