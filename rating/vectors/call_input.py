"""The input of a call vector: who calls whom from where, when and how long."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from rating.errors import VectorError
from rating.numbering import DiallingOrigin
from rating.pricing import (
    ABROAD,
    BookedOption,
    Callee,
    CallOrigin,
    ExternalPrice,
    OriginKind,
)
from rating.vectors.json_object import Keys, TextForm

DURATION_S_MAX: Final = 31 * 86_400
"""A month: no call lasts longer, and no calculation gets slow before."""
COUNT_MAX: Final = 100_000
"""More than any customer books or calls at once."""

_OUTGOING: Final = frozenset(OriginKind) - {OriginKind.ROAMING_INCOMING}
_OPTIONS_MAX: Final = 32
_USED_S_MAX: Final = 10**9
_MICROS_PER_SECOND: Final = 1_000_000

_NAME: Final = TextForm(re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}"), "a name")
_REGION: Final = TextForm(re.compile(r"[A-Z]{2}|001"), "a country such as CH, or 001")
_DIALLED: Final = TextForm(re.compile(r"[^\x00-\x1f\x7f]{1,128}"), "1 to 128 characters")
_COUNTRY_CODE: Final = TextForm(re.compile(r"[1-9][0-9]{0,2}"), "1 to 3 digits")
_AREA_CODE: Final = TextForm(re.compile(r"[1-9][0-9]{0,4}"), "1 to 5 digits without a leading 0")
_SECONDS: Final = TextForm(
    re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,6})?"), 'seconds in quotation marks such as "59.4"'
)


@dataclass(frozen=True, slots=True)
class CallInput:
    """One call, as far as its price depends on it."""

    provider: str
    plan_id: str
    contract_from: date | None
    """The first day of the contract term; ``None``: the day of the call."""
    price_list: str | None
    options: tuple[BookedOption, ...]
    origin: CallOrigin
    dialled: str | None
    dialling: DiallingOrigin
    """Where local and national dialling is completed."""
    answered_at: datetime
    duration_us: int
    callee: Callee
    running_calls: int
    allowance_used: Mapping[str, int]
    """Seconds of the month that are used up, by option."""
    external_price: ExternalPrice | None


def read_call_input(values: Mapping[str, object]) -> CallInput:
    """Read ``input`` of a vector; raise ``VectorError`` with the key that is wrong."""
    keys = Keys(values, "input")
    provider = keys.text("provider", _NAME)
    found = CallInput(
        provider=provider,
        plan_id=keys.text("plan", _NAME),
        contract_from=keys.day_or_none("contract_from"),
        price_list=keys.text_or_none("price_list", _NAME),
        options=tuple(
            _read_option(entry, provider) for entry in keys.objects("options", high=_OPTIONS_MAX)
        ),
        origin=_read_origin(keys),
        dialled=keys.text_or_none("dialled", _DIALLED),
        dialling=_read_dialling(keys),
        answered_at=keys.instant("answered_at"),
        duration_us=_read_duration(keys),
        callee=keys.choice("callee", Callee, default=Callee.OTHER),
        running_calls=keys.count("running_calls", low=0, high=COUNT_MAX, default=0),
        allowance_used=_read_used(keys),
        external_price=_read_external_price(keys),
    )
    keys.refuse_others()
    needs_number = found.callee not in (Callee.INTERNAL, Callee.MAILBOX)
    if found.dialled is None and needs_number and found.origin.kind in _OUTGOING:
        keys.wrong("dialled", _DIALLED.expected)
    return found


def _read_option(keys: Keys, provider: str) -> BookedOption:
    valid_from = keys.day("from")
    found = BookedOption(
        option_id=keys.text("id", _NAME),
        count=keys.count("count", low=1, high=COUNT_MAX, default=1),
        valid_from=valid_from,
        valid_to=keys.day_or_none("to"),
        ordered_on=keys.day_or_none("ordered_on") or valid_from,
        provider=provider,
    )
    keys.refuse_others()
    return found


def _read_origin(keys: Keys) -> CallOrigin:
    kind = keys.choice("origin", OriginKind, default=OriginKind.VOIP)
    visited = keys.text_or_none("visited", _REGION)
    if (visited is None) is (kind in ABROAD):
        keys.wrong("visited", f"the visited country exactly if the origin is roaming; it is {kind}")
    return CallOrigin(kind, visited)


def _read_dialling(keys: Keys) -> DiallingOrigin:
    country_code = keys.text_or_none("country_code", _COUNTRY_CODE)
    area_code = keys.text_or_none("area_code", _AREA_CODE)
    if country_code is None:
        return DiallingOrigin(area_code=area_code)
    return DiallingOrigin(country_code, area_code)


def _read_duration(keys: Keys) -> int:
    micros = Fraction(keys.text("duration_s", _SECONDS)) * _MICROS_PER_SECOND
    if micros > DURATION_S_MAX * _MICROS_PER_SECOND:
        keys.wrong("duration_s", f"at most {DURATION_S_MAX} seconds")
    return micros.numerator


def _read_used(keys: Keys) -> Mapping[str, int]:
    used = keys.inner("allowance_used")
    if used is None:
        return MappingProxyType({})
    if len(used.names()) > _OPTIONS_MAX:
        keys.wrong("allowance_used", f"at most {_OPTIONS_MAX} options")
    for name in used.names():
        if _NAME.pattern.fullmatch(name) is None:
            raise VectorError("input.allowance_used has a key that is no name of an option")
    return {name: used.count(name, low=0, high=_USED_S_MAX, default=0) for name in used.names()}


def _read_external_price(keys: Keys) -> ExternalPrice | None:
    price = keys.inner("external_price")
    if price is None:
        return None
    found = ExternalPrice(per_minute=price.number("per_minute"), per_call=price.number("per_call"))
    price.refuse_others()
    return found
