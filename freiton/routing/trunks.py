"""Which carriers are tried, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

from freiton.routing.context import RouteContext
from freiton.routing.directory import Trunk
from freiton.routing.refusals import RefusalCause
from sipcore.identifiers import Identifiers

_FAILS_OVER: Final = frozenset({401, 407, 408, 500, 502, 503, 504})


def fails_over(status: int | None, *, is_transport_failure: bool, has_rung: bool) -> bool:
    """Tell whether the next carrier is tried after this one failed.

    ``status`` is None when no answer came. Once it rang, the called line has had its chance:
    nobody is rung a second time over another carrier, whatever ended the first. Before that, what
    speaks about the carrier (out of order, silent, our credentials refused) fails over; what
    speaks about the called line (busy, unknown, declined) or about the request itself (501, 505,
    513) is the answer.
    """
    if has_rung:
        return False
    return is_transport_failure or status is None or status in _FAILS_OVER


def ordinary_trunks(context: RouteContext) -> tuple[Trunk, ...] | RefusalCause:
    """Return the trunks with a free channel: by priority, then by weighted chance.

    A trunk that just failed comes last instead of never: it may be the only one.
    """
    up = [one for one in context.directory.carriers if context.trunk_state(one).is_registered]
    if not up:
        return RefusalCause.NO_TRUNK
    free = [one for one in up if context.trunk_state(one).open_calls < one.ordinary_channels]
    if not free:
        return RefusalCause.TRUNK_LIMIT
    free = [one for one in free if not context.trunk_state(one).is_shedding]
    if not free:
        return RefusalCause.TRUNK_OVERLOAD
    return _shuffled(free, context, is_last=lambda one: context.trunk_state(one).is_blocked)


def emergency_trunks(context: RouteContext) -> tuple[Trunk, ...]:
    """Return every carrier: those for emergencies that are ready, others of them, then the rest.

    None is left out, since any attempt is better than a refusal.
    """

    def is_doubtful(trunk: Trunk) -> bool:
        state = context.trunk_state(trunk)
        return not state.is_registered or state.is_blocked or state.open_calls >= trunk.channels

    trunks = context.directory.carriers
    own = [trunk for trunk in trunks if trunk.is_emergency]
    others = [trunk for trunk in trunks if not trunk.is_emergency]
    return (
        *_shuffled(own, context, is_last=is_doubtful),
        *_shuffled(others, context, is_last=is_doubtful),
    )


def _shuffled(
    trunks: Sequence[Trunk], context: RouteContext, *, is_last: Callable[[Trunk], bool]
) -> tuple[Trunk, ...]:
    def rank(trunk: Trunk) -> tuple[bool, int]:
        return is_last(trunk), trunk.priority

    groups = groupby(sorted(trunks, key=rank), key=rank)
    return tuple(one for _, group in groups for one in _by_weight(group, context.identifiers))


def _by_weight(group: Iterable[Trunk], identifiers: Identifiers) -> list[Trunk]:
    """Draw one after the other, each with the chance of its weight among those left (RFC 2782)."""
    left = sorted(group, key=attrgetter("weight", "id"))
    drawn: list[Trunk] = []
    while len(left) > 1:
        mark = identifiers.spread(0.0, float(sum(trunk.weight for trunk in left)))
        index = 0
        while index < len(left) - 1 and mark >= left[index].weight:
            mark -= left[index].weight
            index += 1
        drawn.append(left.pop(index))
    return drawn + left
