"""Plans of accounts: one term after another, never forgotten, since past months are priced by them.

Before its first booked term an account is on the default plan of the settings.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from freiton.routing.directory import AccountKind
from freiton.storage.schema import AccountRow, BookingRow, PlanRow
from freiton.storage.site.offer import Offer, for_kind, is_trunk
from freiton.storage.site.specs import PlanSpec
from freiton.storage.site_database import SiteError
from rating.pricing import Plan


@dataclass(frozen=True, slots=True)
class PlanChange:
    """What a new term brought about: from which day, and options that end on it."""

    begins: date
    ended: tuple[str, ...]


class Plans:
    """Booked plans."""

    def __init__(self, session: Session, *, today: date, offer: Offer) -> None:
        """`today` is the local date of the tariff calendar."""
        self._session = session
        self._today = today
        self._offer = offer

    def on(self, account: AccountRow, day: date) -> Plan:
        """Return the plan of an account on a day."""
        for term in account.plans:
            if term.valid_from <= day and (term.valid_to is None or day < term.valid_to):
                return self._offer.plan(term.provider, term.plan)
        return self._offer.default_plan(AccountKind(account.kind))

    def put(self, account: AccountRow, spec: PlanSpec) -> bool:
        """Book a plan unless the account is on it as described; return whether anything changed."""
        day = spec.valid_from or self._today
        for term in account.plans:
            if term.valid_from <= day and (term.valid_to is None or day < term.valid_to):
                same = (term.provider, term.plan, term.price_list)
                began = spec.valid_from in (None, term.valid_from)
                if began and same == (spec.provider, spec.plan_id, spec.price_list):
                    return False
        self.book(account, spec)
        return True

    def book(self, account: AccountRow, spec: PlanSpec) -> PlanChange:
        """Let a term of a plan begin; the one before ends, with the options that do not go on.

        Terms that were to begin on that day or later are replaced, unless they have begun already.
        """
        plan = self._offer.plan(spec.provider, spec.plan_id)
        kind = AccountKind(account.kind)
        if plan.is_trunk is not is_trunk(kind):
            raise SiteError(f"{spec.name} is not {for_kind(kind)}", field="plan")
        self._offer.check_price_list(spec.provider, spec.price_list)
        day = spec.valid_from or self._today
        self._clear(account, day)
        if account.plans:
            account.plans[-1].valid_to = day
        account.plans.append(
            PlanRow(
                provider=spec.provider,
                plan=spec.plan_id,
                valid_from=day,
                valid_to=None,
                price_list=spec.price_list,
            )
        )
        ended = tuple(self._end_options(account, plan, day))
        self._session.flush()
        return PlanChange(day, ended)

    def end_of(self, account: AccountRow, booking: BookingRow) -> date | None:
        """Return the day on which a plan begins that an option does not go on with."""
        for term in sorted(account.plans, key=lambda one: one.valid_from):
            if term.valid_from > booking.valid_from and not self._goes_on(
                booking, self._offer.plan(term.provider, term.plan)
            ):
                return term.valid_from
        return None

    def check_kind(self, account: AccountRow) -> None:
        """Make sure that plan and options suit what the account has become."""
        kind = AccountKind(account.kind)
        for term in account.plans:
            if not _ended(term, self._today) and (
                self._offer.plan(term.provider, term.plan).is_trunk is not is_trunk(kind)
            ):
                raise SiteError(
                    f"{account.name} is on {term.provider}/{term.plan}, which is not"
                    f" {for_kind(kind)}",
                    field="kind",
                )
        running = [one for one in account.bookings if not _ended(one, self._today)]
        if not running:
            return
        plan = self.on(account, self._today)
        for booking in running:
            if not self._goes_on(booking, plan):
                raise SiteError(
                    f"{account.name} has {booking.option}, which is not {for_kind(kind)}",
                    field="kind",
                )

    def _clear(self, account: AccountRow, day: date) -> None:
        for term in [one for one in account.plans if one.valid_from >= day]:
            if term.valid_from < self._today:
                raise SiteError(
                    f"{account.name} is on {term.provider}/{term.plan} since {term.valid_from};"
                    " another plan can begin after that day",
                    field="plan",
                )
            account.plans.remove(term)
        self._session.flush()

    def _end_options(self, account: AccountRow, plan: Plan, day: date) -> list[str]:
        ended = []
        for booking in account.bookings:
            if not _ended(booking, day) and not self._goes_on(booking, plan):
                last = max(day, booking.valid_from)
                # What was taken back altogether ends before it begins, and stays so.
                booking.valid_to = last if booking.valid_to is None else min(booking.valid_to, last)
                ended.append(booking.option)
        return ended

    def _goes_on(self, booking: BookingRow, plan: Plan) -> bool:
        if booking.provider != plan.provider or booking.option in plan.includes:
            return False
        return self._offer.option(booking.provider, booking.option).is_allowed_for(plan)


def _ended(booking: PlanRow | BookingRow, day: date) -> bool:
    return booking.valid_to is not None and booking.valid_to <= day
