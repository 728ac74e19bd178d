"""The Via header (RFC 3261 §20.42, RFC 3581)."""

from __future__ import annotations

import re
from typing import Final

from sipcore.errors import RemoteError
from sipcore.message.grammar import IGNORE_CASE, TOKEN
from sipcore.message.parameters import Parameters, format_parameters, parse_parameters
from sipcore.message.uri import HOST, checked_host, parse_port

_VIA: Final = re.compile(
    rf"SIP[ \t]*/[ \t]*2\.0[ \t]*/[ \t]*(?P<transport>{TOKEN})[ \t]+"
    rf"(?P<host>{HOST})(?:[ \t]*:[ \t]*(?P<port>[0-9]+))?[ \t]*(?P<parameters>;.*)?",
    IGNORE_CASE,
)

OVERLOAD_CONTROL: Final = ';oc;oc-algo="loss"'
"""What our Via ends in where the next server may say how much it can take (RFC 7339 §4)."""


class Via:
    """One hop of the response path."""

    __slots__ = ("host", "parameters", "port", "transport")

    def __init__(
        self,
        transport: str,
        host: str,
        *,
        port: int | None = None,
        parameters: Parameters | None = None,
    ) -> None:
        self.transport = transport
        self.host = host
        self.port = port
        self.parameters: Parameters = {} if parameters is None else parameters

    @classmethod
    def parse(cls, value: str) -> Via:
        """Read ``SIP/2.0/UDP host[:port];parameters``; blanks may stand around the marks."""
        match = _VIA.fullmatch(value.strip(" \t"))
        if match is None:
            raise RemoteError(f"not a Via: {value[:60]!r}")
        transport, host, port, parameters = match.groups()
        return cls(
            transport.upper(),
            checked_host(host),
            port=parse_port(port),
            parameters=parse_parameters(parameters) if parameters else None,
        )

    @property
    def branch(self) -> str | None:
        """The branch parameter, as sent."""
        return self.parameters.get("branch")

    @property
    def sent_by(self) -> str:
        """Host and port where responses are expected, as written by the sender."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def received(self) -> str | None:
        """The source address that a server noted (§18.2.1), IPv6 without brackets.

        The grammar wants none, but some write them and RFC 5118 §4.5 has both read.
        """
        value = self.parameters.get("received")
        return None if value is None else value.strip("[]")

    @property
    def rport(self) -> int | None:
        """The source port that a server noted (RFC 3581 §4); None when absent or still empty."""
        value = self.parameters.get("rport")
        return parse_port(value) if value else None

    def __str__(self) -> str:
        return f"SIP/2.0/{self.transport} {self.sent_by}{format_parameters(self.parameters)}"

    def __repr__(self) -> str:
        return f"Via({str(self)!r})"
