"""The Diversion header (RFC 5806): who passed a call on, why, and how often."""

from __future__ import annotations

from typing import Final

from sipcore.errors import RemoteError
from sipcore.message.address import NameAddress
from sipcore.message.grammar import is_token, parse_uint, unquote
from sipcore.message.message import Message
from sipcore.message.parameters import format_parameters

COUNTER_MAX: Final = 99
"""Two digits (RFC 5806): a ``diversion-counter`` beyond them is no number of ours."""

_HIDING: Final = frozenset({"full", "uri", "name"})


class Diversion:
    """One diversion.

    ``reason`` is one word in lower case ("unconditional", "user-busy" …), ``counter`` how many
    diversions this entry stands for, ``is_private`` whether the diverter wants to stay unnamed.
    """

    __slots__ = ("address", "counter", "is_private", "reason")

    def __init__(
        self, address: NameAddress, reason: str, *, counter: int = 1, is_private: bool = False
    ) -> None:
        self.address = address
        self.reason = reason
        self.counter = counter
        self.is_private = is_private

    @classmethod
    def parse(cls, value: str) -> Diversion:
        """Read ``name-addr *(";" diversion-params)``; a counter of nothing counts as one."""
        address = NameAddress.parse(value)
        parameters = address.parameters
        reason = unquote(parameters.get("reason") or "unknown").lower()
        if not is_token(reason):
            raise RemoteError(f"not a reason of a diversion: {reason[:40]!r}")
        counter = parameters.get("counter")
        privacy = unquote(parameters.get("privacy") or "").lower()
        return cls(
            NameAddress(address.uri, display_name=address.display_name),
            reason,
            counter=1 if counter is None else max(1, _counter(counter)),
            is_private=privacy in _HIDING,
        )

    @classmethod
    def of(cls, message: Message) -> list[Diversion]:
        """Return every diversion, the latest first; one that cannot be read is left out."""
        found = []
        for entry in message.entries("diversion"):
            try:
                found.append(cls.parse(entry))
            except RemoteError:
                continue
        return found

    def __str__(self) -> str:
        parameters: dict[str, str | None] = {"reason": self.reason}
        if self.counter != 1:
            parameters["counter"] = str(self.counter)
        if self.is_private:
            parameters["privacy"] = "full"
        return f"{self.address}{format_parameters(parameters)}"

    def __repr__(self) -> str:
        return f"Diversion({str(self)!r})"


def _counter(text: str) -> int:
    return parse_uint(text, "a diversion counter", maximum=COUNTER_MAX)
