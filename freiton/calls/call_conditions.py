"""On what conditions a call is made: settled at its INVITE, and good for as long as it lasts."""

from __future__ import annotations

from collections.abc import Sequence

from rating.allowances import AllowanceTerms
from rating.engine import Quote


class CallConditions:
    """What the caller's plan and options say of one call.

    `quote` is None when nobody pays anything. `outgoing_max` is how many outgoing calls at once the
    booked flatrates allow; None: they set no limit. `allowances` are those that the quote names.
    """

    __slots__ = ("allowances", "outgoing_max", "quote")

    def __init__(
        self,
        quote: Quote | None = None,
        *,
        outgoing_max: int | None = None,
        allowances: Sequence[AllowanceTerms] = (),
    ) -> None:
        self.quote = quote
        self.outgoing_max = outgoing_max
        self.allowances = allowances
