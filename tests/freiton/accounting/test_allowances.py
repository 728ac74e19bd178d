"""Allowances at the accounting's desk: reserved with the call, kept by the log, used at its end."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from freiton.accounting.admission import AdmissionCause, Admitted, Cut, CutReason, Refused
from freiton.accounting.call_records import check_record
from freiton.accounting.charging_events import AnyEvent, CallAdmitted, CallEnded
from freiton.accounting.errors import AccountingError
from freiton.accounting.snapshot import decode_state, encode_state
from rating.allowances import AllowanceTerms
from rating.charging import Grant
from rating.ledger import SpendingTerms
from tests.freiton.accounting.desk import CENT, PREPAID, Desk
from tests.rating.charging.quotes import make_quote

FREE = AllowanceTerms("FREE-120", "2026-05", 7_200)
SHORT = FREE._replace(granted_s=25)
UNLIMITED = SpendingTerms.postpaid(None)


def test_prepaid_without_money_talks_for_what_the_allowance_pays() -> None:
    desk = Desk()
    desk.connect("c1", terms=PREPAID, allowances=(SHORT,))
    assert desk.allowance(SHORT) == (0, 10)
    assert desk.run(24) == []
    assert desk.allowance(SHORT) == (0, 25)
    assert desk.run(2) == [Cut("c1", CutReason.CREDIT_EXHAUSTED, 25)]
    record = desk.end("c1", cause="credit-exhausted")
    desk.write()
    assert (record.rated_us, record.amount_micros) == (25_000_000, 0)
    assert record.allowance_used_s == {"FREE-120": 25}
    assert record.is_consistent()
    assert desk.allowance(SHORT) == (25, 0)
    assert desk.admit("c2", terms=PREPAID, allowances=(SHORT,)) == Refused(AdmissionCause.NO_CREDIT)
    assert desk.in_memory() == desk.folded()


def test_a_call_across_the_end_of_an_allowance_is_split_to_the_second() -> None:
    desk = Desk()
    desk.pay(CENT, "r1")
    desk.write()
    desk.connect("c1", terms=PREPAID, allowances=(SHORT,))
    desk.run(28.5)
    record = desk.end("c1")
    desk.write()
    assert record.allowance_used_s == {"FREE-120": 25}
    assert (record.charged_s, record.amount_micros) == (29, 4_000)
    assert desk.balance() == CENT - 4_000
    assert desk.in_memory() == desk.folded()


def test_running_cost_is_the_final_charge() -> None:
    desk = Desk()
    desk.connect("c1", terms=UNLIMITED, allowances=(SHORT,))
    costs = []
    for _ in range(40):
        desk.run(1)
        cost = desk.accounting.running_cost("c1", now=desk.now)
        assert cost is not None
        costs.append(cost.amount_micros)
    assert costs[:26] == [0] * 25 + [1_000]
    assert desk.end("c1").amount_micros == costs[-1] == 15_000


def test_what_an_unanswered_call_reserved_goes_back() -> None:
    desk = Desk()
    desk.admit("c1", terms=PREPAID, allowances=(SHORT,))
    desk.write()
    assert desk.allowance(SHORT) == (0, 10)
    desk.end("c1", cause="cancelled")
    assert desk.allowance(SHORT) == (0, 0)
    desk.write()
    assert desk.in_memory() == desk.folded()


def test_what_the_log_did_not_take_goes_back() -> None:
    desk = Desk()
    desk.is_log_broken = True
    desk.admit("c1", terms=PREPAID, allowances=(SHORT,))
    desk.write()
    assert not desk.accounting.is_open("c1")
    assert desk.allowance(SHORT) == (0, 0)


def test_an_extension_that_the_log_did_not_take_is_told_again() -> None:
    desk = Desk()
    desk.connect("c1", terms=PREPAID, allowances=(SHORT,))
    desk.is_log_broken = True
    desk.run(15)
    desk.repair()
    assert desk.allowance(SHORT) == (0, 20)
    assert desk.folded().allowances == desk.in_memory().allowances
    desk.die()
    assert desk.allowance(SHORT) == (0, 20)


def test_an_abandoned_call_uses_nothing() -> None:
    desk = Desk()
    desk.connect("c1", terms=PREPAID, allowances=(SHORT,))
    desk.run(15)
    record = desk.accounting.abandon("c1", at=desk.at, now=desk.now)
    desk.write()
    assert record.allowance_used_s == {}
    assert desk.allowance(SHORT) == (0, 0)
    assert desk.in_memory() == desk.folded()


def test_parallel_calls_share_one_allowance() -> None:
    desk = Desk()
    for name in ("c1", "c2", "c3"):
        desk.connect(name, terms=PREPAID, allowances=(SHORT,))
    assert desk.allowance(SHORT) == (0, 25)
    assert desk.accounting.state.calls["c3"].session.grant == Grant(5, is_final=True)
    desk.run(2)
    desk.end("c1")
    assert desk.allowance(SHORT) == (2, 15)
    # The first to ask gets what came back.
    assert desk.run(20) == [
        Cut("c2", CutReason.CREDIT_EXHAUSTED, 10),
        Cut("c3", CutReason.CREDIT_EXHAUSTED, 13),
    ]
    assert desk.allowance(SHORT) == (2, 23)
    assert desk.end("c2").allowance_used_s == {"FREE-120": 10}
    assert desk.end("c3").allowance_used_s == {"FREE-120": 13}
    assert desk.allowance(SHORT) == (25, 0)


def test_a_call_belongs_to_the_month_in_which_it_began() -> None:
    desk = Desk()
    desk.connect("may", terms=PREPAID, allowances=(SHORT,))
    desk.run(5)
    june = SHORT._replace(period="2026-06")
    desk.connect("june", terms=PREPAID, allowances=(june,))
    desk.run(13)
    desk.end("may")
    desk.end("june")
    desk.write()
    assert desk.allowance(SHORT) == (18, 0)
    assert desk.allowance(june) == (13, 0)
    assert desk.in_memory() == desk.folded()


def test_only_the_allowances_that_the_quote_names_are_used() -> None:
    desk = Desk()
    other = AllowanceTerms("PACKAGE", "2026-05", 60)
    quote = replace(make_quote(), allowances=("PACKAGE",))
    assert isinstance(desk.admit("c1", quote=quote, allowances=(FREE, other)), Admitted)
    desk.write()
    desk.answer("c1")
    desk.write()
    desk.run(5)
    assert desk.end("c1").allowance_used_s == {"PACKAGE": 5}
    assert desk.allowance(FREE) == (0, 0)


def test_a_quote_that_names_an_allowance_without_terms_is_our_own_mistake() -> None:
    desk = Desk()
    quote = replace(make_quote(), allowances=("FREE-120",))
    with pytest.raises(AccountingError, match="FREE-120"):
        desk.admit("c1", quote=quote, allowances=())


def test_seconds_that_do_not_follow_from_the_record_are_found() -> None:
    desk = Desk()
    desk.connect("c1", terms=PREPAID, allowances=(SHORT,))
    desk.run(5)
    desk.end("c1")
    desk.write()
    admitted, ended = (_event_of(desk, key) for key in ("c1/admitted", "c1/ended"))
    assert isinstance(admitted, CallAdmitted)
    assert isinstance(ended, CallEnded)
    assert check_record(ended, admitted) is None
    fewer = {"FREE-120": 4}
    alone = msgspec.structs.replace(ended, allowance_used_s=fewer)
    assert "its allowances differ" in (check_record(alone, admitted) or "")
    both = msgspec.structs.replace(alone, record={**ended.record, "allowance_used_s": fewer})
    assert "another amount" in (check_record(both, admitted) or "")


@pytest.mark.parametrize("is_found", [True, False])
def test_a_kill_keeps_the_balances(*, is_found: bool) -> None:
    desk = Desk()
    desk.connect("over", terms=PREPAID, allowances=(SHORT,))
    desk.run(3)
    desk.end("over")
    desk.connect("runs", terms=PREPAID, allowances=(SHORT,))
    desk.run(12)
    assert desk.allowance(SHORT) == (3, 20)
    before = desk.in_memory().allowances

    (open_call,) = desk.die(down_s=4).open_calls

    assert desk.in_memory().allowances == before
    assert open_call.granted_s == 20
    if is_found:
        desk.accounting.readopt("runs", at=desk.at, now=desk.now)
        desk.run(1.5)
        record = desk.end("runs")
        assert record.allowance_used_s == {"FREE-120": 18}
    else:
        record = desk.accounting.close_lost("runs", at=desk.at, now=desk.now)
        assert record.allowance_used_s == {"FREE-120": 12}
    desk.write()
    assert record.amount_micros == 0
    assert desk.allowance(SHORT) == (3 + record.charged_s, 0)
    assert desk.in_memory() == desk.folded()


def test_a_snapshot_keeps_what_running_calls_hold() -> None:
    desk = Desk()
    desk.connect("c1", terms=PREPAID, allowances=(SHORT, FREE._replace(option_id="PACKAGE")))
    desk.run(28)
    state = decode_state(encode_state(desk.accounting.state), {})
    assert state.allowances.to_record() == desk.accounting.state.allowances.to_record()
    ours, theirs = desk.accounting.state.calls["c1"].session, state.calls["c1"].session
    assert theirs.allowances.spans == ours.allowances.spans == ((0, 0, 25), (1, 25, 5))
    assert theirs.allowances.terms == ours.allowances.terms


def _event_of(desk: Desk, key: str) -> AnyEvent:
    body, _ = desk.log.rows[desk.log.positions[key] - 1]
    event: AnyEvent = msgspec.msgpack.decode(body, type=AnyEvent)
    return event
