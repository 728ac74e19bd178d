"""`freiton top-up`: money for a prepaid account."""

import uuid
from typing import Annotated

import typer

from freiton.cli.accounts import AccountName
from freiton.cli.described import described
from freiton.cli.desk import Desk
from freiton.cli.output import euros, say
from freiton.control import ControlError
from freiton.routing.directory import ChargingKind
from freiton.storage.site.specs import Euro, Spec


class _Payment(Spec):
    amount: Euro
    reference: str


def top_up(
    context: typer.Context,
    account: AccountName,
    amount: Annotated[str, typer.Argument(help="Euros, such as 5 or 12.50.")],
    *,
    reference: Annotated[
        str | None,
        typer.Option(help="Names the payment; the same reference is booked once."),
    ] = None,
) -> None:
    """Put money on a prepaid account.

    The charging log belongs to the running switch, so one must run.
    Example: freiton top-up bob 5
    """
    given = {"amount": amount, "reference": reference or uuid.uuid4().hex}
    payment = described(_Payment, given, options={"amount": "AMOUNT"})
    desk = Desk.of(context)
    payer = desk.account(account, desk.directory())
    if payer.charging is not ChargingKind.PREPAID:
        raise ControlError(f"{account} pays after its calls; only a prepaid account is topped up")
    if payment.amount == 0:
        raise typer.BadParameter("should be more than nothing", param_hint="AMOUNT")
    answer = desk.control.call(
        "top-up",
        account_id=payer.id,
        amount_micros=payment.amount,
        reference=payment.reference,
    )
    balance = answer.get("balance_micros") if isinstance(answer, dict) else None
    left = "" if balance is None else f"; the balance is {euros(balance)}"
    say(f"{euros(payment.amount)} booked for {account}{left}.")
