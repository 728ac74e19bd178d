"""What the layer counts; a collector reads it when it is asked."""

from __future__ import annotations

from typing import Final

METHODS: Final = (
    "INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "MESSAGE", "INFO", "UPDATE", "PRACK",
    "REFER", "SUBSCRIBE", "NOTIFY", "PUBLISH",
)  # fmt: skip
OTHER_METHOD: Final = "other"
"""Whatever else a peer invents, so that it cannot make us keep its words."""


class Counters:
    """Plain integers that only grow; no count is kept by peer, number or call."""

    __slots__ = (
        "ignored",
        "overload_refusals",
        "requests_received",
        "requests_sent",
        "responses_received",
        "responses_sent",
        "responses_too_late",
        "responses_unmatched",
        "retransmissions_absorbed",
        "retransmissions_sent",
        "timeouts",
        "transport_failures",
    )

    def __init__(self) -> None:
        self.requests_received: dict[str, int] = dict.fromkeys((*METHODS, OTHER_METHOD), 0)
        self.requests_sent: dict[str, int] = dict.fromkeys((*METHODS, OTHER_METHOD), 0)
        self.responses_received: dict[int, int] = {}
        self.responses_sent: dict[int, int] = {}
        self.responses_unmatched = 0
        """Responses from the wire for no transaction of ours; dropped (RFC 6026 §8.9)."""
        self.responses_too_late = 0
        """Responses from the user for a transaction that has ended."""
        self.retransmissions_absorbed = 0
        """Repeated requests, and repeated final responses, that went no further."""
        self.ignored = 0
        """What a transaction met in a state where it changes nothing."""
        self.retransmissions_sent = 0
        self.overload_refusals = 0
        self.timeouts = 0
        self.transport_failures = 0


def count_method(counts: dict[str, int], method: str) -> None:
    """Add one message to its method."""
    counts[method if method in counts else OTHER_METHOD] += 1


def count_status(counts: dict[int, int], status: int) -> None:
    """Add one message to its status; there are at most 600 of them."""
    counts[status] = counts.get(status, 0) + 1
