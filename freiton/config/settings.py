"""The settings of one switch.

There is no default value in this file: `config/default.toml` is the only place for them.
"""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, StringConstraints

from freiton.config.host_port import HostPortText
from freiton.config.problems import Problem
from freiton.config.texts import HostName, Name, shaped


class Transport(StrEnum):
    """What carries SIP; names as in a Via header, in lower case."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"
    WS = "ws"
    WSS = "wss"

    @property
    def is_secure(self) -> bool:
        """Whether it needs a certificate."""
        return self in (Transport.TLS, Transport.WSS)


class ClientCertificates(StrEnum):
    """What to do about the certificates of those who connect to us."""

    IGNORE = "ignore"
    CHECK = "check"
    REQUIRE = "require"


class UnknownSource(StrEnum):
    """What to do with an emergency call from a source that nobody knows."""

    REFUSE = "refuse"
    ACCEPT = "accept"


class LogLevel(StrEnum):
    """The least weight of a line in the log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


Origin = Annotated[str, shaped(r"https?://[A-Za-z0-9.\[\]:-]{1,255}", "like https://example.org")]
"""Scheme, host and port of a page, as a browser names it (RFC 6454 §6.2)."""

Seconds = Annotated[int, Field(strict=True, ge=1, le=86_400)]


class Section(BaseModel):
    """A table of settings: frozen, and closed to names that do not exist."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Listener(Section):
    """A socket for SIP; what a site leaves out here has no default but "none"."""

    name: Name
    transport: Transport
    listen: HostPortText
    advertise: HostPortText | None = None
    certificate: Path | None = None
    private_key: Path | None = None
    client_certificates: ClientCertificates = ClientCertificates.IGNORE
    client_ca_file: Path | None = None
    origins: Annotated[tuple[Origin, ...], Field(max_length=64)] = ()


class Tls(Section):
    """Whom we believe when we connect by TLS; `ca_file` is None for whom the system trusts."""

    ca_file: Path | None
    verify_carriers: bool
    wildcards: bool


class Http(Section):
    """The socket for health and metrics."""

    listen: HostPortText


class Dns(Section):
    """Whom the names of carriers are asked of; nobody named means those of the system."""

    servers: Annotated[tuple[HostPortText, ...], Field(max_length=8)]


class Timers(Section):
    """The base values that the timers of RFC 3261 §17 are made of."""

    t1_s: Annotated[float, Field(strict=True, ge=0.05, le=5)]
    t2_s: Annotated[float, Field(strict=True, ge=0.05, le=60)]
    t4_s: Annotated[float, Field(strict=True, ge=0.05, le=60)]


class Registration(Section):
    """For how long bindings are granted, and how NAT is kept open for them."""

    min_expires_s: Seconds
    max_expires_s: Seconds
    default_expires_s: Seconds
    nat_keepalive_s: Annotated[int, Field(strict=True, ge=5, le=300)]
    service_route: Annotated[bool, Field(strict=True)]


class Subscriptions(Section):
    """For how long somebody is notified, and what phones publish is kept (RFC 6665, RFC 3903)."""

    min_expires_s: Annotated[int, Field(strict=True, ge=1, le=3600)]
    max_expires_s: Seconds


class SessionTimer(Section):
    """Session intervals (RFC 4028): the least we take and what we ask for."""

    min_s: Annotated[int, Field(strict=True, ge=90, le=86_400)]
    expires_s: Seconds


class Ringing(Section):
    """What goes reliably to a caller before the answer (RFC 3262 §3), if it supports that."""

    reliable: Literal["session", "all"]


class Forwarding(Section):
    """Calls that phones send elsewhere."""

    redirects: Literal["follow", "refuse"]


class Pickup(Section):
    """Calls that ring at a colleague's phone."""

    code: Annotated[str, StringConstraints(pattern=r"^(\*[0-9*]{1,3})?$")]


class OperatingLimits(Section):
    """What one process takes on."""

    calls_max: Annotated[int, Field(strict=True, ge=1, le=100_000)]
    tcp_connections_max: Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
    wrong_passwords_max: Annotated[int, Field(strict=True, ge=1, le=1000)]
    wrong_passwords_wait_s: Seconds


class Defence(Section):
    """What is heard of strangers, per address, and of accounts."""

    answers_scanners: bool
    stranger_requests_per_s: Annotated[int, Field(strict=True, ge=0, le=100_000)]
    stranger_burst: Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
    stranger_failures_max: Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
    stranger_failures_window_s: Seconds
    block_s: Seconds
    calls_per_account_per_s: Annotated[int, Field(strict=True, ge=0, le=100_000)]
    calls_per_account_burst: Annotated[int, Field(strict=True, ge=1, le=1_000_000)]


class Emergency(Section):
    """Whose emergency calls are put through without a registration."""

    access: tuple[IPvAnyNetwork, ...]
    elsewhere: UnknownSource


class Tariff(Section):
    """Which price lists hold; `folder` is None for those that come with the switch."""

    provider: Name
    folder: Path | None


class Numbering(Section):
    """Which number table holds; None for the shipped folder and for its newest version."""

    folder: Path | None
    version: str | None


class Profiles(Section):
    """Where profiles of carriers stand besides the shipped ones."""

    folder: Path | None


class Log(Section):
    """The structured log."""

    level: LogLevel


