"""What a call will cost: gathers the account's options and asks the rating engine."""

from __future__ import annotations

from datetime import datetime

from freiton.routing.decision import CallKind, Connect
from freiton.routing.directory import Account, AccountKind
from rating.engine import BookedOption, Quote, QuoteParams, Unpriced, quote
from rating.numbering import PrefixTable
from rating.pricing import Tariffs


class Pricing:
    """One tariff and one prefix table; replaced whole when they are loaded anew."""

    __slots__ = ("_prefix_table", "_provider", "_tariffs")

    def __init__(self, tariffs: Tariffs, provider: str, prefix_table: PrefixTable) -> None:
        self._tariffs = tariffs
        self._provider = provider
        self._prefix_table = prefix_table

    def quote(self, decision: Connect, *, at: datetime) -> Quote | Unpriced | None:
        """Return the price promised to who pays; None when nobody pays anything.

        Nobody pays for what comes in from a carrier, for emergencies, and for a call by name
        between accounts of this site.
        """
        free = (CallKind.INBOUND, CallKind.EMERGENCY)
        if decision.caller is None or decision.called is None or decision.kind in free:
            return None
        return quote(
            QuoteParams(
                tariffs=self._tariffs,
                provider=self._provider,
                options=booked_options(decision.caller),
                number=decision.called,
                prefix_table=self._prefix_table,
                at=at,
                is_trunk_account=decision.caller.kind is AccountKind.PBX,
                on_net_callee=decision.kind is CallKind.ON_NET,
            )
        )


def booked_options(account: Account) -> tuple[BookedOption, ...]:
    """Return the options of an account in the words of rating."""
    return tuple(
        BookedOption(
            option_id=booking.option,
            count=booking.count,
            valid_from=booking.valid_from,
            valid_to=booking.valid_to,
            ordered_on=booking.ordered_on,
        )
        for booking in account.options
    )
