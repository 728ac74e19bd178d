"""The Replaces header: which dialog an INVITE takes the place of (RFC 3891 §6.1)."""

from __future__ import annotations

from sipcore.errors import RemoteError
from sipcore.message.message import Message
from sipcore.message.parameters import parse_parameters


class Replaces:
    """A dialog as the one sees it who receives the header: ``to_tag`` is his own tag."""

    __slots__ = ("call_id", "from_tag", "is_early_only", "to_tag")

    def __init__(
        self, call_id: str, to_tag: str, from_tag: str, *, is_early_only: bool = False
    ) -> None:
        self.call_id = call_id
        self.to_tag = to_tag
        self.from_tag = from_tag
        self.is_early_only = is_early_only

    @classmethod
    def parse(cls, value: str) -> Replaces:
        """Read ``callid *(SEMI replaces-param)``; both tags must be there, once each."""
        call_id, semicolon, rest = value.strip(" \t").partition(";")
        parameters = parse_parameters(semicolon + rest) if semicolon else {}
        call_id = call_id.strip(" \t")
        to_tag, from_tag = parameters.get("to-tag"), parameters.get("from-tag")
        if not call_id or " " in call_id or to_tag is None or from_tag is None:
            raise RemoteError(f"not a Replaces: {value[:80]!r}")
        return cls(call_id, to_tag, from_tag, is_early_only="early-only" in parameters)

    @classmethod
    def of(cls, message: Message) -> Replaces | None:
        """Return the header of a message, None when absent; two of them are a RemoteError."""
        value = message.value("replaces")
        return None if value is None else cls.parse(value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Replaces) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        early = ";early-only" if self.is_early_only else ""
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{early}"

    def __repr__(self) -> str:
        return f"Replaces({str(self)!r})"
