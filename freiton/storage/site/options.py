"""Options of accounts: ordered and ended, never forgotten, since past months are priced by them."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy.orm import Session

from freiton.routing.directory import AccountKind
from freiton.storage.schema import AccountRow, BookingRow
from freiton.storage.site_database import SiteError

Bookable = Mapping[str, bool]
"""Options that can be booked, and whether SIP trunk accounts may have them."""


class Options:
    """Bookings of options."""

    def __init__(self, session: Session, *, today: date, bookable: Bookable) -> None:
        """`today` is the local date of the tariff calendar."""
        self._session = session
        self._today = today
        self._bookable = bookable

    def book(
        self, account: AccountRow, option: str, *, count: int = 1, ordered_on: date | None = None
    ) -> None:
        """Order units of an option, provided on the day of the order."""
        if count < 1:
            raise SiteError("an order is for one unit or more", field="count")
        if option not in self._bookable:
            known = ", ".join(self._bookable) or "none"
            raise SiteError(f"there is no option {option}; known: {known}", field="option")
        if account.kind == AccountKind.PBX and not self._bookable[option]:
            raise SiteError(
                f"{account.name} is a SIP trunk account and cannot have {option}", field="option"
            )
        day = ordered_on or self._today
        account.bookings.append(
            BookingRow(
                option=option,
                count=count,
                ordered_on=day,
                valid_from=day,
            )
        )
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
                option=booking.option,
                count=count,
                ordered_on=booking.ordered_on,
                valid_from=booking.valid_from,
                valid_to=day,
            )
        )
