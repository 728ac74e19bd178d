"""The right to one running call, kept as sets of call ids, never as counters.

A set cannot leak, double or go below zero: claiming what is held and releasing what is not are
both harmless, and the count is whatever the set holds. Limits are asked at the moment of a
claim and never stored, so that lowering one cuts no running call.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NamedTuple

# Enough holders to probe for dead calls; a longer list would only make the answer long.
HOLDERS_NAMED_MAX: Final = 16


class SlotKind(IntEnum):
    """Whose limit a claim is held against; decides what a refusal is called."""

    TECHNICAL = 0
    FLATRATE = 1
    CHANNEL = 2
    TRUNK = 3


class SlotClaim(NamedTuple):
    """One place in the set of an owner, such as `account/17` or `trunk/carrier-a`.

    `limit` None counts without limiting. `reserved` of the limit's places are for emergency
    calls only; an emergency call itself is never refused.
    """

    owner: str
    limit: int | None
    reserved: int = 0
    kind: SlotKind = SlotKind.TECHNICAL


class SlotsFull(NamedTuple):
    """The first claim that found no place, and who holds the places."""

    claim: SlotClaim
    holders: tuple[str, ...]


class Slots:
    """Who holds which slot. One writer owns it; nothing in it waits."""

    __slots__ = ("_holders", "_owners")

    def __init__(self) -> None:
        self._holders: dict[str, dict[str, bool]] = {}
        self._owners: dict[str, tuple[str, ...]] = {}

    def find_full(
        self, call_id: str, claims: Sequence[SlotClaim], *, is_emergency: bool = False
    ) -> SlotsFull | None:
        """Test without setting; None means that every claim has its place."""
        if is_emergency:
            return None
        for claim in claims:
            holders = self._holders.get(claim.owner)
            if claim.limit is None or (holders is not None and call_id in holders):
                continue
            if not _has_place(claim, holders):
                return SlotsFull(claim, tuple(holders or ())[:HOLDERS_NAMED_MAX])
        return None

    def claim(
        self, call_id: str, claims: Sequence[SlotClaim], *, is_emergency: bool = False
    ) -> SlotsFull | None:
        """Take a place with every owner, or with none of them."""
        full = self.find_full(call_id, claims, is_emergency=is_emergency)
        if full is None:
            self.hold(call_id, [claim.owner for claim in claims], is_emergency=is_emergency)
        return full

    def hold(self, call_id: str, owners: Sequence[str], *, is_emergency: bool = False) -> None:
        """Enter a claim that was granted before: a fact of the log asks nobody."""
        for owner in owners:
            self._holders.setdefault(owner, {})[call_id] = is_emergency
        self._owners[call_id] = tuple(dict.fromkeys((*self.owners(call_id), *owners)))

    def release(self, call_id: str) -> None:
        """Give back every place of a call; a second time there is none left to give."""
        for owner in self._owners.pop(call_id, ()):
            self._leave(owner, call_id)

    def move(
        self, call_id: str, from_owner: str, to: SlotClaim, *, is_emergency: bool = False
    ) -> SlotsFull | None:
        """Change one place for another, as failover to the next trunk does; all or nothing."""
        full = self.find_full(call_id, (to,), is_emergency=is_emergency)
        if full is not None:
            return full
        self.replace(call_id, from_owner, to.owner, is_emergency=is_emergency)
        return None

    def replace(
        self, call_id: str, from_owner: str, to_owner: str, *, is_emergency: bool = False
    ) -> None:
        """Enter a move that was granted before.

        A call that holds nothing has ended: moving it would bring its slot back to life.
        """
        if call_id not in self._owners:
            return
        if from_owner != to_owner:
            self._leave(from_owner, call_id)
            self._owners[call_id] = tuple(
                owner for owner in self.owners(call_id) if owner != from_owner
            )
        self.hold(call_id, (to_owner,), is_emergency=is_emergency)

    def holders(self, owner: str) -> frozenset[str]:
        """Give the calls that hold a place with an owner."""
        return frozenset(self._holders.get(owner, ()))

    def owners(self, call_id: str) -> tuple[str, ...]:
        """Give the owners with whom a call holds a place, in the order of its claims."""
        return self._owners.get(call_id, ())

    def count(self, owner: str) -> int:
        """Count an owner's running calls, emergency calls included."""
        return len(self._holders.get(owner, ()))

    def _leave(self, owner: str, call_id: str) -> None:
        holders = self._holders.get(owner)
        if holders is None:
            return
        holders.pop(call_id, None)
        if not holders:
            del self._holders[owner]


def _has_place(claim: SlotClaim, holders: dict[str, bool] | None) -> bool:
    assert claim.limit is not None  # noqa: S101 - an unlimited claim is never asked
    if not holders:
        return claim.limit > claim.reserved
    if claim.reserved == 0:
        return len(holders) < claim.limit
    ordinary = sum(1 for is_emergency in holders.values() if not is_emergency)
    return len(holders) < claim.limit and ordinary < claim.limit - claim.reserved
