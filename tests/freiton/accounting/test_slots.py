from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from freiton.accounting.slots import HOLDERS_NAMED_MAX, SlotClaim, SlotKind, Slots, SlotsFull

FLAT = SlotClaim("account/1", 1, kind=SlotKind.FLATRATE)
TRUNK = SlotClaim("trunk/a", 3, reserved=1, kind=SlotKind.TRUNK)


def test_one_slot_is_one_call() -> None:
    slots = Slots()
    assert slots.claim("x", [FLAT]) is None
    assert slots.claim("y", [FLAT]) == SlotsFull(FLAT, ("x",))
    slots.release("x")
    assert slots.claim("y", [FLAT]) is None


def test_claiming_twice_takes_one_place() -> None:
    slots = Slots()
    slots.claim("x", [FLAT])
    assert slots.claim("x", [FLAT]) is None
    assert slots.count("account/1") == 1
    slots.release("x")
    assert slots.count("account/1") == 0


def test_releasing_twice_frees_nobody_elses_place() -> None:
    slots = Slots()
    slots.claim("x", [FLAT])
    slots.release("x")
    slots.claim("y", [FLAT])
    slots.release("x")
    assert slots.holders("account/1") == {"y"}


def test_a_claim_of_several_owners_is_all_or_nothing() -> None:
    slots = Slots()
    slots.claim("x", [FLAT])
    full = slots.claim("y", [TRUNK, FLAT])
    assert full == SlotsFull(FLAT, ("x",))
    assert slots.count("trunk/a") == 0
    assert slots.owners("y") == ()


def test_reserved_places_are_for_emergency_calls_only() -> None:
    slots = Slots()
    assert slots.claim("a", [TRUNK]) is None
    assert slots.claim("b", [TRUNK]) is None
    assert slots.claim("c", [TRUNK]) is not None
    assert slots.claim("sos", [TRUNK], is_emergency=True) is None
    slots.release("a")
    # One ordinary call and one emergency call leave one ordinary place.
    assert slots.claim("d", [TRUNK]) is None
    assert slots.claim("e", [TRUNK]) is not None


def test_an_emergency_call_takes_a_place_that_does_not_exist() -> None:
    slots = Slots()
    for number in range(5):
        assert slots.claim(f"sos{number}", [TRUNK], is_emergency=True) is None
    assert slots.count("trunk/a") == 5
    assert slots.claim("x", [TRUNK]) is not None


def test_a_trunk_that_is_all_reserved_takes_no_ordinary_call() -> None:
    assert Slots().claim("x", [SlotClaim("trunk/sos", 2, reserved=2)]) is not None


def test_without_a_limit_calls_are_counted_only() -> None:
    slots = Slots()
    for number in range(100):
        assert slots.claim(f"c{number}", [SlotClaim("account/2", None)]) is None
    assert slots.count("account/2") == 100


def test_a_lowered_limit_cuts_nobody_and_admits_nobody() -> None:
    slots = Slots()
    for number in range(3):
        slots.claim(f"c{number}", [SlotClaim("o", 3)])
    assert slots.claim("new", [SlotClaim("o", 1)]) is not None
    assert slots.count("o") == 3


def test_moving_changes_the_place_or_nothing() -> None:
    slots = Slots()
    other = SlotClaim("trunk/b", 1, kind=SlotKind.TRUNK)
    slots.claim("x", [FLAT, TRUNK])
    slots.claim("y", [other])

    assert slots.move("x", "trunk/a", other) == SlotsFull(other, ("y",))
    assert slots.owners("x") == ("account/1", "trunk/a")
    slots.release("y")
    assert slots.move("x", "trunk/a", other) is None
    assert slots.move("x", "trunk/a", other) is None

    assert slots.owners("x") == ("account/1", "trunk/b")
    assert slots.count("trunk/a") == 0
    slots.release("x")
    assert slots.count("trunk/b") == 0


