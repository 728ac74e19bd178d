"""Every technical limit of sipcore, each with its reason.

A customer's limits (channels, flatrates, spending) are data of an account and not found here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what a peer may make us keep or compute."""

    message_bytes_max: int = 65_535
    """A UDP datagram cannot be larger; a stream is held to the same, so no one can fill memory."""

    head_bytes_max: int = 16_384
    """Real heads stay below 6 kB even with identity and long routes; SDP is not part of it."""

    header_lines_max: int = 128
    """A real INVITE has 15 to 40 header fields, few of them folded; bounds the work of one."""

    value_chars_max: int = 4_096
    """One header value; a long Identity token is about 1 kB."""

    hops_max: int = 70
    """Max-Forwards of what we originate (RFC 3261 §8.1.1.6)."""

    server_transactions_max: int = 50_000
    """1,000 requests a second, each kept for 64·T1, are 32,000; beyond, new ones get a 503."""

    server_transactions_strangers_max: int = 20_000
    """Beyond, strangers get a 503: an address is easily forged, so no limit of one of them would
    keep a flood from taking the places of the phones that are registered."""

    server_transactions_reserve: int = 10_000
    """On top, for what belongs to calls that stand and for emergency calls."""

    proxy_contexts_max: int = 20_000
    """Requests being forwarded at once: 600 a second when no phone answers, or calls that ring."""

    proxy_branches_max: int = 60
    """Branches of one request over its whole life, whatever its redirections say."""

    max_breadth: int = 60
    """Branches of one request at once, here and beyond, if it does not say less (RFC 5393 §5)."""

    timer_c_s: float = 200.0
    """How long a proxied INVITE may go without news: more than three minutes (§16.6 step 11)."""

    connections_max: int = 20_000
    """TCP connections in all; each costs a descriptor and some kB."""

    connections_reserve: int = 500
    """Of them for those that we open, a tenth at most: carriers are reached by TCP and TLS even
    when strangers hold all others."""

    displaced_looks_max: int = 64
    """Connections looked at for one that may go when all are taken: some microseconds, so that a
    flood of newcomers costs no more than itself."""

    connections_per_source_max: int = 256
    """TCP connections from one address; a large office behind one NAT stays below."""

    connections_per_source_per_s: float = 20.0
    """New connections from one address; each may want a TLS handshake, a millisecond of work."""

    connections_per_source_burst: int = 256
    """So many at once: all phones of that office come back."""

    stream_read_bytes: int = 8_192
    """What one connection is heard of at a time before others get their turn. A loop reads a
    quarter of a million otherwise, which takes seconds if it is rubbish."""

    malformed_in_a_row_max: int = 8
    """So many malformed messages of one read in a row: who sends them is no telephone."""

    websocket_frames_max: int = 64
    """Frames of WebSocket in one read; a browser sends whole messages, and hardly a ping."""

    unsent_bytes_max: int = 262_144
    """What waits for a peer that does not read; then its connection is closed."""

    partial_message_s: float = 10.0
    """A message on a stream that takes longer than this to arrive is an attack or a fault."""

    idle_connection_s: float = 1_980.0
    """A connection silent for so long is closed; phones send keep-alives sooner, and the calls of a
    carrier over it are refreshed after half of 1,800 s."""

    connect_s: float = 4.0
    """A connection not open by then has failed; the caller can still try another way."""

    handshake_s: float = 5.0
    """A TLS or WebSocket handshake that takes longer than this is an attack or a fault."""

    handshakes_per_source_max: int = 64
    """Handshakes of one address at once: an office whose phones all come back finishes its own in
    tens of milliseconds each, who starts them and waits is stopped here."""

    websocket_ping_s: float = 30.0
    """How often a browser is asked whether it lives; home routers forget a quiet TCP connection
    after some minutes, web proxies after one."""

    udp_request_bytes_max: int = 1_300
    """A larger request goes over TCP, since fragments of datagrams get lost (RFC 3261 §18.1.1)."""

    udp_only_peers_max: int = 4_096
    """Peers remembered that could not be reached over TCP; the oldest is forgotten first."""

    udp_only_s: float = 600.0
    """How long such a peer is spared another try, which may cost seconds."""

    subscriptions_max: int = 50_000
    """Event subscriptions in all: 10,000 phones with five lamps each; one costs about 3 kB."""

    subscriptions_per_account_max: int = 500
    """Of one account: three phones with a hundred lamps each, and what they left behind."""

    publications_per_account_max: int = 16
    """Publications (RFC 3903) of one account: one for each of its devices, and some more."""

    publication_bytes_max: int = 8_192
    """A presence document of a phone has about 1 kB."""

    publication_elements_max: int = 256
    """XML elements of a publication; a phone sends about ten."""

    notification_bytes_max: int = 32_768
    """The body of one NOTIFY; what does not fit follows in the next one."""

    list_entries_max: int = 100
    """Lamps of one list: the largest key extensions have 60 to 100 keys."""

    dialogs_per_document_max: int = 16
    """Calls of one account in a dialog document; a lamp shows one, and an exchange has hundreds."""


DEFAULT_LIMITS = Limits()

OVERLOAD_VALIDITY_MAX_S = 60.0
"""A carrier that asks to be offered less says so again while that holds (RFC 7339); a value out of
all measure must not keep calls away for hours."""

RETRY_AFTER_S = (5.0, 30.0)
"""Between these a refused client is told to come back, so that they do not come all at once."""

STRANGER_EMERGENCIES_PER_S = 2.0
"""Calls for help from one address where nobody is registered; anyone may write 112, and each call
is recorded for good."""

