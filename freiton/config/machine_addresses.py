"""The addresses of this machine: what a phone may have been told instead of a domain."""

import re
from ipaddress import IPv6Address
from pathlib import Path
from typing import Final

_IPV4_TABLE: Final = Path("/proc/net/fib_trie")
_IPV6_TABLE: Final = Path("/proc/net/if_inet6")
_IPV4_LOCAL: Final = re.compile(r"\|-- ([0-9.]+)\n\s*/32 host LOCAL")


def machine_addresses(
    *, is_ipv6: bool, ipv4_table: Path = _IPV4_TABLE, ipv6_table: Path = _IPV6_TABLE
) -> tuple[str, ...]:
    """Return the addresses of one family, as the kernel lists them; none where it does not.

    Link-local addresses are left out: they mean something only together with an interface.
    """
    try:
        text = (ipv6_table if is_ipv6 else ipv4_table).read_text(encoding="ascii")
    except OSError:
        return ()
    if not is_ipv6:
        return tuple(dict.fromkeys(_IPV4_LOCAL.findall(text)))
    addresses = (IPv6Address(int(line.split()[0], 16)) for line in text.splitlines())
    return tuple(str(address) for address in addresses if not address.is_link_local)