def test_moving_a_call_that_has_ended_does_not_bring_it_back() -> None:
    slots = Slots()
    slots.claim("x", [TRUNK])
    slots.release("x")
    assert slots.move("x", "trunk/a", SlotClaim("trunk/b", 1)) is None
    assert slots.count("trunk/b") == 0


def test_moving_to_the_same_owner_keeps_the_place() -> None:
    slots = Slots()
    slots.claim("x", [FLAT])
    assert slots.move("x", "account/1", FLAT) is None
    assert slots.holders("account/1") == {"x"}


def test_the_list_of_holders_is_bounded() -> None:
    slots = Slots()
    for number in range(50):
        slots.claim(f"c{number}", [SlotClaim("o", 50)])
    full = slots.claim("new", [SlotClaim("o", 50)])
    assert full is not None
    assert len(full.holders) == HOLDERS_NAMED_MAX


class SlotsMachine(RuleBasedStateMachine):
    """Random claims, moves and releases, each perhaps twice, against plain sets."""

    limits = {"f": 1, "g": 2, "t": 4, "u": 3}  # noqa: RUF012 - a constant of the test
    reserved = {"f": 0, "g": 0, "t": 2, "u": 0}  # noqa: RUF012 - a constant of the test

    def __init__(self) -> None:
        super().__init__()
        self.slots = Slots()
        self.held: dict[str, set[str]] = {owner: set() for owner in self.limits}
        self.emergency: set[str] = set()

    def claim_of(self, owner: str) -> SlotClaim:
        return SlotClaim(owner, self.limits[owner], self.reserved[owner])

    def has_place(self, call: str, owner: str) -> bool:
        held = self.held[owner]
        ordinary = held - self.emergency
        limit = self.limits[owner]
        return call in held or (len(held) < limit and len(ordinary) < limit - self.reserved[owner])

    @rule(
        call=st.sampled_from("abcdefgh"),
        owners=st.lists(st.sampled_from("fgtu"), min_size=1, max_size=3, unique=True),
    )
    def claim(self, call: str, owners: list[str]) -> None:
        if call in self.emergency:
            return
        granted = self.slots.claim(call, [self.claim_of(owner) for owner in owners]) is None
        assert granted == all(self.has_place(call, owner) for owner in owners)
        if granted:
            for owner in owners:
                self.held[owner].add(call)

    @rule(call=st.sampled_from(["sos1", "sos2", "sos3"]))
    def claim_emergency(self, call: str) -> None:
        assert self.slots.claim(call, [self.claim_of("t")], is_emergency=True) is None
        self.emergency.add(call)
        self.held["t"].add(call)

    @rule(call=st.sampled_from([*"abcdefgh", "sos1", "sos2", "sos3"]))
    def release(self, call: str) -> None:
        self.slots.release(call)
        for held in self.held.values():
            held.discard(call)
        self.emergency.discard(call)

    @rule(call=st.sampled_from("abcdefgh"), to=st.sampled_from("tu"))
    def move(self, call: str, to: str) -> None:
        source = "u" if to == "t" else "t"
        if call not in self.held[source]:
            return
        moved = self.slots.move(call, source, self.claim_of(to)) is None
        assert moved == self.has_place(call, to)
        if moved:
            self.held[source].discard(call)
            self.held[to].add(call)

    @invariant()
    def the_sets_are_those_of_the_model(self) -> None:
        for owner, held in self.held.items():
            assert self.slots.holders(owner) == held

    @invariant()
    def no_limit_is_exceeded_by_ordinary_calls(self) -> None:
        for owner, limit in self.limits.items():
            ordinary = self.slots.holders(owner) - self.emergency
            assert len(ordinary) <= limit - self.reserved[owner]

    @invariant()
    def nothing_is_kept_for_those_who_hold_nothing(self) -> None:
        for call in "abcdefgh":
            holds = any(call in held for held in self.held.values())
            assert bool(self.slots.owners(call)) == holds


TestSlots = SlotsMachine.TestCase
TestSlots.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
