"""`freiton simulate`: what the recorded calls would cost with other plans and options."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import typer

from freiton.cli.candidates import Candidate, Candidates, objections
from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, counted, euros, note, print_json, print_table, say
from freiton.cli.past_calls import OneAccount, Since, Until, past_calls
from freiton.cli.progress import watched
from freiton.config.rating_data import read_charges
from freiton.errors import OperatorError
from freiton.routing.directory import Account
from freiton.storage.site.offer import for_kind, is_trunk
from rating.pricing import Tariffs
from rating.replay import Combination, Replay, by_account, combinations

SHOWN: Final = 10
COMBINATIONS_MAX: Final = 20_000
"""More would take hours over many calls; then a plan has to be named."""

_COLUMNS: Final = (
    "Combination", "Calls made", "Refused", "No price", "Calls", "Fees", "Total", "Set-up",
)  # fmt: skip


_Plan = Annotated[
    str | None, typer.Option(help="PROVIDER/PLAN, such as enreach/expert; default: try all.")
]
_PriceList = Annotated[
    str | None, typer.Option(help="The list picked with the plan, where there is a choice.")
]
_Options = Annotated[
    list[str] | None, typer.Option("--option", help="With this option: ID or ID:COUNT; repeat.")
]
_Facts = Annotated[
    list[str] | None,
    typer.Option("--fact", help="What order rules may ask for, such as business; repeat."),
]


@dataclass(slots=True)
class Report:
    """What was tried for one account; amounts are gross."""

    account: str
    calls: int
    peak: int
    charged_micros: int
    candidates: list[Candidate] = field(default_factory=list)
    objections: Counter[str] = field(default_factory=Counter)
    """Against combinations that were left out for it."""

    def as_json(self) -> dict[str, Any]:
        """Give the fields for programs."""
        best = next((one for one in self.candidates if one.fees.is_orderable), None)
        return {
            "account": self.account,
            "calls": self.calls,
            "peak": self.peak,
            "charged_micros": self.charged_micros,
            "cheapest": None if best is None else str(best.combination),
            "candidates": [one.as_json() for one in self.candidates],
            "objections": dict(self.objections),
        }


def simulate_calls(
    context: typer.Context,
    *,
    account: OneAccount = None,
    since: Since = None,
    until: Until = None,
    plan: _Plan = None,
    price_list: _PriceList = None,
    options: _Options = None,
    facts: _Facts = None,
    as_json: AsJson = False,
) -> None:
    """Let the recorded calls be made again with another plan and other options.

    Calls beyond what the flats allow at once are counted as refused, with their slots and
    allowances as they would have been. Without --plan every combination that can be ordered is
    tried, and the cheapest that carries most calls is named.
    Example: freiton simulate --account alice --plan enreach/advanced --option ALLNET-VOIP
    """
    desk = Desk.of(context)
    directory = desk.directory()
    payer = None if account is None else str(desk.account(account, directory).id)
    past = past_calls(desk, account_id=payer, since=since, until=until)
    past.tell_left_out()
    wanted = None if plan is None else _wanted(desk.tariffs, plan, price_list, options or [])
    if wanted is None and (options or price_list):
        raise typer.BadParameter("needs a plan", param_hint="--option, --price-list")
    replay = Replay(desk.tariffs, desk.numbering.prefix_table)
    books = read_charges(desk.config, desk.tariffs)
    accounts = {str(one.id): one for one in directory.accounts}
    reports = []
    for account_id, calls in by_account(past.calls).items():
        caller = accounts.get(account_id)
        if caller is None:
            left_out = counted(len(calls), "call")
            note(f"{left_out} left out: account {account_id} is not there any more.")
            continue
        if wanted is not None and not _suits(desk.tariffs, wanted, caller):
            continue
        candidates = Candidates(replay, books, calls, facts=frozenset(facts or ()))
        charged = sum(past.records[call.call_id].gross_micros for call in calls)
        report = Report(f"{caller.name}@{caller.domain}", len(calls), candidates.peak, charged)
        if wanted is not None:
            report.candidates.append(candidates.of(wanted, candidates.fees_of(wanted)))
        else:
            _try_all(report, candidates, desk.tariffs, for_trunks=is_trunk(caller.kind))
        reports.append(report)
    if as_json:
        print_json([report.as_json() for report in reports])
        return
    for report in reports:
        _show(report)
    if not reports:
        say("There are no calls to simulate.")


def _wanted(
    tariffs: Tariffs, plan: str, price_list: str | None, options: Iterable[str]
) -> Combination:
    """Check what was asked for, so that a slip of the pen is no free call."""
    provider, _, plan_id = plan.partition("/")
    tariff = tariffs.plans.get(provider)
    if tariff is None or plan_id not in tariff.plans:
        known = ", ".join(
            f"{one.provider}/{plan_id}" for one in tariffs.plans.values() for plan_id in one.plans
        )
        raise OperatorError(f"there is no plan {plan}; known: {known}")
    if price_list is not None and all(one.id != price_list for one in tariff.price_lists):
        raise OperatorError(f"{provider} has no price list {price_list}")
    units: dict[str, int] = {}
    for text in options:
        option_id, _, count = text.partition(":")
        option = tariff.options.get(option_id)
        if option is None or not option.is_allowed_for(tariff.plan(plan_id)):
            allowed = ", ".join(
                one.id
                for one in tariff.options.values()
                if one.is_allowed_for(tariff.plan(plan_id))
            )
            raise OperatorError(f"{plan} has no option {option_id}; it has: {allowed}")
        if count and not (count.isdecimal() and 0 < int(count) <= 1000):
            raise typer.BadParameter(f"{text!r} should be like ID:2", param_hint="--option")
        units[option_id] = units.get(option_id, 0) + int(count or 1)
    return Combination(provider, plan_id, price_list, tuple(units.items()))


def _suits(tariffs: Tariffs, wanted: Combination, caller: Account) -> bool:
    """Tell whether an account of this kind can have the plan; say so if not."""
    plan = tariffs.plan(wanted.provider).plan(wanted.plan_id)
    if plan.is_trunk is is_trunk(caller.kind):
        return True
    name = f"{caller.name}@{caller.domain}"
    note(f"{name} is left out: {plan.provider}/{plan.id} is not {for_kind(caller.kind)}.")
    return False


def _try_all(report: Report, candidates: Candidates, tariffs: Tariffs, *, for_trunks: bool) -> None:
    """Simulate every combination that can be ordered, the best first; count why others cannot."""
    tried = list(combinations(tariffs, is_trunk=for_trunks, peak=candidates.peak))
    if len(tried) > COMBINATIONS_MAX:
        raise OperatorError(
            f"{len(tried)} combinations are too many to try: name a plan, or fewer calls"
        )
    for combination in watched(tried, report.account, total=len(tried)):
        fees = candidates.fees_of(combination)
        if fees.is_orderable:
            report.candidates.append(candidates.of(combination, fees))
        else:
            report.objections.update(set(objections(fees)))
    report.candidates.sort(key=Candidate.order)


def _show(report: Report) -> None:
    say(
        f"{report.account}: {counted(report.calls, 'call')}, {report.peak} at once at most;"
        f" {euros(report.charged_micros)} charged."
    )
    shown = report.candidates[:SHOWN]
    print_table(_COLUMNS, map(_row, shown), empty="No combination can be ordered.")
    best = report.candidates[0] if report.candidates else None
    if best is None:
        for reason, count in report.objections.most_common(SHOWN):
            say(f"{counted(count, 'time')}: {reason}")
    elif len(report.candidates) == 1:
        for reason in objections(best.fees):
            say(f"It cannot be ordered so: {reason}")
        for why, count in best.simulation.unpriced.items():
            say(f"No price for {counted(count, 'call')}: {why.replace('_', ' ')}.")
    else:
        say(f"Of {len(report.candidates)} that can be ordered, {best.praise()}")
    if any(candidate.is_example for candidate in shown):
        say("* rests on a list whose prices are invented examples.")
    say("")


def _row(candidate: Candidate) -> tuple[object, ...]:
    simulation, fees = candidate.simulation, candidate.fees
    return (
        f"{candidate.combination}{' *' if candidate.is_example else ''}",
        simulation.priced,
        simulation.refused or None,
        sum(simulation.unpriced.values()) or None,
        euros(simulation.gross_micros),
        euros(fees.monthly_micros),
        euros(candidate.total_micros),
        euros(fees.once_micros),
    )