STRANGER_EMERGENCIES_BURST = 20
"""So many at once: a house that burns, behind one NAT."""

STRANGER_EMERGENCIES_ALL_PER_S = 50.0
"""The same of all addresses together, since they are easily forged; a land has fewer."""

STRANGER_EMERGENCIES_ALL_BURST = 200
"""So many at once of all of them: an earthquake."""

NOTIFIES_PER_TURN = 40
"""NOTIFY requests sent one after the other; some 3 ms, for which an INVITE may wait."""

NOTIFY_TURN_S = 0.01
"""The time between two turns: 4,000 a second, so that a storm of lamps leaves two thirds of the
time to calls, and the thousand lamps of a company show within half a second what is new."""

CSEQ_MAX = 2**31 - 1
"""RFC 3261 §8.1.1.5: a sequence number is less than 2**31."""

DELTA_SECONDS_MAX = 2**32 - 1
"""RFC 3261 §20.19: expiry is a 32 bit number; more is read as this."""

REDIRECTIONS_MAX = 5
"""Diversions of one call; ISDN allows no more (ITU-T Q.732.2), and a sixth is a circle."""

LIST_ENTRIES_MAX = 64
"""Entries of one list header (Via, Route, Contact), over all its fields: more is a parser bomb."""

CREDENTIALS_MAX = 8
"""Authorization fields of one request: two algorithms for two or three realms on the way."""

DNS_RECORDS_MAX = 64
"""Records read of one answer; a carrier names four to sixteen machines."""

SERVICE_TARGETS_MAX = 16
"""Servers of one URI whose addresses are asked for: each is a question or two."""

LOCATED_HOPS_MAX = 32
"""Addresses tried for one request, at the worst one after the other."""

DNS_KEPT_MAX = 20_000
"""Answers of the name service kept; a peer may bring a new name in every Contact."""

DNS_OUTSTANDING_MAX = 128
"""Questions under way; beyond, a name counts as unknown, so that no flood of names queues up."""

DNS_TTL_S = (1.0, 3600.0)
"""An answer is kept for its lifetime within these: never asked per packet, moved within an hour."""

DNS_NEGATIVE_TTL_S = 30.0
"""How long a name counts as without records; a carrier's slip is mended within minutes."""

DNS_FAILURE_TTL_S = 5.0
"""How long after a failure of the name service a name is not asked again."""

DNS_TIMEOUT_S = 4.0
"""A name that is not answered by then is unknown; the caller can still try another way."""

BLOCKED_HOPS_MAX = 1_000
"""Dead addresses remembered; the oldest is forgotten first."""

CALLS_PER_S_MAX = 5_000.0
"""New calls let in while no queue stands: far more than one core sets up."""

CALLS_PER_S_MIN = 5.0
"""So many are always tried, or a rate that fell to nothing would never be found again."""

QUEUE_TARGET_S = 0.05
"""The queue that is meant to stand: a call's set-up may wait for it some times over."""

QUEUE_MAX_S = 0.25
"""Behind by more, no new call comes in at all: its caller would hear nothing for too long."""

BEHIND_MAX_REST_S = 0.05
"""How far behind the switch may be for what nobody waits for: at the first sign of a queue."""

BEHIND_MAX_NEW_REGISTER_S = 0.1
"""The same for a device that is not known yet: it tries again by itself, calls go first."""

BEHIND_MAX_CONTINUED_S = 0.5
"""For an INVITE that answers our challenge: a client repeats after T1, and half of its work is
done."""

BEHIND_MAX_REFRESH_S = 1.0
"""For a refresh: a phone that is lost cannot be called, and comes back with all others at once."""

SOURCES_MAX = 20_000
"""Addresses remembered; the one heard of longest ago is forgotten first."""

USERNAME_CHARS_MAX = 128
"""Longer names are nobody's: no look-up, no log line grows with what a stranger sends."""

KNOWN_CHECKS_MAX = 100
"""Wrong passwords checked in 15 min over a flow that a device is registered from."""

STALE_IN_A_ROW_MAX = 3
"""A server that calls every new nonce stale is not answered for ever."""

FLOWS_MAX = 4
"""Flows of one device; RFC 5626 §4.2 thinks of two, a phone on two networks has four."""

CONTACT_CHARS_MAX = 512
"""A contact is kept for an hour; real ones, with push parameters, stay below 400."""

PATH_CHARS_MAX = 1024
"""All Path entries of a binding; one edge proxy writes about 100."""

CALL_ID_CHARS_MAX = 256
"""Of a binding; phones write a UUID and a host."""

INSTANCE_CHARS_MAX = 128
"""A URN of a UUID has 47."""

USER_AGENT_CHARS_MAX = 80
"""Kept for people to read; the rest is cut."""

PIDF_DEPTH_MAX = 16
"""Nested elements of a presence document; extensions of a tuple end at six or seven."""

PIDF_TEXT_CHARS_MAX = 256
"""Of a note; a longer one is cut."""

PIDF_TUPLES_MAX = 8
"""Of a document; a phone has one, and what follows is not kept."""

PIDF_NOTES_MAX = 4
"""Of a document; one for each language that somebody writes it in."""

PROVISIONALS_WAITING_MAX = 8
"""18x that wait for a PRACK; of those that say nothing but a status only the last is kept."""

DNS_ROUNDS_MAX = 4
"""NAPTR, SRV and addresses, and one more for an answer that grew old meanwhile."""

DESCRIPTORS_RESERVED = 256
"""Of what the process may open, for all that is no TCP connection of SIP."""
