"""From the user part of a URI, or what fingers typed, to bare digits (RFC 3966 §5).

``+`` stays in front of a global number. Visual separators go, so do parameters and the ``#``
that some phones send for "dialling is complete". Percent escapes are decoded before.
"""

import re
from typing import Final

from rating.numbering.number import NumberRefused, RefusalReason

DIALLED_CHARACTERS_MAX: Final = 128
"""A number has 15 digits; the rest of the room is for separators and parameters."""
DIALLED_DIGITS_MAX: Final = 32
"""What a keypad can send in earnest: prefixes, 15 digits, and an overdialled tail."""

_BARE: Final = re.compile(rf"\+?[0-9]{{0,{DIALLED_DIGITS_MAX}}}")
_SEPARATORS: Final = str.maketrans("", "", " -.()/")
# "+49 (0)30 …": the national prefix for the eye of domestic readers, never dialled with the code.
_OPTIONAL_ZERO: Final = "(0)"


def read_dialled(dialled: str, *, country_code: str) -> str | NumberRefused:
    """Give digits with an optional leading ``+``; ``country_code`` is that of the origin."""
    if _BARE.fullmatch(dialled) is not None:
        return dialled
    if len(dialled) > DIALLED_CHARACTERS_MAX:
        return NumberRefused(RefusalReason.MALFORMED)
    written, *parameters = dialled.split(";")
    if written.lstrip().startswith(("+", "00")):
        written = written.replace(_OPTIONAL_ZERO, "", 1)
    digits = written.translate(_SEPARATORS).removesuffix("#")
    if _BARE.fullmatch(digits) is None:
        return NumberRefused(RefusalReason.MALFORMED)
    refusal = _refuse_parameters(parameters, digits, country_code)
    return digits if refusal is None else refusal


def _refuse_parameters(
    parameters: list[str], digits: str, country_code: str
) -> NumberRefused | None:
    """Ignore optional parameters, but not unknown mandatory ones (RFC 3966 §5.4)."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        name = name.strip().lower()
        if name.startswith("m-"):
            return NumberRefused(RefusalReason.MALFORMED)
        # A context is a name for a dialling environment, not a prefix (§5.1.5). A domain names
        # ours; a global prefix of another country names a plan in which we cannot dial.
        if name == "phone-context" and not digits.startswith("+"):
            context = value.strip().translate(_SEPARATORS)
            if context.startswith("+") and not context[1:].startswith(country_code):
                return NumberRefused(RefusalReason.UNKNOWN)
    return None
