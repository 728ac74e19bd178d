"""`freiton quote`: what a call would cost, by the very functions that will charge it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from freiton.calls.pricing import booked_options
from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, print_json, print_table
from freiton.errors import OperatorError
from freiton.routing.classes import barred
from freiton.routing.directory import Account, AccountKind, Directory
from freiton.routing.refusals import RefusalCause
from rating.engine import Quote, QuoteParams, Unpriced, describe
from rating.engine import quote as find_quote
from rating.numbering import DiallingOrigin, E164Number, NumberRefused, ServiceNumber


class NotPriced(OperatorError):  # noqa: N818 - an answer, but one that ends the command
    """A number that cannot be called, or that no list prices."""


@dataclass(frozen=True, slots=True)
class _Answer:
    number: E164Number | ServiceNumber
    quote: Quote
    account: Account
    barred_by: RefusalCause | None


def quote(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="As dialled: 0301234, 00431234, +431234, 115.")],
    *,
    account: Annotated[str, typer.Option("--account", "-a", help="Who calls.")],
    at: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="When, local; default now."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a call costs.

    And from which row of which price list that follows.

    Example: freiton quote 0041441234567 --account alice
    """
    answer = _answer(Desk.of(context), number, account, at)
    if as_json:
        print_json(_as_json(answer))
        return
    found = answer.quote
    typer.echo(describe(found, "en" if answer.account.language == "en" else "de"))
    rows = [
        ("number", answer.number.e164 or answer.number.digits),
        ("destination", f"{found.destination} ({found.line_type})"),
        ("price list", f"{found.list_id} {found.list_version}" if found.list_id else None),
        ("row", found.row_id),
        ("source", f"{found.source.document}, line {found.source.line}" if found.source else None),
        ("increments", f"{found.increments.first_s}/{found.increments.next_s}"),
        ("covered by", found.covered_by),
        ("matched prefix", f"{found.prefix} (numbering {found.table_version})"),
        ("longest call", f"{found.caps_s} s" if found.caps_s else None),
        ("readings", ", ".join(found.readings)),
        ("but refused", answer.barred_by),
    ]
    print_table(("", ""), [row for row in rows if row[1]], empty="")


def _answer(desk: Desk, dialled: str, reference: str, at: datetime | None) -> _Answer:
    directory = desk.directory()
    account = desk.account(reference, directory)
    number = desk.numbering.plan.normalize(dialled, _origin(account))
    if isinstance(number, NumberRefused):
        raise NotPriced(f"{dialled} cannot be called: {_words(number.reason)}")
    time_zone = desk.tariff_plan.time_zone
    found = find_quote(
        QuoteParams(
            tariffs=desk.tariffs,
            provider=desk.config.tariff.provider,
            options=booked_options(account),
            number=number,
            prefix_table=desk.numbering.prefix_table,
            at=at.replace(tzinfo=time_zone) if at else datetime.now(UTC),
            is_trunk_account=account.kind is AccountKind.PBX,
            on_net_callee=_is_on_net(number, directory),
        )
    )
    if isinstance(found, Unpriced):
        prefix = f" ({found.prefix})" if found.prefix else ""
        raise NotPriced(f"{dialled} has no price and is refused: {_words(found.reason)}{prefix}")
    return _Answer(number, found, account, barred(number, account, desk.numbering.prefix_table))


def _origin(account: Account) -> DiallingOrigin:
    return DiallingOrigin(account.country_code, account.area_code or None, account.short_numbers)


def _is_on_net(number: E164Number | ServiceNumber, directory: Directory) -> bool:
    return number.e164 is not None and directory.owner_of_number(number.e164) is not None


def _words(reason: str) -> str:
    return reason.replace("_", " ")


def _as_json(answer: _Answer) -> dict[str, Any]:
    return {
        "number": answer.number.e164 or answer.number.digits,
        "text_de": describe(answer.quote, "de"),
        "text_en": describe(answer.quote, "en"),
        "refused": answer.barred_by,
        **answer.quote.to_record(),
    }
