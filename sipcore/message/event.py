"""The Event header: which state somebody wants to hear of (RFC 6665 §8.2.1, §8.4)."""

from __future__ import annotations

import re
from typing import Final

from sipcore.errors import RemoteError
from sipcore.message.message import Message
from sipcore.message.parameters import parse_parameters

# event-type: a package of token characters without the dot, and templates behind dots.
_TYPE: Final = re.compile(r"[A-Za-z0-9\-!%*_+`'~]{1,64}(?:\.[A-Za-z0-9\-!%*_+`'~]{1,64}){0,4}")


class Event:
    """An event type in lower case, and the id that tells two subscriptions of a dialog apart."""

    __slots__ = ("id", "type")

    def __init__(self, event_type: str, event_id: str = "") -> None:
        self.type = event_type
        self.id = event_id

    @classmethod
    def parse(cls, value: str) -> Event:
        """Read the value; RemoteError for what is none."""
        name, semicolon, parameters = value.partition(";")
        name = name.strip(" \t")
        if _TYPE.fullmatch(name) is None:
            raise RemoteError(f"not an event type: {value[:40]!r}")
        found = parse_parameters(semicolon + parameters) if semicolon else {}
        return cls(name.lower(), found.get("id") or "")

    @classmethod
    def of(cls, message: Message) -> Event | None:
        """Return the event of a SUBSCRIBE, NOTIFY or PUBLISH, None when it names none."""
        value = message.value("event")
        return None if value is None else cls.parse(value)

    def __str__(self) -> str:
        return f"{self.type};id={self.id}" if self.id else self.type

    def __eq__(self, other: object) -> bool:
        """Compare as §8.2.1 says: type and id; other parameters are the packages' own."""
        return isinstance(other, Event) and (self.type, self.id) == (other.type, other.id)

    def __hash__(self) -> int:
        return hash((self.type, self.id))

    def __repr__(self) -> str:
        return f"Event({str(self)!r})"
