"""`freiton quote`: what a call would cost, by the very functions that will charge it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from types import MappingProxyType
from typing import Annotated, Any, Final

import typer

from freiton.calls.pricing import allowance_terms, callee_of
from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, print_json, print_table
from freiton.errors import OperatorError
from freiton.routing.classes import barred
from freiton.routing.directory import Account
from freiton.routing.refusals import RefusalCause
from freiton.storage.charging_log_state import read_state
from rating.allowances import AllowanceKey
from rating.engine import Quote, QuoteParams, Unpriced, UnpricedReason, describe
from rating.engine import quote as find_quote
from rating.money import format_decimal
from rating.numbering import (
    DiallingOrigin,
    E164Number,
    NumberRefused,
    ServiceNumber,
)
from rating.pricing import ABROAD, CallOrigin, ExternalPrice, OriginKind, is_country

_CENT_PLACES = 6
_EUROS: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?", re.ASCII)
"""A minute or a call that costs more is a slip of the pen."""
_WHY_REFUSED: Final[Mapping[UnpricedReason, str]] = MappingProxyType(
    {
        UnpricedReason.NO_ROW: "no row of the price list is for it",
        UnpricedReason.EXTERNAL_PRICE: "somebody else sets its price; --external-price or"
        " external.csv can tell it",
        UnpricedReason.NO_PLAN: "the account has no plan on that day",
        UnpricedReason.NOT_FROM_ORIGIN: "the price list has no prices from this kind of access",
        UnpricedReason.BEFORE_LIST: "the price lists of the plan begin later",
        UnpricedReason.AFTER_LIST: "the price lists of the plan have ended",
        UnpricedReason.PREMIUM_ABROAD: "a premium number abroad without a row of its own",
        UnpricedReason.NOT_ASSIGNED: "no numbering plan assigns it",
    }
)


class NotPriced(OperatorError):  # noqa: N818 - an answer, but one that ends the command
    """A number that cannot be called, or that no list prices."""


@dataclass(frozen=True, slots=True)
class _Question:
    dialled: str
    at: datetime | None
    origin: CallOrigin
    external_price: ExternalPrice | None


@dataclass(frozen=True, slots=True)
class _Left:
    """What is left of an allowance this month."""

    option_id: str
    granted_s: int
    left_s: int

    def __str__(self) -> str:
        return f"{self.option_id}: {self.left_s} of {self.granted_s} s this month"


@dataclass(frozen=True, slots=True)
class _Answer:
    number: E164Number | ServiceNumber
    quote: Quote
    account: Account
    barred_by: RefusalCause | None
    left: tuple[_Left, ...]


def quote(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="As dialled: 0301234, 00431234, +431234, 115.")],
    *,
    account: Annotated[str, typer.Option("--account", "-a", help="Who calls.")],
    at: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="When, local; default now."),
    ] = None,
    origin: Annotated[
        OriginKind | None,
        typer.Option(help="From what kind of access; default voip, or roaming where visited."),
    ] = None,
    visited: Annotated[
        str | None, typer.Option(help="The country a SIM roams in, such as CH.")
    ] = None,
    external_price: Annotated[
        str | None,
        typer.Option(help="Euros a minute that somebody else charges, as in the price list."),
    ] = None,
    external_call_price: Annotated[
        str | None, typer.Option(help="Euros a call that somebody else charges.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a call costs.

    And from which plan, and which row of which price list, that follows.

    Example: freiton quote 0041441234567 --account alice
    """
    question = _Question(
        number, at, _origin(origin, visited), _external(external_price, external_call_price)
    )
    answer = _answer(Desk.of(context), account, question)
    if as_json:
        print_json(_as_json(answer))
        return
    typer.echo(describe(answer.quote, "en" if answer.account.language == "en" else "de"))
    print_table(("", ""), [row for row in _rows(answer) if row[1]], empty="")


