"""TLS between a socket and what is said over it: ciphertext in, plain text out, no waiting.

On memory buffers instead of the loop's own TLS: so a connection is counted and timed from its
first packet on, a failed handshake is a number and never a line in a log, and each new connection
takes the certificate that holds at that instant.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final, cast

from sipcore.errors import LocalError
from sipcore.limits import Limits
from sipcore.transport.certificate_names import CertificateNames

_READ_BYTES: Final = 65_536
_NO_PASSPHRASE: Final = b""
"""Given to a key that has one: it is then refused, where OpenSSL would ask at the terminal."""


class ClientCertificates(IntEnum):
    """What is done about the certificates of those who connect to us."""

    IGNORE = 1
    CHECK = 2
    """One that is shown must be good; who has none is served all the same."""
    REQUIRE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """Files and rules of one listener; the certificate is followed by those of its issuers.

    ``ca_file`` holds whom we trust about those we connect to, ``client_ca_file`` about those who
    connect to us; None means whom the system trusts, and nobody.
    """

    certificate: Path
    private_key: Path
    ca_file: Path | None = None
    client_ca_file: Path | None = None
    client_certificates: ClientCertificates = ClientCertificates.IGNORE
    verifies_peers: bool = True
    allows_wildcards: bool = False


class TlsContexts:
    """The certificates of one listener, as they were when they were read last."""

    def __init__(self, settings: TlsSettings) -> None:
        self.settings: Final = settings
        self.server, self.client = _contexts(settings)

    def reload(self) -> None:
        """Read the files again; connections that stand keep what they began with.

        Raises LocalError with a sentence when they are not good; the former ones then stay.
        """
        self.server, self.client = _contexts(self.settings)


class TlsFailure(Exception):  # noqa: N818 - what befell the session, an error of no one here
    """A session that cannot go on; ``is_peer_refused`` when its certificate is the reason."""

    def __init__(self, *, is_peer_refused: bool = False) -> None:
        super().__init__()
        self.is_peer_refused = is_peer_refused


class TlsSession:
    """One TLS session, on whichever side."""

    def __init__(self, contexts: TlsContexts, *, limits: Limits, peer_name: str | None) -> None:
        """Begin; ``peer_name`` is whom we connect to, None when they connect to us."""
        self.is_open = False
        """Whether the handshake is done and the peer is who it should be."""
        self.has_ended = False
        """Whether the peer will say nothing more."""
        self._settings = contexts.settings
        self._limits = limits
        self._peer_name = peer_name
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._unsent: list[bytes] = []
        is_server = peer_name is None
        context = contexts.server if is_server else contexts.client
        self._session = context.wrap_bio(
            self._incoming, self._outgoing, server_side=is_server, server_hostname=peer_name
        )

    def begin(self) -> None:
        """Say the first word, if it is ours to say."""
        self._shake_hands()

    def receive(self, data: bytes) -> bytes:
        """Take what came over the socket, return what it meant; raises TlsFailure."""
        self._incoming.write(data)
        if not self.is_open and not self._shake_hands():
            return b""
        return self._read()

    def send(self, data: bytes) -> bool:
        """Encrypt; before the handshake is done it is kept. False when too much is."""
        if self.is_open:
            self._session.write(data)
            return True
        self._unsent.append(data)
        return sum(map(len, self._unsent)) <= self._limits.unsent_bytes_max

    def take_outgoing(self) -> bytes:
        """Take what is to go out over the socket."""
        return self._outgoing.read()

    def close(self) -> None:
        """Say that we say nothing more."""
        try:
            self._session.unwrap()
        except (ssl.SSLError, ValueError):
            return  # the peer's word for it is not waited for

    def _shake_hands(self) -> bool:
        try:
            self._session.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLCertVerificationError as error:
            raise TlsFailure(is_peer_refused=True) from error
        except (ssl.SSLError, OSError, ValueError) as error:
            raise TlsFailure from error
        self._check_peer()
        self.is_open = True
        unsent, self._unsent = self._unsent, []
        for data in unsent:
            self._session.write(data)
        return True

    def _check_peer(self) -> None:
        settings = self._settings
        if self._peer_name is None or not settings.verifies_peers:
            return
        names = names_of(self._session)
        if not names.speak_for(self._peer_name, allows_wildcards=settings.allows_wildcards):
            raise TlsFailure(is_peer_refused=True)

    def _read(self) -> bytes:
        plain = bytearray()
        while not self.has_ended:
            try:
                data = self._session.read(_READ_BYTES)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                data = b""
            except (ssl.SSLError, OSError, ValueError) as error:
                raise TlsFailure from error
            self.has_ended = not data
            plain += data
        return bytes(plain)


def names_of(session: ssl.SSLObject) -> CertificateNames:
    """Return the names in the peer's certificate, whose chain has been verified."""
    certificate = session.getpeercert() or {}
    alternatives = cast("tuple[tuple[str, str], ...]", certificate.get("subjectAltName", ()))
    subject = cast("tuple[tuple[tuple[str, str], ...], ...]", certificate.get("subject", ()))
    return CertificateNames(
        uris=(value for kind, value in alternatives if kind == "URI"),
        dns_names=(value for kind, value in alternatives if kind == "DNS"),
        addresses=(value.strip() for kind, value in alternatives if kind == "IP Address"),
        common_names=(value for part in subject for key, value in part if key == "commonName"),
    )


def _contexts(settings: TlsSettings) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the contexts for those who connect to us, and for those we connect to."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # The names are ours to compare: RFC 5922 has rules of its own.
    client.check_hostname = False
    client.verify_mode = ssl.CERT_REQUIRED if settings.verifies_peers else ssl.CERT_NONE
    server.verify_mode = {
        ClientCertificates.IGNORE: ssl.CERT_NONE,
        ClientCertificates.CHECK: ssl.CERT_OPTIONAL,
        ClientCertificates.REQUIRE: ssl.CERT_REQUIRED,
    }[settings.client_certificates]
    for context in (server, client):
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
        _load_certificate(context, settings)
    _trust(client, settings.ca_file)
    if settings.client_ca_file is not None:
        _trust(server, settings.client_ca_file)
    return server, client


def _load_certificate(context: ssl.SSLContext, settings: TlsSettings) -> None:
    for path in (settings.certificate, settings.private_key):
        _check_readable(path)
    try:
        context.load_cert_chain(settings.certificate, settings.private_key, password=_NO_PASSPHRASE)
    except (ssl.SSLError, OSError, ValueError) as error:
        files = f"{settings.certificate} and {settings.private_key}"
        raise LocalError(
            f"{files} are not a certificate and its key without a passphrase"
        ) from error


def _trust(context: ssl.SSLContext, ca_file: Path | None) -> None:
    if ca_file is None:
        context.load_default_certs()
        return
    _check_readable(ca_file)
    try:
        context.load_verify_locations(ca_file)
    except (ssl.SSLError, OSError, ValueError) as error:
        raise LocalError(f"{ca_file} holds no certificates") from error


def _check_readable(path: Path) -> None:
    """Name a file that cannot be read; OpenSSL would not say which."""
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise LocalError(f"{path}: {error.strerror or error}") from error
