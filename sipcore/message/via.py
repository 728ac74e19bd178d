"""The Via header (RFC 3261 §20.42, RFC 3581)."""

from __future__ import annotations

from sipcore.errors import RemoteError
from sipcore.message.grammar import is_token, parse_uint
from sipcore.message.parameters import Parameters, format_parameters, parse_parameters
from sipcore.message.uri import PORT_MAX, parse_host_port


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
        """Read ``SIP/2.0/UDP host[:port];parameters``; blanks may stand around the slashes."""
        head, semicolon, parameter_text = value.partition(";")
        protocol, _, sent_by = head.strip().rpartition(" ")
        if not protocol:
            protocol, _, sent_by = head.strip().rpartition("\t")
        # "host : port" is legal, if rare.
        if ":" in head and (sent_by.startswith(":") or protocol.rstrip().endswith(":")):
            protocol, sent_by = _with_blanks(head)
        parts = [part.strip() for part in protocol.split("/")]
        if len(parts) != 3 or parts[0].upper() != "SIP" or parts[1] != "2.0":
            raise RemoteError(f"not a Via: {value[:60]!r}")
        if not is_token(parts[2]):
            raise RemoteError(f"not a transport in Via: {parts[2][:20]!r}")
        host, port = parse_host_port(sent_by)
        parameters = parse_parameters(semicolon + parameter_text) if semicolon else {}
        return cls(parts[2].upper(), host, port=port, parameters=parameters)

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
        """The source address that a server noted (§18.2.1)."""
        return self.parameters.get("received")

    @property
    def rport(self) -> int | None:
        """The source port that a server noted (RFC 3581 §4); None when absent or still empty."""
        value = self.parameters.get("rport")
        return None if not value else parse_uint(value, "rport", maximum=PORT_MAX)

    def __str__(self) -> str:
        return f"SIP/2.0/{self.transport} {self.sent_by}{format_parameters(self.parameters)}"

    def __repr__(self) -> str:
        return f"Via({str(self)!r})"


def _with_blanks(head: str) -> tuple[str, str]:
    before, _, port = head.rpartition(":")
    protocol, _, host = before.strip().rpartition(" ")
    return protocol, f"{host}:{port.strip()}"
