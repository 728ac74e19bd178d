"""Every deviation from what was expected, each as one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from freiton.calls.stream import CallReport
from freiton.demo.expected import ExpectedCall
from rating.cdr import CallDetailRecord
from rating.money import format_euro


def compare_records(
    records: Sequence[CallDetailRecord],
    expected: Sequence[ExpectedCall],
    *,
    account_ids: Mapping[str, str],
    trunk_ids: Mapping[str, str],
) -> Iterator[str]:
    """Yield what is wrong with the records; each account's calls are taken in their order."""
    if len(records) != len(expected):
        yield f"there are {len(records)} call records instead of {len(expected)}"
    names = {one: name for name, one in account_ids.items()}
    found: dict[tuple[str, str], list[CallDetailRecord]] = {}
    for record in records:
        account = names.get(record.account_id, record.account_id)
        found.setdefault((account, record.called_number), []).append(record)
    for call in expected:
        same = found.get((call.account, call.number), [])
        if not same:
            yield f"{call.what}: there is no record of it"
            continue
        yield from _compare(same.pop(0), call, trunk_ids)
    for left in found.values():
        for record in left:
            account = names.get(record.account_id, record.account_id)
            yield f"nobody expected the call of {account} to {record.called_number}"


def compare_sums(
    records: Iterable[CallDetailRecord],
    sums: Iterable[tuple[str, int]],
    *,
    account_ids: Mapping[str, str],
) -> Iterator[str]:
    """Yield which account's calls do not add up to what was expected."""
    charged: dict[str, int] = {}
    for record in records:
        charged[record.account_id] = charged.get(record.account_id, 0) + record.amount_micros
    for account, amount_micros in sums:
        found_micros = charged.get(account_ids[account], 0)
        if found_micros != amount_micros:
            yield f"the calls of {account} sum up to {_not(found_micros, amount_micros)}"


def compare_stream(
    reports: Sequence[CallReport], records: Iterable[CallDetailRecord]
) -> Iterator[str]:
    """Yield where the cost that was shown while a call ran does not fit its record.

    It may only grow, never go beyond what was charged, and must end at exactly that.
    """
    for record in records:
        told = [one for one in reports if one.call_id == record.call_id]
        shown = [one.cost_micros for one in told if one.cost_micros is not None]
        if shown != sorted(shown):
            yield f"the running cost of the call to {record.called_number} went down: {shown}"
        if len(accounts := {one.account for one in told}) > 1:
            yield f"the call to {record.called_number} was told to be of {sorted(accounts)}"
        last = told[-1] if told else None
        if last is None or last.kind not in ("end", "refuse"):
            yield f"nothing was told of the end of the call to {record.called_number}"
        elif record.quote is not None and (last.cost_micros or 0) != record.gross_micros:
            amounts = _not(last.cost_micros or 0, record.gross_micros)
            yield f"the call to {record.called_number} was shown to cost {amounts}"


def _compare(
    record: CallDetailRecord, call: ExpectedCall, trunk_ids: Mapping[str, str]
) -> Iterator[str]:
    quote = record.quote
    source = None if quote is None else quote.source
    facts = (
        ("ending", record.ending, call.ending),
        ("released by", record.released_by, call.released_by),
        ("final status", record.sip_status, call.status),
        ("answered", record.answered_at is not None, call.is_answered),
        ("charged seconds", record.charged_s, call.charged_s),
        ("covered by", None if quote is None else quote.covered_by, call.covered_by),
        ("line of the price list", None if source is None else source.line, call.line),
        ("emergency", record.is_emergency, call.is_emergency),
    )
    for name, found, wanted in facts:
        if found != wanted:
            yield f"{call.what}: {name} is {found}, not {wanted}"
    if record.amount_micros != call.amount_micros:
        amounts = _not(record.amount_micros, call.amount_micros)
        yield f"{call.what}: the amount is {amounts}"
    if call.trunk is not None and record.trunk_id != trunk_ids[call.trunk]:
        names = {one: name for name, one in trunk_ids.items()}
        taken = names.get(record.trunk_id or "", "none")
        yield f"{call.what}: it went over trunk {taken}, not {call.trunk}"
    if call.hold_s is not None and record.duration_us < int(call.hold_s * 1_000_000):
        yield f"{call.what}: it lasted {record.duration_us / 1e6} s, not at least {call.hold_s} s"
    if not record.is_consistent():
        yield f"{call.what}: the amount does not follow from the price that is recorded with it"


def _not(found_micros: int, wanted_micros: int) -> str:
    found, wanted = (format_euro(one, style="plain") for one in (found_micros, wanted_micros))
    return f"{found} euros, not {wanted}"