class Trace(Section):
    """The flight recorder: what is remembered of calls, and for how long."""

    enabled: Annotated[bool, Field(strict=True)]
    calls_max: Annotated[int, Field(strict=True, ge=1, le=100_000)]
    bytes_per_call_max: Annotated[int, Field(strict=True, ge=4_096, le=16_777_216)]
    keep_s: Seconds
    keep_on_fault: Annotated[bool, Field(strict=True)]
    fault_files_days: Annotated[int, Field(strict=True, ge=1, le=30)]


class Hep(Section):
    """Where copies of all messages go, for a capture server."""

    enabled: Annotated[bool, Field(strict=True)]
    server: HostPortText
    capture_id: Annotated[int, Field(strict=True, ge=0, le=4_294_967_295)]
    password: Annotated[str, Field(max_length=255)]


class Shutdown(Section):
    """How the switch stops."""

    deadline_s: Annotated[int, Field(strict=True, ge=0, le=86_400)]


class Config(Section):
    """All settings of one switch."""

    state_folder: Path
    worker_id: Annotated[str, shaped(r"[A-Za-z0-9]{2}", "two letters or digits")]
    domains: Annotated[tuple[HostName, ...], Field(min_length=1)]
    local_hosts: tuple[HostName, ...]
    listeners: Annotated[tuple[Listener, ...], Field(min_length=1, max_length=64)]
    tls: Tls
    http: Http
    dns: Dns
    timers: Timers
    registration: Registration
    session_timer: SessionTimer
    ringing: Ringing
    forwarding: Forwarding
    pickup: Pickup
    subscriptions: Subscriptions
    limits: OperatingLimits
    defence: Defence
    emergency: Emergency
    tariff: Tariff
    numbering: Numbering
    profiles: Profiles
    log: Log
    trace: Trace
    hep: Hep
    shutdown: Shutdown

    @property
    def default_domain(self) -> str:
        """The domain of whoever names none, and its devices' realm."""
        return self.domains[0]

    @property
    def known_hosts(self) -> tuple[str, ...]:
        """Names of the default domain: the configured ones and the listeners' own addresses."""
        addresses = (
            address.host
            for listener in self.listeners
            for address in (listener.listen, listener.advertise)
            if address is not None and not address.is_wildcard
        )
        return tuple(dict.fromkeys((*self.local_hosts, *addresses)))


def contradictions(config: Config) -> Iterator[Problem]:
    """Yield what is wrong between settings that are each right by themselves."""
    yield from _listeners(config.listeners)
    times = config.registration
    if not times.min_expires_s <= times.default_expires_s <= times.max_expires_s:
        yield Problem(
            "should lie between min_expires_s and max_expires_s",
            ("registration", "default_expires_s"),
        )
    if config.subscriptions.max_expires_s < config.subscriptions.min_expires_s:
        yield Problem("should not be less than min_expires_s", ("subscriptions", "max_expires_s"))
    if config.session_timer.expires_s < config.session_timer.min_s:
        yield Problem("should not be less than min_s", ("session_timer", "expires_s"))
    if config.timers.t2_s < config.timers.t1_s:
        yield Problem("should not be less than t1_s", ("timers", "t2_s"))


def _listeners(listeners: tuple[Listener, ...]) -> Iterator[Problem]:
    names: set[str] = set()
    sockets: set[tuple[str, str]] = set()
    for place, listener in enumerate(listeners):
        at = ("listeners", place)
        if listener.name in names:
            yield Problem(f"there is another listener named {listener.name}", (*at, "name"))
        names.add(listener.name)
        if not listener.listen.is_ip:
            yield Problem("should be an IP address of this machine", (*at, "listen"))
        family = "udp" if listener.transport is Transport.UDP else "tcp"
        socket = (family, str(listener.listen))
        if listener.listen.port and socket in sockets:
            yield Problem(
                f"{listener.transport} {listener.listen} is taken by another listener",
                (*at, "listen"),
            )
        sockets.add(socket)
        yield from _advertised(listener, at)
        yield from _certificates(listener, at)


def _certificates(listener: Listener, at: tuple[str, int]) -> Iterator[Problem]:
    """Yield what does not fit the transport."""
    files = ("certificate", "private_key")
    given = [name for name in (*files, "client_ca_file") if getattr(listener, name) is not None]
    if listener.transport.is_secure:
        yield from (
            Problem(f"is needed for {listener.transport}", (*at, name))
            for name in files
            if name not in given
        )
    else:
        yield from (
            Problem(f"is for tls and wss, not {listener.transport}", (*at, name)) for name in given
        )
    asks = listener.client_certificates is not ClientCertificates.IGNORE
    if asks and listener.client_ca_file is None:
        yield Problem("wants a client_ca_file", (*at, "client_certificates"))
    if listener.origins and listener.transport not in (Transport.WS, Transport.WSS):
        yield Problem(f"are for ws and wss, not {listener.transport}", (*at, "origins"))


def _advertised(listener: Listener, at: tuple[str, int]) -> Iterator[Problem]:
    address = listener.advertise
    if address is None:
        return
    if address.is_wildcard or address.port == 0:
        yield Problem("should be an address that others can reach", (*at, "advertise"))
    elif address.is_ip and listener.listen.is_ip and address.is_ipv6 != listener.listen.is_ipv6:
        yield Problem(
            f"should be of the same address family as listen, {listener.listen}",
            (*at, "advertise"),
        )
