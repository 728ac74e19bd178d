"""``name-addr`` and ``addr-spec`` with parameters: From, To, Contact, Route (RFC 3261 §20.10)."""

from __future__ import annotations

import re
from typing import Final

from sipcore.errors import RemoteError
from sipcore.message.grammar import end_of_quoted, quote, unquote
from sipcore.message.parameters import Parameters, format_parameters, parse_parameters
from sipcore.message.uri import Uri, parse_uri

_PLAIN_DISPLAY: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~ \t]*")


class NameAddress:
    """An address with display name and header parameters."""

    __slots__ = ("display_name", "parameters", "uri")

    def __init__(
        self, uri: Uri, *, display_name: str = "", parameters: Parameters | None = None
    ) -> None:
        self.uri = uri
        self.display_name = display_name
        self.parameters: Parameters = {} if parameters is None else parameters

    @classmethod
    def parse(cls, value: str) -> NameAddress:
        """Read one address.

        Without ``<>`` every parameter belongs to the header, not to the URI (§20.10).
        """
        value = value.strip()
        display, bracket, rest = _split_display(value)
        if bracket:
            end = rest.find(">")
            if end < 0:
                raise RemoteError("an address has no '>'")
            uri_text, parameter_text = rest[:end], rest[end + 1 :]
        else:
            uri_text, semicolon, parameter_text = value.partition(";")
            parameter_text = semicolon + parameter_text
            uri_text = uri_text.strip()
        return cls(
            parse_uri(uri_text),
            display_name=display,
            parameters=parse_parameters(parameter_text) if parameter_text.strip() else None,
        )

    @property
    def tag(self) -> str | None:
        """The tag parameter of From and To."""
        return self.parameters.get("tag")

    def __str__(self) -> str:
        name = f"{quote(self.display_name)} " if self.display_name else ""
        return f"{name}<{self.uri}>{format_parameters(self.parameters)}"

    def __repr__(self) -> str:
        return f"NameAddress({str(self)!r})"


def _split_display(value: str) -> tuple[str, bool, str]:
    """Return display name, whether ``<`` follows, and what stands behind it."""
    if value.startswith('"'):
        end = end_of_quoted(value, 0)
        rest = value[end:].lstrip()
        if not rest.startswith("<"):
            raise RemoteError("a display name is not followed by '<'")
        return unquote(value[:end]), True, rest[1:]
    display, bracket, rest = value.partition("<")
    if not bracket:
        return "", False, value
    display = display.strip()
    if not display.isascii():
        # The grammar wants quotes here; phones send UTF-8 without. Reading it harms no one,
        # since it is written quoted.
        return display, True, rest
    if _PLAIN_DISPLAY.fullmatch(display) is None:
        raise RemoteError(f"not a display name: {display[:40]!r}")
    return display, True, rest
