"""The forms in which files name numbers (``docs/tariffs.md``)."""

import re
from typing import Final

from rating.numbering import LineType
from rating.pricing.rate_index import SERVICE

_REGION: Final = r"(?:[A-Z]{2}|001)"
_BREAKOUT: Final = r"[A-Z]{2}-[A-Z0-9-]+"
_ZONE: Final = r"@(?P<zone>[a-z0-9]+(?:-[a-z0-9]+)*)"
_SELECTOR: Final = re.compile(
    rf"[0-9]{{3,6}}|{SERVICE}|{_BREAKOUT}|{_REGION}(?:/(?P<line_type>[a-z_]+))?"
    # Lines with prices of their own are in no zone.
    rf"|{_ZONE}(?:/(?:{LineType.FIXED}|{LineType.MOBILE}))?"
)
_MEMBER: Final = re.compile(rf"{_REGION}|{_BREAKOUT}")


def is_selector(text: str) -> bool:
    """Tell whether a text has one of the forms."""
    match = _SELECTOR.fullmatch(text)
    return match is not None and match["line_type"] in (None, *LineType)


def is_member(text: str) -> bool:
    """Tell whether a text can be a member of a zone: a region or a breakout."""
    return _MEMBER.fullmatch(text) is not None


def zone_of(selector: str) -> str | None:
    """Give the zone that a selector names, if it names one."""
    match = _SELECTOR.fullmatch(selector)
    return None if match is None else match["zone"]


def is_service(selector: str) -> bool:
    """Tell whether a selector names German service numbers."""
    return selector.isdigit() or selector == SERVICE
