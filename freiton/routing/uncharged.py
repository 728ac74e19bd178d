"""Which trunks may be neighbours: nothing that costs anybody money can come of their calls.

A proxy hears of no answer that it could charge and may end no call, so a call over a neighbour is
in no record and under no limit. That is only right where no price can hold: never on the way to a
carrier, never for a number of the public network, never for an emergency call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from freiton.routing.directory import Directory, Trunk, TrunkKind

_PUBLIC_PREFIXES: Final = ("+", "0")
"""How a number of the public network begins as it is dialled, whatever its country."""


def is_public_number(user: str) -> bool:
    """Tell whether a user part dials the public network, which has a price.

    Names and short numbers belong to the domain in which they are said.
    """
    return user.startswith(_PUBLIC_PREFIXES) and user.lstrip("+")[:1].isdecimal()


def why_charged(
    trunk: Trunk, others: Iterable[Trunk], *, is_local_domain: Callable[[str], bool]
) -> str | None:
    """Return why this trunk cannot be a neighbour, as a sentence; None when it can.

    ``others`` are the other trunks of the site, in service or not.
    """
    if not trunk.is_proxied:
        return None
    return next(_reasons(trunk, others, is_local_domain), None)


def charged_neighbours(directory: Directory) -> list[tuple[Trunk, str]]:
    """Return every neighbour that cannot be one, with the reason."""
    found = []
    for trunk in directory.all_trunks:
        others = [one for one in directory.all_trunks if one.id != trunk.id]
        why = why_charged(trunk, others, is_local_domain=directory.is_local_domain)
        if why is not None:
            found.append((trunk, why))
    return found


def _reasons(
    trunk: Trunk, others: Iterable[Trunk], is_local_domain: Callable[[str], bool]
) -> Iterator[str]:
    if trunk.kind is TrunkKind.REGISTRATION or trunk.username:
        yield "handling proxy is for neighbours; a carrier that knows us by a user charges calls"
    if trunk.is_emergency or trunk.reserved_for_emergency:
        yield "handling proxy cannot serve emergency calls, which may never depend on one way"
    if is_local_domain(trunk.domain):
        yield f"handling proxy needs a domain of the neighbour's own, and {trunk.domain} is ours"
    for other in others:
        if other.is_proxied:
            if other.domain.lower() == trunk.domain.lower():
                yield f"domain {trunk.domain} is already that of the neighbour {other.name}"
            continue
        if other.domain.lower() == trunk.domain.lower():
            yield f"domain {trunk.domain} is that of {other.name}, whose calls are charged"
        if (other.host, other.port) == (trunk.host, trunk.port) or _shares_source(trunk, other):
            yield f"handling proxy would lead to {other.name}, whose calls are charged"


def _shares_source(trunk: Trunk, other: Trunk) -> bool:
    """Tell whether a packet of one could be one of the other's."""
    return any(
        one.network.version == two.network.version
        and one.network.overlaps(two.network)
        and (one.port is None or two.port is None or one.port == two.port)
        for one in trunk.sources
        for two in other.sources
    )
