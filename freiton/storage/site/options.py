"""Options of accounts: ordered and ended, never forgotten, since past months are priced by them."""

from datetime import date

from sqlalchemy.orm import Session

from freiton.storage.schema import AccountRow, BookingRow
from freiton.storage.site.offer import Offer
from freiton.storage.site.plans import Plans
from freiton.storage.site_database import SiteError
from rating.pricing import Plan


class Options:
    """Bookings of options; a name stands for the option of the provider the account is with."""

    def __init__(self, session: Session, plans: Plans, *, today: date, offer: Offer) -> None:
        """`today` is the local date of the tariff calendar."""
        self._session = session
        self._plans = plans
        self._today = today
        self._offer = offer

    def flatrate(self, account: AccountRow) -> str:
        """Return the name of the flatrate whose count limits the account's calls at once."""
        return self._offer.flatrate(self._plans.on(account, self._today).provider)

    def book(
        self,
        account: AccountRow,
        option: str,
        *,
        count: int = 1,
        ordered_on: date | None = None,
        begins: date | None = None,
    ) -> None:
        """Order units of an option; provided on the day of the order unless `begins` is given."""
        if count < 1:
            raise SiteError("an order is for one unit or more", field="count")
        ordered = ordered_on or self._today
        provided = begins or ordered
        plan = self._plans.on(account, provided)
        self._check(account, option, plan)
        booking = BookingRow(
            provider=plan.provider,
            option=option,
            count=count,
            ordered_on=ordered,
            valid_from=provided,
        )
        booking.valid_to = self._plans.end_of(account, booking)
        account.bookings.append(booking)
        self._session.flush()

    def end(
        self, account: AccountRow, option: str, *, count: int = 1, on: date | None = None
    ) -> None:
        """Let units of an option end; `on` is the first day without them. The newest end first."""
        if count < 1:
            raise SiteError("one unit or more can end", field="count")
        booked = self.count(account, option)
        if count > booked:
            raise SiteError(f"{account.name} has only {booked} of {option}", field="count")
        day = on or self._today
        for booking in reversed(self._running(account, option)):
            if count == 0:
                break
            ending = min(count, booking.count)
            self._end(account, booking, ending, day)
            count -= ending
        self._session.flush()

    def set_count(self, account: AccountRow, option: str, count: int) -> bool:
        """Order or end as many units as make this count; return whether anything changed."""
        missing = count - self.count(account, option)
        if missing > 0:
            self.book(account, option, count=missing)
        elif missing < 0:
            self.end(account, option, count=-missing)
        return missing != 0

    def count(self, account: AccountRow, option: str) -> int:
        """Return how many units are booked and have not ended."""
        return sum(booking.count for booking in self._running(account, option))

    def _check(self, account: AccountRow, option_id: str, plan: Plan) -> None:
        option = self._offer.option(plan.provider, option_id)
        title = f"{plan.provider}/{plan.id}"
        if option_id in plan.includes:
            raise SiteError(f"{option_id} comes with {title} already", field="option")
        if plan.is_trunk and not option.trunk_accounts:
            raise SiteError(
                f"{account.name} is a SIP trunk account and cannot have {option_id}", field="option"
            )
        if not option.is_allowed_for(plan):
            raise SiteError(
                f"{option_id} is not for {title}; it is for {', '.join(sorted(option.plans))}",
                field="option",
            )

    def _running(self, account: AccountRow, option: str) -> list[BookingRow]:
        return [one for one in account.bookings if one.option == option and self._runs(one)]

    def _runs(self, booking: BookingRow) -> bool:
        return booking.valid_to is None or booking.valid_to > self._today

    def _end(self, account: AccountRow, booking: BookingRow, count: int, day: date) -> None:
        """End a booking, or split off the units that end."""
        if count == booking.count:
            booking.valid_to = day
            return
        booking.count -= count
        account.bookings.append(
            BookingRow(
                provider=booking.provider,
                option=booking.option,
                count=count,
                ordered_on=booking.ordered_on,
                valid_from=booking.valid_from,
                valid_to=day,
            )
        )
