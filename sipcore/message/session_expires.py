"""The Session-Expires and Min-SE headers (RFC 4028 §4, §5)."""

from __future__ import annotations

from typing import Final

from sipcore.errors import RemoteError
from sipcore.message.message import Message, parse_delta_seconds
from sipcore.message.parameters import format_parameters, parse_parameters

MIN_SE_DEFAULT: Final = 90
"""The Min-SE of a message that has none (RFC 4028 §5)."""


class SessionExpires:
    """The session interval in seconds, and who refreshes: "uac", "uas" or None for undecided."""

    __slots__ = ("interval_s", "refresher")

    def __init__(self, interval_s: int, refresher: str | None = None) -> None:
        self.interval_s = interval_s
        self.refresher = refresher

    @classmethod
    def parse(cls, value: str) -> SessionExpires:
        """Read ``delta-seconds *(SEMI se-params)``; RemoteError when the refresher is neither."""
        number, semicolon, parameter_text = value.partition(";")
        parameters = parse_parameters(semicolon + parameter_text) if semicolon else {}
        refresher = parameters.get("refresher")
        if refresher is not None:
            refresher = refresher.lower()
            if refresher not in ("uac", "uas"):
                raise RemoteError(f"not a refresher: {refresher[:20]!r}")
        return cls(_seconds(number, "Session-Expires"), refresher)

    @classmethod
    def of(cls, message: Message) -> SessionExpires | None:
        """Return the header of a message, None when absent."""
        value = message.value("session-expires")
        return None if value is None else cls.parse(value)

    def __str__(self) -> str:
        parameters = {} if self.refresher is None else {"refresher": self.refresher}
        return f"{self.interval_s}{format_parameters(dict(parameters))}"


def min_se(message: Message) -> int:
    """Return the shortest session interval that a message allows."""
    value = message.value("min-se")
    if value is None:
        return MIN_SE_DEFAULT
    return _seconds(value.partition(";")[0], "Min-SE")


def _seconds(text: str, what: str) -> int:
    seconds = parse_delta_seconds(text)
    if seconds is None:
        raise RemoteError(f"{what} is not a number: {text[:20]!r}")
    return seconds
