"""A charging log with real calls in it, made by the real accounting at real prices."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from freiton.accounting.call_accounting import CallAccounting
from freiton.accounting.call_records import Attempt
from freiton.storage.charging_log_appender import LogAppender
from freiton.storage.charging_log_file import CHARGING_FOLDER
from freiton.storage.charging_log_state import read_state
from rating.allowances import AllowanceKey, AllowanceTerms, period_of
from rating.engine import BookedOption, Quote
from rating.ledger import SpendingTerms
from tests.freiton.accounting.desk import LIMIT, Desk
from tests.freiton.storage.calls_for_log import write
from tests.rating.replay.calls import number_of
from tests.rating.shipped import price_of

START = datetime.fromisoformat("2026-05-04T10:00:00+02:00")


class Talk(NamedTuple):
    """One call of an account: where to, when after the first, and for how long."""

    call_id: str
    dialled: str
    after_s: int = 0
    lasts_s: int = 60
    account_id: str = "1"
    options: tuple[BookedOption, ...] = ()


def make_log(state: Path, *talks: Talk, terms: SpendingTerms = LIMIT, paid: int = 0) -> None:
    """Let calls happen one after the other, each charged by what its account had then."""
    appender = LogAppender(state / CHARGING_FOLDER)
    desk = Desk()
    desk.at = START
    if paid:
        desk.pay(paid, "first")
        write(appender, desk)
    for talk in talks:
        desk.at = START + timedelta(seconds=talk.after_s)
        quote = price_of(talk.dialled, options=talk.options, at=desk.at)
        assert isinstance(quote, Quote), talk
        number = number_of(talk.dialled)
        called = number.e164 or number.digits
        desk.admit(
            talk.call_id, quote=quote, account=talk.account_id, called_number=called, terms=terms
        )
        write(appender, desk)
        desk.answer(talk.call_id)
        write(appender, desk)
        for step_s in _steps(talk.lasts_s):
            desk.now += step_s
            desk.at += timedelta(seconds=step_s)
            desk.accounting.handle_deadlines(at=desk.at, now=desk.now)
            write(appender, desk)
        desk.end(talk.call_id)
        write(appender, desk)
    appender.close()


def leave_open(state: Path, call_id: str, dialled: str, option: BookedOption) -> int:
    """Let a call begin that draws on an allowance, and give the seconds that it holds."""
    appender, desk = _again(state)
    quote = price_of(dialled, options=(option,), at=START)
    assert isinstance(quote, Quote)
    key = AllowanceKey("1", option.option_id, period_of(START))
    terms = AllowanceTerms(key.option_id, key.period, 7_200)
    desk.admit(call_id, quote=quote, allowances=(terms,))
    write(appender, desk)
    held_s = desk.accounting.state.allowances.state(key).reserved_s
    appender.close()
    return held_s


def add_refusal(state: Path, call_id: str, cause: str) -> None:
    """Let a call be refused."""
    appender, desk = _again(state)
    attempt = Attempt(call_id, "1", "9", "5", "outbound", "+4930111", "+4940222", cause, 486)
    desk.accounting.refuse(attempt, at=START, now=desk.now)
    write(appender, desk)
    appender.close()


def _again(state: Path) -> tuple[LogAppender, Desk]:
    """Take the log up as a switch does that starts again."""
    appender = LogAppender(state / CHARGING_FOLDER)
    desk = Desk()
    desk.at = START
    desk.accounting = CallAccounting(
        read_state(state / CHARGING_FOLDER), boot_id=desk.boot_id, position=appender.position
    )
    return appender, desk


def _steps(lasts_s: int) -> list[int]:
    """Cut a talk into minutes: a grant is extended before it runs out."""
    minutes, rest_s = divmod(lasts_s, 60)
    return [60] * minutes + [rest_s] * (rest_s > 0)