def _answer(desk: Desk, reference: str, question: _Question) -> _Answer:
    directory = desk.directory()
    account = desk.account(reference, directory)
    _check_visited(question.origin.visited, desk)
    dialling = DiallingOrigin(
        account.country_code, account.area_code or None, account.short_numbers
    )
    number = desk.numbering.plan.normalize(question.dialled, dialling)
    if isinstance(number, NumberRefused):
        raise NotPriced(f"{question.dialled} cannot be called: {_words(number.reason)}")
    subscription = desk.subscription(account)
    time_zone = desk.tariff_plan.time_zone
    at = question.at.replace(tzinfo=time_zone) if question.at else datetime.now(UTC)
    found = find_quote(
        QuoteParams(
            tariffs=desk.tariffs,
            subscription=subscription,
            number=number,
            prefix_table=desk.numbering.prefix_table,
            at=at,
            origin=question.origin,
            callee=callee_of(
                account, None if number.e164 is None else directory.owner_of_number(number.e164)
            ),
            external_price=question.external_price,
        )
    )
    if isinstance(found, Unpriced):
        prefix = f" ({found.prefix})" if found.prefix else ""
        why = _WHY_REFUSED[found.reason]
        raise NotPriced(f"{question.dialled} has no price and is refused: {why}{prefix}")
    terms = allowance_terms(found, subscription, desk.tariffs, at=at)
    book = read_state(desk.charging_folder).allowances if terms else None
    left = []
    for one in terms:
        key = AllowanceKey(str(account.id), one.option_id, one.period)
        taken_s = 0 if book is None else book.taken_s(key)
        left.append(_Left(one.option_id, one.granted_s, max(0, one.granted_s - taken_s)))
    barred_by = barred(number, account, desk.numbering.prefix_table)
    return _Answer(number, found, account, barred_by, tuple(left))


def _rows(answer: _Answer) -> Iterator[tuple[str, object]]:
    found = answer.quote
    yield "number", answer.number.e164 or answer.number.digits
    yield "destination", f"{found.destination} ({found.line_type})"
    yield "plan", f"{found.provider}/{found.plan_id}" if found.provider else None
    visited = f" in {found.origin.visited}" if found.origin.visited else ""
    yield "origin", f"{found.origin.kind}{visited}"
    yield "price list", f"{found.list_id} {found.list_version}" if found.list_id else None
    yield "row", found.row_id
    yield "source", f"{found.source.document}, line {found.source.line}" if found.source else None
    if len(found.parts) > 1:
        for part in found.parts:
            place = f" ({part.source.document}, line {part.source.line})" if part.source else ""
            price = _prices(part.per_minute, part.per_call)
            yield "part", f"{price}: {part.label}{place}"
    yield "increments", f"{found.increments.first_s}/{found.increments.next_s}"
    yield "covered by", found.covered_by
    for left in answer.left:
        yield "allowance", str(left)
    yield "matched prefix", f"{found.prefix} (numbering {found.table_version})"
    yield "longest call", f"{found.caps_s} s" if found.caps_s else None
    yield "readings", ", ".join(found.readings)
    yield "but refused", answer.barred_by


def _origin(kind: OriginKind | None, visited: str | None) -> CallOrigin:
    if kind is None:
        kind = OriginKind.VOIP if visited is None else OriginKind.ROAMING
    if (visited is None) is (kind in ABROAD):
        raise typer.BadParameter(
            "goes with the origins roaming and roaming_incoming, and only with them",
            param_hint="--visited",
        )
    return CallOrigin(kind, None if visited is None else visited.upper())


def _check_visited(visited: str | None, desk: Desk) -> None:
    if visited is not None and not is_country(visited, desk.tariffs, desk.numbering.prefix_table):
        raise typer.BadParameter(
            f"{visited!r} should be a country, such as CH", param_hint="--visited"
        )


def _external(per_minute: str | None, per_call: str | None) -> ExternalPrice | None:
    if per_minute is None and per_call is None:
        return None
    return ExternalPrice(
        _euros(per_minute or "0", "--external-price"),
        _euros(per_call or "0", "--external-call-price"),
    )


def _euros(text: str, option: str) -> Fraction:
    if _EUROS.fullmatch(text) is None:
        raise typer.BadParameter(f"{text!r} should be euros, such as 1.99", param_hint=option)
    return Fraction(text)


def _prices(per_minute: Fraction, per_call: Fraction) -> str:
    told = []
    if per_call:
        told.append(f"{format_decimal(per_call * 100, places=_CENT_PLACES)} cents per call")
    if per_minute or not per_call:
        told.append(f"{format_decimal(per_minute * 100, places=_CENT_PLACES)} cents per minute")
    return " and ".join(told)


def _words(reason: str) -> str:
    return reason.replace("_", " ")


def _as_json(answer: _Answer) -> dict[str, Any]:
    return {
        "number": answer.number.e164 or answer.number.digits,
        "text_de": describe(answer.quote, "de"),
        "text_en": describe(answer.quote, "en"),
        "refused": answer.barred_by,
        "left_s": {one.option_id: one.left_s for one in answer.left},
        **answer.quote.to_record(),
    }
