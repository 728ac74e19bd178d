"""The rules around the prices: quotas, reductions, terms and order rules from TOML."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Final, TypeVar

from rating.charges.booking import FeePart
from rating.charges.charge_book import OrderBook
from rating.charges.order_rule import OrderCase, OrderRule, RuleKind
from rating.charges.reduction import Reduction, SnapshotAdvantage
from rating.charges.term import Activation, EndDay, Term
from rating.charges.usage import (
    BYTES_PER_GIGABYTE,
    Beyond,
    Quota,
    ReplyWindow,
    WorkSurcharge,
)
from rating.pricing import Source
from rating.pricing.toml_section import Section, TomlFile

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_Word = TypeVar("_Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class KnownNames:
    """What rules may speak of."""

    fees: frozenset[str]
    """Items with fees, and items that are declared to have none."""
    without_fee: frozenset[str]
    usage: frozenset[str]
    plans: frozenset[str]


class RuleReader:
    """Reads the tables of one provider's ``orders.toml``."""

    def __init__(self, toml: TomlFile, document: str, names: KnownNames) -> None:
        self._toml = toml
        self._document = document
        self._names = names

    def quotas(self) -> tuple[Quota, ...]:
        """Read what options pay of usage."""
        found = [self._quota(section) for section in self._toml.tables("quota")]
        pairs = [(quota.option, item) for quota in found for item in sorted(quota.usage)]
        for section, quota in zip(self._toml.tables("quota"), found, strict=True):
            if [one.id for one in found].count(quota.id) > 1:
                section.problem("id", f"quota {quota.id} stands twice")
            for item in sorted(quota.usage):
                if pairs.count((quota.option, item)) > 1:
                    section.problem("usage", f"{quota.option} pays {item} twice")
        return tuple(found)

    def reductions(self) -> tuple[Reduction, ...]:
        """Read what may be taken off fees."""
        return tuple(self._reduction(section) for section in self._toml.tables("reduction"))

    def snapshot(self) -> SnapshotAdvantage | None:
        """Read the advantage that the 1st of a month decides."""
        section = self._toml.table("company_flat")
        if section is None:
            return None
        found = SnapshotAdvantage(
            profile=self._fee(section, "profile"),
            advantage=self._fee(section, "advantage"),
            plans=self._plans(section, "plans"),
            option=self._fee(section, "option"),
            option_plans=self._plans(section, "option_plans"),
            source=self._source(section),
            readings=section.texts("readings"),
        )
        section.refuse_unknown_keys()
        return found

    def surcharges(self) -> tuple[WorkSurcharge, ...]:
        """Read what work costs more outside of working hours."""
        return tuple(self._surcharge(section) for section in self._toml.tables("work_surcharge"))

    def reply_windows(self) -> tuple[ReplyWindow, ...]:
        """Read for how long messages may be answered."""
        found = []
        for section in self._toml.tables("reply_window"):
            found.append(
                ReplyWindow(
                    item=self._usage_item(section, "item"),
                    window_s=section.count("window_s"),
                    offer=self._usage_item(section, "offer"),
                    source=self._source(section),
                    readings=section.texts("readings"),
                )
            )
            section.refuse_unknown_keys()
        return tuple(found)

    def orders(self) -> OrderBook:
        """Read what may be ordered, and for how long."""
        rules = tuple(self._rule(section) for section in self._toml.tables("rule"))
        ids = [rule.id for rule in rules]
        for section, rule in zip(self._toml.tables("rule"), rules, strict=True):
            if ids.count(rule.id) > 1:
                section.problem("id", f"rule {rule.id} stands twice")
        terms = tuple(self._term(section) for section in self._toml.tables("term"))
        return OrderBook(rules, terms, self._activation(), self._names.without_fee)

    def _quota(self, section: Section) -> Quota:
        gigabytes = section.has("gigabytes")
        amount = section.count("gigabytes") * BYTES_PER_GIGABYTE if gigabytes else None
        if section.has("pieces"):
            amount = section.count("pieces")
        if section.has("price_only"):
            amount = 0 if section.flag("price_only") else amount
        found = Quota(
            id=section.text("id"),
            option=self._fee(section, "option"),
            usage=frozenset(self._known(section, "usage", self._names.usage)),
            amount=amount,
            beyond=section.choice("beyond", Beyond),
            beyond_item=self._usage_item(section, "beyond_item"),
            throttle_kbit_s=_pair(section, "throttle_kbit_s"),
            source=self._source(section),
            readings=section.texts("readings"),
        )
        section.refuse_unknown_keys()
        return found

    def _reduction(self, section: Section) -> Reduction:
        found = Reduction(
            id=section.text("id"),
            items=frozenset(self._known(section, "items", self._names.fees)),
            parts=_words(section, "parts", FeePart),
            percent=_share(section, "percent") if section.has("percent") else None,
            free_units=tuple(self._free_units(section)),
            at_most_as_many_as=self._fee(section, "at_most_as_many_as", needed=False),
            when_booked=self._fee(section, "when_booked", needed=False),
            unless_booked=self._fee(section, "unless_booked", needed=False),
            source=self._source(section),
            readings=section.texts("readings"),
        )
        section.refuse_unknown_keys()
        return found

    def _free_units(self, section: Section) -> Iterable[tuple[frozenset[str], int]]:
        for text in section.texts("free_units"):
            names, count = _counted(section, "free_units", text)
            items = frozenset(names.split("|"))
            self._check(section, "free_units", items, self._names.fees)
            yield items, count

    def _surcharge(self, section: Section) -> WorkSurcharge:
        days = section.texts("weekdays")
        if not set(days) <= set(_WEEKDAYS):
            section.problem("weekdays", f"expected some of {', '.join(_WEEKDAYS)}")
        found = WorkSurcharge(
            items=frozenset(self._known(section, "items", self._names.usage)),
            factor=_share(section, "percent"),
            weekdays=frozenset(number for number, day in enumerate(_WEEKDAYS) if day in days),
            begins=_clock_time(section, "begins"),
            ends=_clock_time(section, "ends"),
            source=self._source(section),
            readings=section.texts("readings"),
        )
        section.refuse_unknown_keys()
        return found

    def _term(self, section: Section) -> Term:
        found = Term(
            items=frozenset(self._known(section, "items", self._names.fees)),
            minimum_months=section.count("minimum_months") if section.has("minimum_months") else 0,
            notice_days=section.count("notice_days") if section.has("notice_days") else 0,
            ends=section.choice("ends", EndDay) if section.has("ends") else EndDay.ANY_DAY,
            runs_with_contract=section.has("runs_with_contract")
            and section.flag("runs_with_contract"),
            source=self._source(section),
            readings=section.texts("readings"),
        )
        section.refuse_unknown_keys()
        return found

    def _activation(self) -> Activation | None:
        section = self._toml.table("activation")
        if section is None:
            return None
        found = Activation(
            may_be_delayed=section.flag("may_be_delayed"),
            numbers_activate=section.flag("numbers_activate"),
            source=self._source(section),
        )
        section.refuse_unknown_keys()
        return found

    def _rule(self, section: Section) -> OrderRule:
        fees = self._names.fees
        found = OrderRule(
            id=section.text("id"),
            kind=section.choice("kind", RuleKind),
            items=frozenset(self._known(section, "items", fees)),
            others=frozenset(self._known(section, "others", fees)),
            weights=self._weights(section),
            plans=self._plans(section, "plans"),
            cases=_words(section, "cases", OrderCase),
            facts=frozenset(section.texts("facts")),
            unless=frozenset(self._known(section, "unless", fees)),
            count=section.count("count") if section.has("count") else 0,
            per_account=section.has("per_account") and section.flag("per_account"),
            reason_de=section.text("reason_de"),
            reason_en=section.text("reason_en"),
            source=self._source(section),
            readings=section.texts("readings"),
        )
        section.refuse_unknown_keys()
        for key in _NEEDED_KEYS.get(found.kind, ()):
            if not section.has(key):
                section.problem("kind", f"a rule of kind {found.kind} needs {key}")
        return found

    def _weights(self, section: Section) -> Mapping[str, int]:
        counted = [_counted(section, "weights", text) for text in section.texts("weights")]
        self._check(section, "weights", (name for name, _ in counted), self._names.fees)
        return MappingProxyType(dict(counted))

    def _fee(self, section: Section, key: str, *, needed: bool = True) -> str:
        if not needed and not section.has(key):
            return ""
        name = section.text(key)
        self._check(section, key, (name,), self._names.fees)
        return name

    def _usage_item(self, section: Section, key: str) -> str:
        if not section.has(key):
            return ""
        name = section.text(key)
        self._check(section, key, (name,), self._names.usage)
        return name

    def _plans(self, section: Section, key: str) -> frozenset[str]:
        return frozenset(self._known(section, key, self._names.plans))

    def _known(self, section: Section, key: str, names: frozenset[str]) -> tuple[str, ...]:
        found = section.texts(key)
        self._check(section, key, found, names)
        return found

    def _check(
        self, section: Section, key: str, found: Iterable[str], names: frozenset[str]
    ) -> None:
        for name in found:
            if name not in names:
                section.problem(key, f"nothing is called {name!r}")

    def _source(self, section: Section) -> Source:
        return Source(self._document, section.count("line"))


