"""Addresses as an operator writes them: `192.0.2.1:5060`, `[2001:db8::1]:5060`, `:5060`."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Final

from pydantic import PlainSerializer, PlainValidator

_ANY: Final = "0.0.0.0"  # noqa: S104 - a port alone means every address of this machine
_PORT_MAX: Final = 65_535


@dataclass(frozen=True, slots=True)
class HostPort:
    """An IP address or host name and a port; an IPv6 address is kept without brackets."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "HostPort":
        """Read `host:port`; raises ValueError with a sentence for the operator."""
        host, colon, port = text.strip().rpartition(":")
        if not colon or not port.isascii() or not port.isdecimal() or int(port) > _PORT_MAX:
            raise ValueError(f"{text!r} should be like 192.0.2.1:5060")
        if host.startswith("[") and host.endswith("]"):
            return cls(_ipv6(host[1:-1]), int(port))
        if any(character.isspace() or character in "[]/@" for character in host):
            raise ValueError(f"{host!r} is neither an IP address nor a host name")
        if ":" in host:
            raise ValueError(f"{text!r} should be written [{host}]:{port}")
        return cls(host or _ANY, int(port))

    @property
    def is_ip(self) -> bool:
        """Whether the host is an IP address and no name."""
        try:
            ip_address(self.host)
        except ValueError:
            return False
        return True

    @property
    def is_wildcard(self) -> bool:
        """Whether this stands for every address of the machine."""
        return self.is_ip and ip_address(self.host).is_unspecified

    @property
    def is_ipv6(self) -> bool:
        """Whether the host is an IPv6 address."""
        return ":" in self.host

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if self.is_ipv6 else f"{self.host}:{self.port}"


def _ipv6(text: str) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        address = None
    if address is None or address.version != 6:
        raise ValueError(f"{text!r} is no IPv6 address")
    return text


def _validated(value: object) -> HostPort:
    if isinstance(value, HostPort):
        return value
    if isinstance(value, str):
        return HostPort.parse(value)
    raise ValueError("should be text like 192.0.2.1:5060")


HostPortText = Annotated[HostPort, PlainValidator(_validated), PlainSerializer(str)]
