"""What accounts have booked, as prices see it: with the default plan where none was booked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from freiton.errors import OperatorError
from freiton.routing.directory import Account, AccountKind, Directory
from rating.pricing import BookedPlan, Subscription, Tariffs


class UnknownBooking(OperatorError):  # noqa: N818 - as the tariffs see it
    """Something is booked that the price lists do not have; the message names all of it."""


def subscription_of(account: Account, tariffs: Tariffs, *, provider: str) -> Subscription:
    """Return what an account has; until its first term it is on the provider's default plan.

    A provider without a plan for accounts of its kind leaves that time without a price.
    """
    booked = account.subscription
    is_trunk = account.kind is AccountKind.PBX
    plans = tariffs.plan(provider).plans.values()
    default = next((plan for plan in plans if plan.is_trunk is is_trunk), None)
    if default is None:
        return booked
    begins = min((term.valid_from for term in booked.plans), default=None)
    term = BookedPlan(provider, default.id, date.min, begins)
    return Subscription((term, *booked.plans), booked.options)


def check_bookings(directory: Directory, tariffs: Tariffs) -> None:
    """Make sure that everything booked is known, also what has ended; raises UnknownBooking."""
    problems = [
        f"account {account.name}@{account.domain}: {problem}"
        for account in directory.accounts
        for problem in unknown_bookings(account, tariffs)
    ]
    if problems:
        raise UnknownBooking("\n".join(problems))


def unknown_bookings(account: Account, tariffs: Tariffs) -> Iterator[str]:
    """Yield what is booked for an account that the tariffs do not have."""
    for term in account.subscription.plans:
        tariff = tariffs.plans.get(term.provider)
        if tariff is None or term.plan_id not in tariff.plans:
            yield f"there is no plan {term.provider}/{term.plan_id}"
        elif term.price_list is not None and all(
            one.id != term.price_list for one in tariff.price_lists
        ):
            yield f"{term.provider} has no price list {term.price_list}"
    for booking in account.subscription.options:
        tariff = tariffs.plans.get(booking.provider)
        if tariff is None or booking.option_id not in tariff.options:
            yield f"{booking.provider} has no option {booking.option_id}"
