"""Numbers as a carrier writes them, in both directions."""

from __future__ import annotations

import re
from typing import Final

from freiton.routing.directory import NumberFormat
from rating.numbering import DiallingOrigin, E164Number, NumberingPlan, ServiceNumber

CalledNumber = E164Number | ServiceNumber

_GERMANY: Final = "+49"
_TRUNK_ORIGIN: Final = DiallingOrigin()
_BARE_E164: Final = re.compile(r"[1-9][0-9]{6,14}")


def written_called(called: CalledNumber, number_format: NumberFormat) -> str:
    """Write a called number; short codes (116117, 118xy, 115) are the same everywhere."""
    if isinstance(called, E164Number):
        return written_e164(called.e164, number_format)
    if called.e164 is not None and called.digits[0] == "0":
        return written_e164(called.e164, number_format)
    return called.digits


def written_e164(e164: str, number_format: NumberFormat) -> str:
    """Write a number with its plus, or with the prefixes that are dialled in Germany."""
    if number_format is NumberFormat.E164:
        return e164
    if number_format is NumberFormat.NATIONAL and e164.startswith(_GERMANY):
        return f"0{e164.removeprefix(_GERMANY)}"
    return f"00{e164.removeprefix('+')}"


def read_e164(text: str, number_format: NumberFormat, plan: NumberingPlan) -> str | None:
    """Read a number that a carrier sent as E.164; None for what is no public number.

    Carriers with E.164 often leave the plus away; what is longer than a short code gets it back.
    """
    number = text.partition(";")[0]
    if number_format is NumberFormat.E164 and _BARE_E164.fullmatch(number) is not None:
        number = f"+{number}"
    normalized = plan.normalize(number, _TRUNK_ORIGIN)
    if isinstance(normalized, E164Number | ServiceNumber):
        return normalized.e164
    return None