_NEEDED_KEYS: Final[Mapping[RuleKind, tuple[str, ...]]] = MappingProxyType(
    {
        RuleKind.ONLY_PLANS: ("items", "plans"),
        RuleKind.NEEDS: ("items",),
        RuleKind.AT_MOST: ("items", "count"),
        RuleKind.EXCLUSIVE: ("items",),
        RuleKind.SAME_COUNT: ("items", "others"),
        RuleKind.ENOUGH: ("items", "others"),
        RuleKind.CONTAINED: ("items", "others"),
        RuleKind.APART: ("items", "others"),
        RuleKind.FIXED_IN_TERM: ("items", "cases"),
        RuleKind.PRICE_LIST_FIXED: ("cases",),
        RuleKind.ONLY_CASES: ("items", "cases"),
        RuleKind.NEEDS_FACT: ("items", "facts"),
        RuleKind.BARRED_BY_FACT: ("items", "facts"),
    }
)


def _words(section: Section, key: str, words: type[_Word]) -> frozenset[_Word]:
    texts = section.texts(key)
    for text in texts:
        if text not in list(words):
            section.problem(key, f"expected some of {', '.join(words)}, not {text!r}")
    return frozenset(word for word in words if word.value in texts)


def _share(section: Section, key: str) -> Fraction:
    share = section.price(key)
    if not 0 < share <= 1:
        section.problem(key, 'a share is a fraction such as "0.50", not a percentage')
    return share


def _counted(section: Section, key: str, text: str) -> tuple[str, int]:
    name, _, count = text.rpartition(":")
    if not name or not (count.isascii() and count.isdigit()) or int(count) < 1:
        section.problem(key, f"expected a name and a number such as ACCOUNT:3, not {text!r}")
        return name or text, 1
    return name, int(count)


def _pair(section: Section, key: str) -> tuple[int, int] | None:
    texts = section.texts(key)
    if not texts:
        return None
    if len(texts) == 2 and all(text.isascii() and text.isdigit() for text in texts):
        return int(texts[0]), int(texts[1])
    section.problem(key, 'expected download and upload speed such as ["64", "16"]')
    return None


def _clock_time(section: Section, key: str) -> time:
    text = section.text(key)
    try:
        return time.fromisoformat(text)
    except ValueError:
        section.problem(key, f"expected a time such as 09:00, not {text!r}")
        return time(0)
