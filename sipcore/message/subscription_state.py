"""The Subscription-State header of a NOTIFY (RFC 6665 §8.2.3, §8.4)."""

from __future__ import annotations

from sipcore.errors import RemoteError
from sipcore.message.grammar import is_token
from sipcore.message.message import Message, parse_delta_seconds
from sipcore.message.parameters import parse_parameters


class SubscriptionState:
    """How a subscription stands: a state, and for how long, why, or when to come back."""

    __slots__ = ("expires_s", "reason", "retry_after_s", "state")

    def __init__(
        self,
        state: str,
        *,
        expires_s: int | None = None,
        reason: str = "",
        retry_after_s: int | None = None,
    ) -> None:
        self.state = state
        self.expires_s = expires_s
        self.reason = reason
        self.retry_after_s = retry_after_s

    @classmethod
    def parse(cls, value: str) -> SubscriptionState:
        """Read the value; RemoteError for what is none."""
        state, semicolon, rest = value.partition(";")
        state = state.strip(" \t")
        if not is_token(state):
            raise RemoteError(f"not a subscription state: {value[:40]!r}")
        parameters = parse_parameters(semicolon + rest) if semicolon else {}
        return cls(
            state.lower(),
            expires_s=parse_delta_seconds(parameters.get("expires") or ""),
            reason=(parameters.get("reason") or "").lower(),
            retry_after_s=parse_delta_seconds(parameters.get("retry-after") or ""),
        )

    @classmethod
    def of(cls, message: Message) -> SubscriptionState:
        """Return that of a NOTIFY, which must have one."""
        return cls.parse(message.required("subscription-state"))

    def __str__(self) -> str:
        text = self.state
        if self.reason:
            text += f";reason={self.reason}"
        if self.expires_s is not None:
            text += f";expires={self.expires_s}"
        if self.retry_after_s is not None:
            text += f";retry-after={self.retry_after_s}"
        return text

    def __repr__(self) -> str:
        return f"SubscriptionState({str(self)!r})"
