"""What the demo must come to, computed by hand from the printed price list.

No amount here comes from the rating engine; the arithmetic stands beside it. Prices are gross and
charged by the second begun, rounded once, half up, to a millionth of a euro (micros).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ALICE: Final = "alice"
BOB: Final = "bob"
CAROL: Final = "carol"

BOBS_NUMBER: Final = "+493023125002"
BERLIN: Final = "+493023125900"
GERMAN_MOBILE: Final = "+491713920010"
FRENCH_MOBILE: Final = "+33639981234"
EMERGENCY: Final = "112"

TOP_UP_MICROS: Final = 10_000
"""One cent, bob's whole credit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedCall:
    """One attempt, in the order in which the account's calls end; ``line`` is the price row's.

    ``hold_s`` is how long the phone talks; None where the switch decides. ``trunk`` is None for
    calls that need none or may take any.
    """

    what: str
    account: str
    number: str
    ending: str = "answered"
    released_by: str = "caller"
    status: int | None = 200
    text: str = ""
    hold_s: float | None = None
    charged_s: int = 0
    amount_micros: int = 0
    covered_by: str | None = None
    line: int | None = None
    trunk: str | None = None
    is_emergency: bool = False

    @property
    def is_answered(self) -> bool:
        """Whether anybody talks."""
        return self.status == 200


ON_NET: Final = ExpectedCall(
    what="carol calls bob, a subscriber of the same house",
    account=CAROL,
    number=BOBS_NUMBER,
    hold_s=1.5,
    # Line 76: calls between subscribers are free. 1.5 s are 2 seconds begun, at nothing.
    # Line 89 is what the number would cost otherwise.
    charged_s=2,
    amount_micros=0,
    covered_by="on-net",
    line=89,
)

UNDER_FLATRATE: Final = ExpectedCall(
    what="alice calls the German fixed network",
    account=ALICE,
    number=BERLIN,
    hold_s=8.5,
    # Line 325: FLAT.DE covers the German fixed network. 9 seconds begun, at nothing.
    charged_s=9,
    amount_micros=0,
    covered_by="FLAT.DE",
    line=89,
    trunk="carrier1",
)

SECOND_CALL: Final = ExpectedCall(
    what="alice calls a German mobile while her only flatrate is in use",
    account=ALICE,
    number=GERMAN_MOBILE,
    ending="flatrate-limit",
    released_by="switch",
    status=486,
    text="Alle gebuchten Flatrates sind im Gespräch",
)

SECOND_FLATRATE: Final = ExpectedCall(
    what="the same call again, now that a second flatrate is booked",
    account=ALICE,
    number=GERMAN_MOBILE,
    hold_s=4.5,
    # Line 90, standard: 19.9 ct/min, and no flatrate covers mobiles.
    # 4.5 s are 5 seconds begun: 19.9 ct * 5 / 60 = 1.658333... ct = 0.016583 euros
    charged_s=5,
    amount_micros=16_583,
    line=90,
)

EMERGENCY_CALL: Final = ExpectedCall(
    what="alice calls 112 while both flatrates are in use",
    account=ALICE,
    number=EMERGENCY,
    hold_s=1.5,
    # Nobody pays for an emergency call: it is not even rated.
    charged_s=0,
    amount_micros=0,
    is_emergency=True,
)

ABROAD: Final = ExpectedCall(
    what="carol calls a French mobile; the first carrier has no line, the second has",
    account=CAROL,
    number=FRENCH_MOBILE,
    hold_s=3.5,
    # Line 198, Plus: 29 ct/min.
    # 3.5 s are 4 seconds begun: 29 ct * 4 / 60 = 1.933333... ct = 0.019333 euros
    charged_s=4,
    amount_micros=19_333,
    line=198,
    trunk="carrier2",
)

NO_CREDIT: Final = ExpectedCall(
    what="bob calls a German mobile without any credit",
    account=BOB,
    number=GERMAN_MOBILE,
    ending="no-credit",
    released_by="switch",
    status=402,
    text="Guthaben reicht nicht",
)

CREDIT_RUNS_OUT: Final = ExpectedCall(
    what="bob calls a German mobile with one cent",
    account=BOB,
    number=GERMAN_MOBILE,
    ending="credit-exhausted",
    released_by="switch",
    # Line 90, standard: 19.9 ct/min.
    # 3 seconds cost 19.9 ct * 3 / 60 = 0.995 ct, a fourth would make it 1.326666... ct.
    # So one cent is good for exactly 3 seconds: 0.009950 euros, and 0.000050 are left.
    charged_s=3,
    amount_micros=9_950,
    line=90,
)

STILL_NO_CREDIT: Final = ExpectedCall(
    what="bob calls again with what is left",
    account=BOB,
    number=GERMAN_MOBILE,
    ending="no-credit",
    released_by="switch",
    status=402,
    text="Guthaben reicht nicht",
)

CALLS: Final = (
    ON_NET,
    SECOND_CALL,
    EMERGENCY_CALL,
    SECOND_FLATRATE,
    UNDER_FLATRATE,
    ABROAD,
    NO_CREDIT,
    CREDIT_RUNS_OUT,
    STILL_NO_CREDIT,
)

SUMS_MICROS: Final = (
    # 0 + 0 + 16583 + 0
    (ALICE, 16_583),
    # 9950, of 10000
    (BOB, 9_950),
    # 0 + 19333
    (CAROL, 19_333),
)

TOTAL_MICROS: Final = 45_866
"""16583 + 9950 + 19333."""
