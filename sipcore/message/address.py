"""``name-addr`` and ``addr-spec`` with parameters: From, To, Contact, Route (RFC 3261 §20.10)."""

from __future__ import annotations

import re
from typing import Final

from sipcore.errors import RemoteError
from sipcore.message.grammar import QUOTED_STRING, quote, unquote
from sipcore.message.parameters import Parameters, format_parameters, parse_parameters
from sipcore.message.uri import Uri, parse_uri

# A display name without quotes is read more freely than the RFC's tokens: phones send umlauts,
# brackets and "@" in it. It is always written in quotes.
_NAME_ADDR: Final = re.compile(
    rf'(?:(?P<quoted>{QUOTED_STRING})[ \t]*|(?P<plain>[^"<>,;:\\]*))'
    r"<(?P<uri>[^<>]*)>(?P<parameters>.*)"
)


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

        Without ``<>`` every parameter belongs to the header, not to the URI, and a URI with a
        comma or question mark is refused (§20.10).
        """
        match = _NAME_ADDR.fullmatch(value.strip(" \t"))
        if match is None:
            return cls._parse_addr_spec(value)
        quoted, plain, uri, parameters = match.groups()
        return cls(
            parse_uri(uri),
            display_name=" ".join(plain.split()) if quoted is None else unquote(quoted),
            parameters=parse_parameters(parameters) if parameters else None,
        )

    @classmethod
    def _parse_addr_spec(cls, value: str) -> NameAddress:
        uri, semicolon, parameters = value.partition(";")
        if "?" in uri or "," in uri:
            raise RemoteError(f"an address that needs '<>': {value[:60]!r}")
        return cls(
            parse_uri(uri.strip(" \t")),
            parameters=parse_parameters(semicolon + parameters) if semicolon else None,
        )

    @property
    def tag(self) -> str | None:
        """The tag parameter of From and To; an empty one is none."""
        return self.parameters.get("tag") or None

    def __str__(self) -> str:
        name = f"{quote(self.display_name)} " if self.display_name else ""
        return f"{name}<{self.uri}>{format_parameters(self.parameters)}"

    def __repr__(self) -> str:
        return f"NameAddress({str(self)!r})"
