"""The address under which others reach a socket that is bound to every address."""

import socket
from typing import Final

from freiton.config.host_port import HostPort

# RFC 5737 and RFC 3849: no packet is ever sent there; the kernel only says which way it would go.
_ELSEWHERE: Final = ("192.0.2.1", 9)
_ELSEWHERE_IPV6: Final = ("2001:db8::1", 9)


def reachable(listen: HostPort) -> HostPort:
    """Return the address itself, or for a wildcard that of the way out of this machine."""
    if not listen.is_wildcard:
        return listen
    family = socket.AF_INET6 if listen.is_ipv6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE_IPV6 if listen.is_ipv6 else _ELSEWHERE)
        except OSError:
            return HostPort("::1" if listen.is_ipv6 else "127.0.0.1", listen.port)
        return HostPort(probe.getsockname()[0], listen.port)
