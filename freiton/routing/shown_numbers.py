"""Numbers that nobody may show as a caller: a call that does is broken off (TKG § 120 (1), (3)).

Whoever writes them does not write them plainly, so every spelling counts that a phone would show
as the number: with the country code, with a trunk prefix behind it, in digits of other scripts,
with separators, as a telephone-subscriber with parameters, as a display name.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_PREFIX: Final = r"(?:\+?(?:00)?490?|0)"
_EMERGENCY: Final = rf"{_PREFIX}?(?:110|112)"
_DIRECTORY: Final = rf"{_PREFIX}?118[0-9]{{2,3}}"
# The first digits alone are an area code's in some place; with the trunk prefix they are not.
_PREMIUM: Final = rf"{_PREFIX}(?:900|137|138)[0-9]*"
_SHORT_CODE: Final = r"(?!115)[1-9][0-9]{2,4}"

_NEVER: Final = re.compile(rf"{_EMERGENCY}|{_DIRECTORY}|{_PREMIUM}|{_SHORT_CODE}")
_NEVER_BY_NAME: Final = re.compile(rf"{_EMERGENCY}|{_DIRECTORY}|{_PREMIUM}")
_NOT_DIALLED: Final = re.compile(r"[^0-9+]")
_SEPARATORS: Final = str.maketrans("", "", " -.()/#")
"""``#`` among them, as it ends what was dialled and is no part of the number."""

TEXT_CHARS_MAX: Final = 128
"""No number is longer, however it is spelled; bounds the work on what a stranger wrote."""


def is_never_shown(user: str) -> bool:
    """Tell whether a user part or number is one that may not be shown.

    Short codes count as well, except 115, whose calls come from offices.
    """
    return _NEVER.fullmatch(_plain(user.partition(";")[0])) is not None


def is_never_shown_by_account(user: str) -> bool:
    """Tell the same of what an account's own phone writes: its name may be a short number."""
    return _NEVER_BY_NAME.fullmatch(_plain(user.partition(";")[0])) is not None


def names_what_is_never_shown(display_name: str) -> bool:
    """Tell whether a display name is such a number and nothing else, but for punctuation.

    Letters make it a name; in that case its digits are dropped by those who pass it on.
    """
    text = unicodedata.normalize("NFKC", display_name[:TEXT_CHARS_MAX])
    if any(character.isalpha() for character in text):
        return False
    return _NEVER_BY_NAME.fullmatch(_NOT_DIALLED.sub("", _ascii_digits(text))) is not None


def _plain(text: str) -> str:
    return _ascii_digits(text[:TEXT_CHARS_MAX]).translate(_SEPARATORS)


def _ascii_digits(text: str) -> str:
    """Return the text with the digits of every script as those of ASCII."""
    if text.isascii():
        return text
    normal = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in normal)
