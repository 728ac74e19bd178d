"""Dialled digits to numbers, and numbers to where they lead."""

from rating.numbering.emergency import emergency_number, is_emergency
from rating.numbering.load import Numbering, load_numbering
from rating.numbering.number import (
    DiallingOrigin,
    E164Number,
    NormalizedNumber,
    NumberRefused,
    RefusalReason,
    ServiceKind,
    ServiceNumber,
)
from rating.numbering.numbering_plan import NumberingPlan, SpecialRange
from rating.numbering.prefix_table import LineType, NumberRange, PrefixTable

__all__ = [
    "DiallingOrigin",
    "E164Number",
    "LineType",
    "NormalizedNumber",
    "NumberRange",
    "NumberRefused",
    "Numbering",
    "NumberingPlan",
    "PrefixTable",
    "RefusalReason",
    "ServiceKind",
    "ServiceNumber",
    "SpecialRange",
    "emergency_number",
    "is_emergency",
    "load_numbering",
]
