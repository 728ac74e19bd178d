"""The sockets for SIP: opened from the settings, their certificates read again while they serve."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from structlog.typing import FilteringBoundLogger

from freiton.config import Config
from freiton.config.reachable import reachable
from freiton.config.settings import Listener as ListenerSettings
from freiton.errors import OperatorError
from sipcore.errors import LocalError
from sipcore.net.connections import Door
from sipcore.net.endpoint import Endpoint
from sipcore.net.tls import ClientCertificates, TlsContexts, TlsSettings
from sipcore.transport.flow import Listener, Transport

WATCH_S: Final = 60.0
"""How often the files of certificates are looked at: their renewals come weeks apart."""

EXPIRES_SOON: Final = timedelta(days=14)
"""Whoever renews by machine does it 30 days before the end; then something is broken."""

_Stamp = tuple[tuple[int, int, int], ...]


class Listening:
    """All listeners of one switch; ``listeners`` and ``sent_bys`` fill as they are opened."""

    def __init__(
        self, config: Config, journal: FilteringBoundLogger, *, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.listeners: dict[str, Listener] = {}
        self.sent_bys: set[str] = set()
        self._config = config
        self._journal = journal
        self._loop = loop
        self._contexts: dict[str, TlsContexts] = {}
        self._expiries: dict[str, datetime] = {}
        self._stamps: dict[str, _Stamp] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def open(self, endpoint: Endpoint) -> None:
        """Open every listener; raises OperatorError with one sentence when one is not to be had."""
        for one in self._config.listeners:
            advertised = one.advertise or reachable(one.listen)
            try:
                listener = await endpoint.listen(
                    one.name,
                    Transport[one.transport.upper()],
                    (one.listen.host, one.listen.port),
                    advertised=(advertised.host, advertised.port),
                    door=self._door(one),
                )
            except (OSError, LocalError) as error:
                why = getattr(error, "strerror", None) or error
                raise OperatorError(f"{one.transport} {one.listen}: {why}") from error
            self.listeners[one.name] = listener
            self.sent_bys.add(listener.sent_by)
        if self._contexts:
            self._watch_later()

    @property
    def are_all_open(self) -> bool:
        """Whether every configured listener is bound."""
        return len(self.listeners) == len(self._config.listeners)

    def reload(self) -> None:
        """Read every certificate again, for connections to come.

        Raises OperatorError when one is not good; that listener goes on with the former one.
        """
        problems = [problem for name in self._contexts if (problem := self._reload(name))]
        if problems:
            raise OperatorError("; ".join(problems))

    def days_left(self, at: datetime) -> Mapping[str, float]:
        """Return for how long the certificate of each secure listener is still good."""
        return {
            name: (expires - at) / timedelta(days=1) for name, expires in self._expiries.items()
        }

    def close(self) -> None:
        """Look after no file any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _door(self, settings: ListenerSettings) -> Door:
        tls = tls_settings(settings, self._config)
        if tls is None:
            return Door(origins=settings.origins)
        stamp = _stamp(tls)
        contexts = TlsContexts(tls)
        self._contexts[settings.name] = contexts
        self._stamps[settings.name] = stamp
        self._note(settings.name)
        return Door(tls=contexts, origins=settings.origins)

    def _note(self, name: str) -> None:
        """Note when a certificate that was just read ends."""
        tls = self._contexts[name].settings
        expires = self._expiries[name] = certificate_end(tls.certificate)
        if expires - datetime.now(UTC) < EXPIRES_SOON:
            self._journal.warning(
                "certificate ends soon", listener=name, expires=expires.isoformat()
            )

    def _reload(self, name: str) -> str | None:
        """Return what is wrong, None when the new certificate is in force."""
        # Before they are read: what is written meanwhile is a change of its own. Files that are
        # not good are noted as well: they are complained of once, not every minute.
        self._stamps[name] = _stamp(self._contexts[name].settings)
        try:
            self._contexts[name].reload()
            self._note(name)
        except (LocalError, OSError, ValueError) as error:
            return f"listener {name}: {error}"
        return None

    def _watch_later(self) -> None:
        self._timer = self._loop.call_later(WATCH_S, self._watch)

    def _watch(self) -> None:
        self.take_over_changes()
        self._watch_later()

    def take_over_changes(self) -> None:
        """Read the certificates whose files are not what they were."""
        for name, contexts in self._contexts.items():
            if _stamp(contexts.settings) == self._stamps[name]:
                continue
            problem = self._reload(name)
            if problem is None:
                self._journal.info("certificate renewed", listener=name)
            else:
                self._journal.warning("certificate not renewed", reason=problem)


def tls_settings(listener: ListenerSettings, config: Config) -> TlsSettings | None:
    """Return how a listener speaks TLS; None when it does not."""
    if listener.certificate is None or listener.private_key is None:
        return None
    return TlsSettings(
        certificate=listener.certificate,
        private_key=listener.private_key,
        client_ca_file=listener.client_ca_file,
        client_certificates=ClientCertificates[listener.client_certificates.name],
        ca_file=config.tls.ca_file,
        verifies_peers=config.tls.verify_carriers,
        allows_wildcards=config.tls.wildcards,
    )


def certificate_problems(config: Config) -> Iterator[str]:
    """Yield what is wrong with the files of certificates, as they are now."""
    for listener in config.listeners:
        tls = tls_settings(listener, config)
        if tls is None:
            continue
        try:
            TlsContexts(tls)
            expires = certificate_end(tls.certificate)
        except (LocalError, OSError, ValueError) as error:
            yield f"listener {listener.name}: {error}"
            continue
        if expires < datetime.now(UTC):
            yield f"listener {listener.name}: {tls.certificate} ended on {expires:%Y-%m-%d}"


def certificate_end(path: Path) -> datetime:
    """Return until when the first certificate of a file is good; ValueError when it holds none."""
    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc


def _stamp(settings: TlsSettings) -> _Stamp:
    """Return what changes with the files, whether written, replaced or linked anew."""
    paths = (settings.certificate, settings.private_key, settings.client_ca_file, settings.ca_file)
    return tuple(_of_file(path) for path in paths if path is not None)


def _of_file(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0, 0)
    return (status.st_ino, status.st_mtime_ns, status.st_size)
