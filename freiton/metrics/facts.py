"""What the switch tells about itself when somebody scrapes: the port of this room.

The switch counts in plain integers while it works; whoever composes it answers `SwitchFacts` from
those. No value here names an account, a telephone number or a Call-ID, and every mapping is
bounded by our own code, never by what arrives from the network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from freiton.metrics.histogram import Histogram

CallKind = Literal["on-net", "outbound", "inbound", "emergency", "unrouted"]
"""As routing has them; unrouted is what was refused before anybody knew where it would go."""

CallResult = Literal["answered", "refused", "busy", "unanswered", "cancelled", "failed"]
"""Refused by the switch; busy (486, 600) or unanswered (408, 480) at the callee; else failed."""

TransactionKind = Literal["client", "server"]

CALL_KINDS: tuple[CallKind, ...] = get_args(CallKind)
CALL_RESULTS: tuple[CallResult, ...] = get_args(CallResult)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether new calls can be taken, and why not."""

    log_up: bool  # the charging log acknowledges
    listeners_up: bool  # every configured listener is bound
    shutting_down: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarFacts:
    """Who can be reached."""

    registered_accounts: int  # addresses-of-record with at least one binding
    bindings: Mapping[str, int]  # by transport


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """Calls now and since the start of the process."""

    dialling: int
    ringing: int
    answered: int
    ended: Mapping[tuple[CallKind, CallResult], int]
    refusals: Mapping[str, int]  # by cause, in the words of the refusal table; zeros included
    slots_in_use: int  # outgoing calls, with flatrates or without
    talk_s: int  # of ended calls
    charged_micros: int  # posted for ended calls, in millionths of a euro
    running_micros: int  # what the running calls have cost by their latest tick
    rating: Histogram  # one price or grant


@dataclass(frozen=True, slots=True, kw_only=True)
class SignallingFacts:
    """Messages and what they cost."""

    requests_in: Mapping[str, int]  # by method; unknown ones counted together as "other"
    requests_out: Mapping[str, int]
    responses_in: Mapping[int, int]  # by status, of which there are at most 600
    responses_out: Mapping[int, int]
    retransmissions_absorbed: int
    retransmissions_sent: int
    timeouts: int  # client transactions without a final response
    transport_failures: int
    overload_refusals: int  # requests refused before they became a transaction
    parse_errors: int
    shed: Mapping[str, int]  # requests refused while behind, by their place in the order
    strangers_dropped: int  # requests over the limit of their address, or blocked with it
    scanners_dropped: int
    sources_blocked: int  # now
    calls_over_rate: int  # refused since their account had begun too many
    behind: float  # seconds that a message waits at the most
    transactions: Mapping[TransactionKind, int]
    open_deadlines: int
    connections: Mapping[str, int]  # by transport
    connections_cut: Mapping[str, int]  # by cause: those that we closed, or could not open
    handshakes_failed: int  # of TLS and WebSocket
    name_questions: int  # to the name service
    name_questions_unanswered: int
    peers_unproven: int  # carriers and phones whose certificate does not prove their name
    certificate_days: Mapping[str, float]  # by listener: how long its certificate is still good
    udp_drops: Mapping[str, int]  # by listener: datagrams that the kernel had no room for
    loop_lag: Histogram


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyFacts:
    """What is passed on and not joined."""

    under_way: int  # requests that wait for their targets, calls that ring among them
    forwarded: int
    loops: int  # came back unchanged
    relays_refused: int  # wanted to be sent where we do not send for their sender
    acks_dropped: int  # of recorded dialogs, that could not go where they wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingLogFacts:
    """The truth about money, and how fast it becomes durable."""

    events: int  # in the log, over all starts
    unacknowledged: int
    acknowledgement: Histogram  # from append to durable


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """Who is notified of what."""

    subscriptions: Mapping[str, int]  # by event package
    publications: int
    notifies_sent: int
    notifies_failed: int  # refused for good, or without an answer: their subscription ended
    states_rendered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkFacts:
    """One way to a carrier, by its configured name."""

    name: str
    registered: bool  # true for a trunk of fixed address
    channels_in_use: int
    channels: int
    answering: bool = True  # and where nobody asks
    addresses: int = 1  # that its host leads to; none when it has not been found
    addresses_failed: int = 0  # of them, passed over for a while
    withheld_percent: int = 0  # of new calls, as the carrier asked (RFC 7339)


class SwitchFacts(Protocol):
    """Read on the loop's thread at scrape time; each method must be quick and must not wait."""

    def health(self) -> Health:
        """Return whether new calls can be taken."""

    def registrar(self) -> RegistrarFacts:
        """Return who can be reached."""

    def calls(self) -> CallFacts:
        """Return calls, slots, refusals and money."""

    def signalling(self) -> SignallingFacts:
        """Return messages, transactions and the loop."""

    def proxy(self) -> ProxyFacts:
        """Return what is passed on and not joined."""

    def charging_log(self) -> ChargingLogFacts:
        """Return the state of the charging log."""

    def subscriptions(self) -> EventFacts:
        """Return who is notified of what."""

    def trunks(self) -> Sequence[TrunkFacts]:
        """Return every trunk in service."""

    def is_emergency_path_up(self) -> bool:
        """Return whether an emergency call would find a trunk now."""
