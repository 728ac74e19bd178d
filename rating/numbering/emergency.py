"""Recognising 110 and 112, before and apart from everything else.

NotrufV § 4 (5): digits after an emergency number do not stop it; digits before it must not reach
an answering point, but for a carrier selection prefix (010xy, 0100yy). So ``1100``, ``112#`` and
``010 33 112`` are emergencies; ``0112``, ``+49112``, ``030112`` and ``9112`` are not.
"""

import re
from typing import Final

# Between the digits may stand what people and phones write for the eye (RFC 3966 §5.1.1, blanks).
_SEPARATOR: Final = r"[ \-.()/]*"
_EMERGENCY: Final = re.compile(
    rf"{_SEPARATOR}(?:0{_SEPARATOR}1{_SEPARATOR}0"
    rf"(?:{_SEPARATOR}0(?:{_SEPARATOR}[0-9]){{2}}|{_SEPARATOR}[1-9]{_SEPARATOR}[0-9])"
    rf"{_SEPARATOR})?1{_SEPARATOR}1{_SEPARATOR}([02])"
)


def is_emergency(dialled: str) -> bool:
    """Tell whether the user part of a SIP or tel URI, or a dial string, calls for help."""
    return _EMERGENCY.match(dialled) is not None


def emergency_number(dialled: str) -> str | None:
    """Give the bare emergency number, ``110`` or ``112``, that a dialled string calls."""
    match = _EMERGENCY.match(dialled)
    return None if match is None else f"11{match[1]}"
