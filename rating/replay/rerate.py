"""Call detail records rated again: what a new run would charge beside what stands charged.

Whole months of an account are rated together, since its calls share allowances. A call that cannot
be rated again keeps its charge and the seconds it has used: a number that the law has erased, or
one that has no price any more (a call that was made cannot be refused afterwards).
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from rating.cdr import CallDetailRecord
from rating.engine import RatedCall, Unpriced, UnpricedReason
from rating.numbering import NumberingPlan
from rating.pricing import PriceList, TariffPlan, Tariffs
from rating.replay.recorded_call import NotRatable, RecordedCall, recorded_call
from rating.replay.replay import AccountReplay, start_order


class Rerating(NamedTuple):
    """One call: its record so far, its new one if that differs, and why it had to be kept."""

    former: CallDetailRecord
    rerated: CallDetailRecord | None = None
    kept: NotRatable | UnpricedReason | None = None

    @property
    def gross_difference_micros(self) -> int:
        """What the customer pays more, below zero if less."""
        if self.rerated is None:
            return 0
        return self.rerated.gross_micros - self.former.gross_micros


def rerate(
    records: Iterable[CallDetailRecord], account: AccountReplay, plan: NumberingPlan, *, run: int
) -> Iterator[Rerating]:
    """Rate the calls of one account again, in the order of their starts.

    Records that nobody has ever paid for are passed over. ``run`` is the number of the new run.
    """
    calls: list[tuple[RecordedCall, CallDetailRecord]] = []
    for record in records:
        call = recorded_call(record, plan)
        if not isinstance(call, NotRatable):
            calls.append((call, record))
        elif call is not NotRatable.NEVER_PRICED:
            account.keep(record.started_at, record.allowance_used_s)
            yield Rerating(record, kept=call)
    for call, record in sorted(calls, key=lambda pair: start_order(pair[0])):
        outcome = account.rate(call)
        if isinstance(outcome, Unpriced):
            account.keep(call.started_at, record.allowance_used_s)
            yield Rerating(record, kept=outcome.reason)
        else:
            yield Rerating(record, rerated=_rerated(record, outcome, run))


def as_of(tariffs: Tariffs, day: date) -> Tariffs:
    """Give tariffs in which the lists of one day hold at all times.

    A list without a version on that day stays as it is.
    """
    plans = {provider: _plan_as_of(plan, day) for provider, plan in tariffs.plans.items()}
    return replace(tariffs, plans=plans)


def _rerated(record: CallDetailRecord, rated: RatedCall, run: int) -> CallDetailRecord | None:
    """Give the record of a new run; ``None`` if nobody would see a difference."""
    if _is_charged(record, rated):
        return None
    return replace(
        record,
        quote=rated.quote,
        billed_s=rated.billed_s,
        charged_s=rated.charged_s,
        amount_micros=rated.amount_micros,
        net_micros=rated.net_micros,
        gross_micros=rated.gross_micros,
        allowance_used_s=rated.allowance_use,
        rating_run=run,
        supersedes=record.rating_run,
    )


def _is_charged(record: CallDetailRecord, rated: RatedCall) -> bool:
    """Tell whether a call was charged just so, and by a row of the same list."""
    old, new = record.quote, rated.quote
    return (
        record.gross_micros == rated.gross_micros
        and record.net_micros == rated.net_micros
        and record.amount_micros == rated.amount_micros
        and record.charged_s == rated.charged_s
        and record.allowance_used_s == rated.allowance_use
        and old is not None
        and old.list_version == new.list_version
        and old.list_id == new.list_id
        and old.covered_by == new.covered_by
    )


def _plan_as_of(plan: TariffPlan, day: date) -> TariffPlan:
    in_force = {one.id: one for one in plan.price_lists if one.holds_on(day)}
    kept = (one for one in plan.price_lists if one.id not in in_force)
    return replace(plan, price_lists=(*kept, *map(_for_ever, in_force.values())))


def _for_ever(price_list: PriceList) -> PriceList:
    terms = replace(price_list.terms, valid_from=date.min, valid_to=None)
    return PriceList(terms, price_list.rates, zones=price_list.zones, places=price_list.places)
