"""Vectors of usage: messages, answers, data, machines, conversations, work, and sequences."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Final

from rating.charges import (
    ChargeBook,
    ChargedUsage,
    QuotaUse,
    UsageParams,
    UsageRefused,
    UsageUnit,
    charge_conversations,
    charge_data,
    charge_messages,
    charge_minutes,
    charge_reply,
    charge_work,
    find_item,
)
from rating.charges.usage import TIMED
from rating.errors import VectorError
from rating.stored_record import JsonValue
from rating.vectors.charges.forms import (
    COUNT_MAX,
    NAME,
    QUANTITY_MAX,
    read_bookings,
    read_duration_us,
    write_amount,
)
from rating.vectors.exact_text import write_number
from rating.vectors.json_object import Keys, TextForm

_REGION: Final = TextForm(re.compile(r"[A-Z]{2}|001"), "a country such as CH, or 001")
_USAGE_MAX: Final = 1000
_CONTACTS_MAX: Final = 1000
_HOLIDAYS_MAX: Final = 100
_CHARACTERS_MAX: Final = 1_000_000


class UsageKind(StrEnum):
    """Kinds of vectors whose answer has the same form."""

    MESSAGE = "message"
    REPLY = "reply"
    DATA = "data"
    MINUTES = "minutes"


def answer_usage(keys: Keys, book: ChargeBook) -> dict[str, JsonValue]:
    """Charge one message, answer, data session or time of a machine."""
    return _answer(_charge(keys, book, _params(keys, book)))


def answer_sequence(keys: Keys, book: ChargeBook) -> dict[str, JsonValue]:
    """Charge what one account uses, and answer each usage."""
    answers: list[dict[str, JsonValue]] = [_answer(one) for one in charge_sequence(keys, book)]
    return {"usage": answers}


def charge_sequence(keys: Keys, book: ChargeBook) -> Iterator[ChargedUsage | UsageRefused]:
    """Charge what one account uses in the order of the list; quotas remember their month."""
    use = QuotaUse(book)
    for entry in keys.objects("usage", high=_USAGE_MAX):
        if "quota_used" in entry.names():
            entry.wrong("quota_used", "nothing, as a sequence counts for itself")
        params = _params(entry, book)
        params = replace(params, quota_used=use.before(params.at))
        charged = _charge(entry, book, params)
        entry.refuse_others()
        if isinstance(charged, ChargedUsage):
            use.add(params.at, charged)
        yield charged


def answer_conversation(keys: Keys, book: ChargeBook) -> dict[str, JsonValue]:
    """Charge the windows that the contacts of each caller open, each on the day it opens."""
    contacts = [_contact(entry) for entry in keys.objects("contacts", high=_CONTACTS_MAX)]
    if not contacts:
        keys.wrong("contacts", "at least one contact")
    item = keys.text("item", NAME)
    _check_unit(book, item, UsageUnit.CONVERSATION)
    params = UsageParams(
        book=book,
        item=item,
        at=contacts[0][1],
        plan=keys.text_or_none("plan", NAME) or "",
    )
    found = charge_conversations(params, contacts)
    if isinstance(found, UsageRefused):
        return _refusal(found)
    windows: list[dict[str, JsonValue]] = [
        {
            "caller": one.caller,
            "opened_at": _instant(one.opened_at),
            "closes_at": _instant(one.closes_at),
        }
        for one in found
    ]
    exact = sum((one.charged.amount.exact for one in found), Fraction(0))
    total = replace(found[0].charged.amount, exact=exact)
    return {"admitted": True, "reason": None, "windows": windows, **write_amount(total)}


def answer_work(keys: Keys, book: ChargeBook) -> dict[str, JsonValue]:
    """Charge the work of people."""
    params = _params(keys, book)
    _check_unit(book, params.item, *TIMED)
    duration_us = read_duration_us(keys, "duration_s")
    days = frozenset(entry.day("day") for entry in keys.objects("holidays", high=_HOLIDAYS_MAX))
    work = charge_work(params, duration_us=duration_us, holidays=days)
    if isinstance(work, UsageRefused):
        return _refusal(work)
    return {
        "admitted": True,
        "reason": None,
        "item": work.row.item,
        "units": work.units,
        "units_outside": work.units_outside,
        "price": write_number(work.price),
        **write_amount(work.amount),
    }


def _charge(keys: Keys, book: ChargeBook, params: UsageParams) -> ChargedUsage | UsageRefused:
    match keys.choice("kind", UsageKind, default=UsageKind.MESSAGE):
        case UsageKind.MESSAGE:
            _check_unit(book, params.item, UsageUnit.MESSAGE)
            characters = None
            if "characters" in keys.names():
                characters = keys.count("characters", low=0, high=_CHARACTERS_MAX)
            recipients = keys.count("recipients", low=1, high=COUNT_MAX, default=1)
            return charge_messages(params, characters=characters, recipients=recipients)
        case UsageKind.REPLY:
            if params.item not in {window.item for window in book.reply_windows}:
                raise VectorError(f"{params.item} has no window for answers")
            has_incoming = "last_incoming_at" in keys.names()
            incoming = keys.instant("last_incoming_at") if has_incoming else None
            characters = keys.count("characters", low=0, high=_CHARACTERS_MAX)
            return charge_reply(params, last_incoming_at=incoming, characters=characters)
        case UsageKind.DATA:
            _check_unit(book, params.item, UsageUnit.MEGABYTE)
            size = keys.count("bytes", low=0, high=QUANTITY_MAX)
            return charge_data(params, size_bytes=size)
        case UsageKind.MINUTES:
            _check_unit(book, params.item, *TIMED)
            return charge_minutes(params, duration_us=read_duration_us(keys, "duration_s"))


def _params(keys: Keys, book: ChargeBook) -> UsageParams:
    at = keys.instant("at")
    return UsageParams(
        book=book,
        item=_item(keys, book, at),
        at=at,
        plan=keys.text_or_none("plan", NAME) or "",
        bookings=read_bookings(keys, "bookings", book),
        quota_used=_quota_used(keys, book),
    )


def _item(keys: Keys, book: ChargeBook, at: datetime) -> str:
    """Read the name of a row, or find it by service and place."""
    if "service" not in keys.names():
        return keys.text("item", NAME)
    service = keys.text("service", NAME)
    to, visited = keys.text_or_none("to", _REGION), keys.text_or_none("visited", _REGION)
    if service not in {row.service for entry in book.lists for row in entry.usage.values()}:
        raise VectorError(f"{book.provider} has no service {service}")
    # A place without a row is a refusal, as a number without one is.
    return find_item(book, service, at, to=to or "", visited=visited or "") or ""


def _check_unit(book: ChargeBook, item: str, *units: UsageUnit) -> None:
    if not item:
        return
    rows = [entry.usage[item] for entry in book.lists if item in entry.usage]
    if not rows:
        raise VectorError(f"{book.provider} has no usage {item}")
    if any(row.unit not in units for row in rows):
        raise VectorError(f"{item} is priced by the {rows[0].unit}")


def _contact(keys: Keys) -> tuple[str, datetime]:
    found = keys.text("caller", NAME), keys.instant("at")
    keys.refuse_others()
    return found


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _quota_used(keys: Keys, book: ChargeBook) -> Mapping[str, int]:
    entry = keys.inner("quota_used")
    if entry is None:
        return {}
    known = {quota.id for quota in book.quotas}
    for name in entry.names():
        if name not in known:
            raise VectorError(f"{book.provider} has no quota {name[:64]!r}")
    return {name: entry.count(name, low=0, high=QUANTITY_MAX) for name in entry.names()}


def _answer(found: ChargedUsage | UsageRefused) -> dict[str, JsonValue]:
    if isinstance(found, UsageRefused):
        return _refusal(found)
    return {
        "admitted": True,
        "reason": None,
        "item": found.row.item,
        "quantity": found.quantity,
        "quota": dict(found.paid_by_quota),
        "charged": found.charged,
        "throttled": found.throttled is not None,
        "is_call": found.row.is_call,
        "price": write_number(found.price),
        **write_amount(found.amount),
    }


def _refusal(refused: UsageRefused) -> dict[str, JsonValue]:
    return {"admitted": False, "reason": refused.reason.value, "offer": refused.offer or None}
