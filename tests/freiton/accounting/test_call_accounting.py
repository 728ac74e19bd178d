from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
import pytest

from freiton.accounting.admission import (
    AdmissionCause,
    Admitted,
    Cut,
    CutReason,
    Refused,
)
from freiton.accounting.call_records import Attempt
from freiton.accounting.charging_events import (
    AnyEvent,
    AttemptRefused,
    CallEnded,
    ChargingEvent,
    GrantExtended,
    Heartbeat,
)
from freiton.accounting.errors import AccountingError, UnknownCall
from freiton.accounting.slots import SlotClaim, SlotKind
from rating.charging import ChargingSession, Grant
from rating.ledger import SpendingTerms
from tests.freiton.accounting.desk import CENT, LIMIT, PREPAID, Desk, flatrate, seqs_of, trunk
from tests.rating.charging.quotes import make_quote

SECOND = 1_000  # micro-euros of one second at the price of `make_quote`


def prepaid_desk(micros: int) -> Desk:
    desk = Desk()
    desk.pay(micros, "first")
    desk.write()
    return desk


def test_a_whole_call_is_charged_by_its_begun_seconds() -> None:
    desk = Desk()
    desk.connect("c", flatrate(1))
    desk.run(19.5)

    record = desk.end("c")

    assert record.amount_micros == 20 * SECOND
    assert (record.duration_us, record.billed_s) == (19_500_000, 20)
    assert (record.calling_number, record.called_number) == ("+4930111", "+4940222")
    assert record.is_consistent()
    assert desk.owed() == 20 * SECOND
    assert desk.slots(flatrate(1)) == set()
    desk.write()
    assert desk.in_memory() == desk.folded()


def test_the_running_cost_at_the_end_is_the_charge() -> None:
    desk = Desk()
    desk.connect("c")
    desk.run(61.25)
    running = desk.accounting.running_cost("c", now=desk.now)
    assert running is not None
    assert running.amount_micros == desk.end("c").amount_micros == 62 * SECOND


def test_a_call_without_a_price_has_no_cost() -> None:
    desk = Desk()
    desk.admit("c", is_free=True)
    desk.write()
    desk.answer("c")
    assert desk.accounting.running_cost("c", now=desk.now) is None
    assert desk.end("c").amount_micros == 0


def test_a_second_call_on_one_flatrate_is_refused_and_its_holder_named() -> None:
    desk = Desk()
    desk.admit("x", flatrate(1))
    assert desk.admit("y", flatrate(1)) == Refused(
        AdmissionCause.FLATRATE_LIMIT, ("x",), flatrate(1).owner
    )
    assert isinstance(desk.admit("y", flatrate(2)), Admitted)


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        (SlotKind.FLATRATE, AdmissionCause.FLATRATE_LIMIT),
        (SlotKind.CHANNEL, AdmissionCause.CHANNEL_LIMIT),
        (SlotKind.TRUNK, AdmissionCause.TRUNK_LIMIT),
        (SlotKind.TECHNICAL, AdmissionCause.TECHNICAL_LIMIT),
    ],
)
def test_each_kind_of_slot_has_its_cause(kind: SlotKind, cause: AdmissionCause) -> None:
    desk = Desk()
    answer = desk.admit("c", SlotClaim("owner", 0, kind=kind))
    assert answer == Refused(cause, (), "owner")


def test_bye_and_invite_in_one_wake_up_succeed() -> None:
    desk = Desk()
    desk.connect("x", flatrate(1))
    desk.end("x")
    assert isinstance(desk.admit("y", flatrate(1)), Admitted)
    assert desk.accounting.is_log_up


def test_a_call_that_was_not_answered_is_free() -> None:
    desk = prepaid_desk(100 * SECOND)
    desk.admit("c", terms=PREPAID)
    desk.run(40)
    record = desk.end("c", cause="abandoned")
    assert (record.amount_micros, record.answered_at, record.ending) == (0, None, "abandoned")
    assert desk.available() == 100 * SECOND


def test_a_call_whose_answer_is_not_durable_is_free() -> None:
    """The caller's 200 has not been sent, so the caller has talked to nobody."""
    desk = Desk()
    desk.admit("c")
    desk.write()
    desk.answer("c")
    desk.now += 0.3
    record = desk.end("c")
    desk.write()
    assert record.amount_micros == 0
    assert desk.owed() == 0
    assert desk.in_memory() == desk.folded()


def test_a_repeated_request_gets_the_first_answer() -> None:
    desk = Desk()
    admitted = desk.admit("c", flatrate(1))
    assert desk.admit("c", flatrate(1)) is admitted
    desk.write()
    assert desk.answer("c") == desk.answer("c")
    desk.write()
    desk.run(5)
    record = desk.end("c")
    desk.run(5)
    assert desk.end("c") is record
    assert desk.owed() == 5 * SECOND
    assert len(desk.accounting.outgoing()) == 1


def test_a_call_is_admitted_once_in_its_life() -> None:
    desk = Desk()
    desk.connect("c")
    desk.end("c")
    with pytest.raises(AccountingError):
        desk.admit("c")


def test_unknown_calls_are_our_own_mistake() -> None:
    desk = Desk()
    with pytest.raises(UnknownCall):
        desk.answer("nobody")
    with pytest.raises(UnknownCall):
        desk.end("nobody")
    with pytest.raises(UnknownCall):
        desk.accounting.running_cost("nobody", now=1.0)


def test_prepaid_is_cut_at_the_exact_second_and_charged_at_most_the_grant() -> None:
    desk = prepaid_desk(23 * SECOND + 999)
    desk.connect("c", terms=PREPAID)
    answered = desk.now

    assert desk.run(100) == [Cut("c", CutReason.CREDIT_EXHAUSTED, 23)]
    # The shell was slow: the call was ended only now.
    assert desk.now - answered == pytest.approx(100)
    record = desk.end("c")

    assert record.amount_micros == 23 * SECOND
    assert (record.rated_us, record.duration_us) == (23_000_000, 100_000_000)
    assert desk.balance() == 999


@pytest.mark.interpreted
def test_a_fault_while_a_grant_is_extended_costs_that_call_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk()
    desk.connect("c1")
    granted_s = desk.accounting.state.calls["c1"].session.grant.seconds
    decide = ChargingSession.decide_update

    def fail_for_the_first(session: ChargingSession, **moment: Any) -> Any:
        if session.id == "c1":
            raise ZeroDivisionError
        return decide(session, **moment)

    monkeypatch.setattr(ChargingSession, "decide_update", fail_for_the_first)
    with pytest.raises(ZeroDivisionError):
        desk.run(granted_s)
    desk.connect("c2")
    cuts = desk.run(granted_s + 5)
    assert [(cut.call_id, cut.at_s) for cut in cuts] == [("c1", granted_s)]
    record = desk.end("c1", "cut")
    assert record.charged_s == granted_s
    assert desk.end("c2").charged_s == granted_s + 5


def test_the_cut_comes_at_the_granted_second_not_later() -> None:
    desk = prepaid_desk(12 * SECOND)
    desk.connect("c", terms=PREPAID)
    assert desk.run(11.999999) == []
    assert desk.run(0.000001) == [Cut("c", CutReason.CREDIT_EXHAUSTED, 12)]


def test_a_grant_is_extended_in_time_and_each_extension_is_logged() -> None:
    desk = prepaid_desk(100 * SECOND)
    desk.connect("c", terms=PREPAID)
    desk.run(8.9)
    assert desk.available() == 90 * SECOND
    desk.run(0.2)
    assert desk.available() == 80 * SECOND
    assert desk.accounting.state.calls["c"].session.grant == Grant(20, is_final=False)
    assert desk.in_memory() == desk.folded()


def test_money_that_comes_in_while_the_last_seconds_run_extends_the_call() -> None:
    desk = prepaid_desk(10 * SECOND)
    desk.connect("c", terms=PREPAID)
    desk.run(9.5)
    desk.pay(5 * SECOND, "second")
    desk.write()
    assert desk.run(3) == []
    assert desk.run(10) == [Cut("c", CutReason.CREDIT_EXHAUSTED, 15)]


def test_money_that_another_call_gives_back_extends_the_call() -> None:
    desk = prepaid_desk(20 * SECOND)
    desk.connect("x", terms=PREPAID)
    desk.connect("y", terms=PREPAID)
    desk.run(4.5)
    desk.end("y")
    desk.write()
    assert desk.run(10.4) == []
    assert desk.run(0.1) == [Cut("x", CutReason.CREDIT_EXHAUSTED, 15)]


def test_a_call_ends_at_the_longest_allowed_time() -> None:
    desk = Desk()
    desk.admit("c", max_call_s=90)
    desk.write()
    desk.answer("c")
    desk.write()
    assert desk.run(200) == [Cut("c", CutReason.MAX_DURATION, 90)]
    assert desk.end("c").amount_micros == 90 * SECOND


def test_the_law_ends_a_call_earlier_than_the_operator() -> None:
    desk = Desk()
    desk.admit("c", quote=make_quote(caps_s=60), max_call_s=90)
    desk.write()
    desk.answer("c")
    desk.write()
    assert desk.run(200) == [Cut("c", CutReason.MAX_DURATION, 60)]


def test_a_free_call_ends_at_the_longest_allowed_time() -> None:
    desk = Desk()
    desk.admit("c", is_free=True, max_call_s=90)
    desk.write()
    desk.answer("c")
    desk.write()
    assert desk.run(200) == [Cut("c", CutReason.MAX_DURATION, 90)]


def test_a_call_that_nothing_ends_is_not_cut() -> None:
    desk = Desk()
    desk.admit("c", is_free=True, max_call_s=None)
    desk.write()
    desk.answer("c")
    desk.write()
    assert desk.run(3_000) == []


def test_no_credit_and_the_daily_limit_are_different_refusals() -> None:
    desk = Desk()
    assert desk.admit("x", terms=PREPAID) == Refused(AdmissionCause.NO_CREDIT)
    spent = SpendingTerms.postpaid(0)
    assert desk.admit("y", terms=spent) == Refused(AdmissionCause.SPENDING_LIMIT)
    assert desk.accounting.state.calls == {}


def test_a_refused_admission_takes_no_slot() -> None:
    desk = Desk()
    desk.admit("x", flatrate(1), terms=PREPAID)
    assert desk.slots(flatrate(1)) == set()


def test_the_daily_limit_counts_running_calls_and_cuts_at_its_last_second() -> None:
    terms = SpendingTerms.postpaid(40 * SECOND)
    desk = Desk()
    desk.connect("x", terms=terms)
    desk.connect("y", terms=terms)
    assert desk.admit("z", terms=terms) == Refused(AdmissionCause.SPENDING_LIMIT)
    cuts = desk.run(60)
    assert cuts == [
        Cut("y", CutReason.SPENDING_LIMIT, 10),
        Cut("x", CutReason.SPENDING_LIMIT, 30),
    ]


def test_the_daily_limit_is_fresh_after_local_midnight_also_for_a_running_call() -> None:
    terms = SpendingTerms.postpaid(60 * SECOND)
    desk = Desk()
    desk.at = datetime(2026, 10, 24, 21, 59, 30, tzinfo=UTC)  # half a minute before midnight
    desk.connect("c", terms=terms)
    assert desk.run(95) == []
    assert desk.run(60) == [Cut("c", CutReason.SPENDING_LIMIT, 120)]
    assert desk.end("c").amount_micros == 120 * SECOND


def test_a_new_limit_holds_for_running_calls_and_new_ones() -> None:
    desk = Desk()
    desk.connect("x")
    desk.accounting.configure_account(
        "1", SpendingTerms.postpaid(45 * SECOND), at=desk.at, now=desk.now
    )
    assert desk.run(60) == [Cut("x", CutReason.SPENDING_LIMIT, 45)]


@pytest.mark.parametrize("step_s", [3_600, -3_600, 86_400, -86_400 * 365])
def test_a_duration_is_never_made_of_the_wall_clock(step_s: float) -> None:
    desk = prepaid_desk(100 * SECOND)
    desk.connect("c", terms=PREPAID)
    desk.run(5)
    desk.step_wall_clock(step_s)
    desk.run(7.5)
    record = desk.end("c")
    assert record.duration_us == 12_500_000
    assert record.amount_micros == 13 * SECOND


def test_an_emergency_call_is_refused_by_nothing() -> None:
    desk = Desk()
    full = trunk("a", 1)
    desk.admit("x", full)
    desk.is_log_broken = True
    desk.write()

    for number in range(3):
        answer = desk.admit(f"sos{number}", full, is_emergency=True, terms=PREPAID)
        assert isinstance(answer, Admitted)
        desk.write()
        desk.answer(f"sos{number}")
        desk.write()
    assert desk.run(100_000) == []
    record = desk.end("sos1")
    assert (record.amount_micros, record.is_emergency) == (0, True)
    assert record.quote is None

    desk.repair()
    assert desk.in_memory().calls
    assert {event.call_id for event in events_of(desk, CallEnded)} >= {"sos1"}


def test_reserved_channels_are_left_for_emergency_calls() -> None:
    desk = Desk()
    line = trunk("a", 2, reserved=1)
    assert isinstance(desk.admit("x", line), Admitted)
    assert desk.admit("y", line) == Refused(AdmissionCause.TRUNK_LIMIT, ("x",), "trunk/a")
    assert isinstance(desk.admit("sos", line, is_emergency=True), Admitted)


def test_failover_moves_the_slot_to_the_next_trunk() -> None:
    desk = Desk()
    desk.admit("c", flatrate(1), trunk("a", 1), trunk_id="a")
    desk.admit("other", trunk("b", 1), trunk_id="b")

    def move() -> Refused | None:
        return desk.accounting.move(
            "c", "trunk/a", to=trunk("b", 1), trunk_id="b", at=desk.at, now=desk.now
        )

    assert move() == Refused(AdmissionCause.TRUNK_LIMIT, ("other",), "trunk/b")
    desk.end("other")
    assert move() is None
    assert desk.slots(trunk("a", 1)) == set()
    assert desk.slots(trunk("b", 1)) == {"c"}
    assert desk.end("c").trunk_id == "b"
    desk.write()
    assert desk.in_memory() == desk.folded()


def test_every_refused_attempt_leaves_a_record() -> None:
    desk = Desk()
    attempt = Attempt(
        call_id="c",
        account_id="1",
        customer_id="9",
        device_id="5",
        direction="outgoing",
        calling_number="+4930111",
        called_number="+49900123",
        cause="barred",
        final_status=403,
    )
    record = desk.accounting.refuse(attempt, at=desk.at, now=desk.now)
    assert desk.accounting.refuse(attempt, at=desk.at, now=desk.now) is record
    assert (record.ending, record.sip_status, record.amount_micros) == ("barred", 403, 0)
    desk.write()
    assert [event.call_id for event in events_of(desk, AttemptRefused)] == ["c"]


def test_an_admitted_call_is_ended_not_refused() -> None:
    desk = Desk()
    desk.admit("c")
    attempt = Attempt("c", "1", "9", "5", "outgoing", "", "", "barred", 403)
    with pytest.raises(AccountingError):
        desk.accounting.refuse(attempt, at=desk.at, now=desk.now)


def test_a_heartbeat_proves_life_once_a_second_while_somebody_talks() -> None:
    desk = Desk()
    assert desk.accounting.next_deadline() is None
    desk.admit("c", is_free=True)
    desk.write()
    assert desk.accounting.next_deadline() is None
    desk.answer("c")
    desk.write()
    desk.run(10)
    assert len(events_of(desk, Heartbeat)) == 10
    desk.end("c")
    desk.write()
    assert desk.accounting.next_deadline() is None


def test_every_event_is_a_proof_of_life() -> None:
    desk = Desk()
    desk.connect("c")
    for number in range(20):
        desk.run(0.5)
        desk.admit(f"x{number}", is_free=True)
        desk.write()
    assert events_of(desk, Heartbeat) == []


# The log breaks.


def test_an_admission_that_the_log_did_not_take_is_undone() -> None:
    desk = prepaid_desk(100 * SECOND)
    desk.is_log_broken = True
    desk.admit("c", flatrate(1), trunk("a", 1), terms=PREPAID)
    desk.write()

    assert desk.accounting.state.calls == {}
    assert desk.slots(flatrate(1)) == desk.slots(trunk("a", 1)) == set()
    assert desk.available() == 100 * SECOND
    assert desk.end("c").ending == "log-down"
    assert desk.admit("d") == Refused(AdmissionCause.LOG_DOWN)

    desk.repair()
    assert isinstance(desk.admit("d"), Admitted)
    assert [event.call_id for event in events_of(desk, AttemptRefused)] == ["c"]


def test_an_admission_that_reached_the_log_after_all_is_closed_by_its_refusal() -> None:
    """The writer died after its commit and before its answer."""
    desk = Desk()
    desk.admit("c", flatrate(1))
    for record in desk.accounting.outgoing():
        desk.log.append(record)
        desk.fail(record.seq)
    assert set(desk.log.fold().calls) == {"c"}

    desk.repair()

    assert desk.log.fold().calls == {}
    assert desk.in_memory() == desk.folded()


def test_a_call_that_ended_while_the_log_was_down_is_charged_when_it_is_back() -> None:
    desk = prepaid_desk(100 * SECOND)
    desk.connect("c", flatrate(1), terms=PREPAID)
    desk.run(5)
    desk.is_log_broken = True
    desk.run(20)
    assert desk.end("c").amount_micros == 25 * SECOND
    desk.write()
    assert desk.slots(flatrate(1)) == set()
    assert len(desk.log.fold().calls) == 1

    desk.repair()

    assert desk.log.fold().calls == {}
    assert desk.in_memory().book == desk.folded().book
    assert desk.balance() == 75 * SECOND


def test_an_extension_that_was_lost_is_said_anew() -> None:
    desk = prepaid_desk(100 * SECOND)
    desk.connect("c", terms=PREPAID)
    desk.is_log_broken = True
    desk.run(35)
    desk.repair()
    folded = desk.log.fold()
    assert folded.calls["c"].session.grant == desk.accounting.state.calls["c"].session.grant
    assert folded.book.account("prepaid/1").debits_pending == 40 * SECOND
    assert len(events_of(desk, GrantExtended)) == 1
    desk.run(5)
    desk.end("c")
    desk.write()
    assert desk.in_memory().book == desk.folded().book


def test_an_answer_that_the_log_did_not_take_is_not_charged() -> None:
    desk = Desk()
    desk.admit("c")
    desk.write()
    desk.is_log_broken = True
    desk.answer("c")
    desk.write()
    desk.now += 0.6
    assert desk.end("c", cause="log-down").amount_micros == 0
    desk.repair()
    assert desk.in_memory() == desk.folded()


def test_an_acknowledgement_is_the_best_proof_that_the_log_is_back() -> None:
    """The shell gave a record up by its age; the disk was only slow."""
    desk = Desk()
    desk.admit("c", flatrate(1))
    records = desk.accounting.outgoing()
    desk.fail(*seqs_of(records))
    assert desk.admit("d") == Refused(AdmissionCause.LOG_DOWN)
    for record in records:
        desk.accounting.appended(record.seq, desk.log.append(record))
    assert isinstance(desk.admit("d"), Admitted)
    desk.end("d")
    desk.write()
    assert desk.in_memory() == desk.folded()
    assert desk.log.fold().calls == {}


def test_a_failure_told_after_the_acknowledgement_changes_nothing() -> None:
    desk = Desk()
    admitted = desk.admit("c")
    assert isinstance(admitted, Admitted)
    desk.write()
    desk.fail(admitted.seq)
    assert desk.accounting.is_log_up
    assert "c" in desk.accounting.state.calls


def test_a_caller_who_hangs_up_before_a_failed_admission_is_closed_once() -> None:
    desk = Desk()
    desk.is_log_broken = True
    desk.admit("c", flatrate(1))
    record = desk.end("c", cause="abandoned")
    desk.write()
    assert desk.end("c") is record
    desk.repair()
    assert [event.call_id for event in events_of(desk, CallEnded)] == ["c"]
    assert desk.in_memory() == desk.folded()


def test_refusals_kept_for_a_broken_log_are_bounded() -> None:
    desk = Desk()
    desk.is_log_broken = True
    for number in range(10_010):
        attempt = Attempt(f"c{number}", "1", "9", "5", "outgoing", "", "", "barred", 403)
        desk.accounting.refuse(attempt, at=desk.at, now=desk.now)
    desk.write()
    assert desk.accounting.lost_records == 10
    desk.repair()
    assert len(events_of(desk, AttemptRefused)) == 10_000


# Money comes in.


def test_money_counts_once_it_is_durable() -> None:
    desk = Desk()
    desk.pay(5 * CENT, "r1")
    assert desk.admit("c", terms=PREPAID) == Refused(AdmissionCause.NO_CREDIT)
    desk.write()
    assert desk.balance() == 5 * CENT
    assert isinstance(desk.admit("c", terms=PREPAID), Admitted)


def test_one_reference_pays_once() -> None:
    desk = Desk()
    desk.pay(5 * CENT, "r1")
    desk.pay(5 * CENT, "r1")
    desk.write()
    desk.pay(5 * CENT, "r1")
    desk.write()
    desk.pay(5 * CENT, "r1", account="2")
    desk.write()
    assert (desk.balance("1"), desk.balance("2")) == (5 * CENT, 5 * CENT)
    assert desk.in_memory() == desk.folded()


def test_one_reference_pays_once_across_a_restart() -> None:
    desk = Desk()
    desk.pay(5 * CENT, "r1")
    desk.write()
    desk.die()
    desk.pay(5 * CENT, "r1")
    desk.write()
    assert desk.balance() == 5 * CENT


def test_a_payment_that_reached_the_log_unheard_is_counted_when_it_is_said_again() -> None:
    desk = Desk()
    desk.pay(5 * CENT, "r1")
    for record in desk.accounting.outgoing():
        desk.log.append(record)
        desk.fail(record.seq)
    desk.pay(5 * CENT, "r1")
    desk.repair()
    assert desk.balance() == 5 * CENT
    assert desk.in_memory() == desk.folded()


@pytest.mark.parametrize(
    ("account", "micros", "reference"),
    [("1", 0, "r"), ("1", -5, "r"), ("1", 5, ""), ("1", 5, "x" * 129), ("a/b", 5, "r")],
)
def test_nonsense_is_no_payment(account: str, micros: int, reference: str) -> None:
    desk = Desk()
    with pytest.raises(AccountingError):
        desk.pay(micros, reference, account)
    assert desk.accounting.outgoing() == []


def test_postpaid_and_prepaid_money_of_one_account_never_mix() -> None:
    desk = prepaid_desk(100 * SECOND)
    desk.connect("x", terms=LIMIT)
    desk.run(10)
    desk.end("x")
    assert (desk.owed(), desk.balance()) == (10 * SECOND, 100 * SECOND)


E = TypeVar("E", bound=ChargingEvent)


def events_of(desk: Desk, kind: type[E]) -> list[E]:
    events = (msgspec.msgpack.decode(body, type=AnyEvent) for body, _ in desk.log.rows)
    return [event for event in events if isinstance(event, kind)]


def test_what_cannot_be_written_costs_one_call_and_never_becomes_a_fact() -> None:
    desk = Desk()
    desk.admit("before", flatrate(3))
    with pytest.raises(UnicodeEncodeError):
        desk.admit("broken", flatrate(3), called_number="\udcff")
    desk.admit("after", flatrate(3))

    assert desk.slots(flatrate(3)) == {"before", "after"}
    desk.write()
    assert desk.folded() == desk.in_memory()
    assert set(desk.accounting.state.calls) == {"before", "after"}


def test_several_moves_in_one_moment_are_several_events() -> None:
    desk = Desk()
    desk.admit("c", trunk("a", 3))
    for number, (before, after) in enumerate([("a", "b"), ("b", "a"), ("a", "b")]):
        desk.accounting.move(
            "c", f"trunk/{before}", to=trunk(after, 3), trunk_id=after, at=desk.at, now=desk.now
        )
        desk.accounting.change_session("c", b"%d" % number, at=desk.at, now=desk.now)
    desk.write()
    assert desk.folded() == desk.in_memory()
    assert desk.log.fold().calls["c"].personal.resume == b"2"
    desk.answer("c")
    desk.write()
    desk.die()
    desk.accounting.move("c", "trunk/b", to=trunk("a", 3), trunk_id="a", at=desk.at, now=desk.now)
    desk.write()
    assert desk.folded() == desk.in_memory()


def test_an_abandoned_call_holds_nothing_and_costs_nothing_even_what_it_had_used() -> None:
    desk = prepaid_desk(50 * CENT)
    desk.connect("c", flatrate(1), terms=PREPAID)
    desk.run(25)
    assert desk.balance() < 50 * CENT, "slices were posted while it ran"
    assert desk.available() < desk.balance(), "and one is reserved"

    record = desk.accounting.abandon("c", at=desk.at, now=desk.now)

    assert (record.ending, record.partial_cause, record.amount_micros) == ("fault", "fault", 0)
    assert record.duration_us == 25_000_000
    assert record.is_consistent()
    assert desk.slots(flatrate(1)) == set()
    desk.write()
    assert desk.balance() == desk.available() == 50 * CENT
    assert desk.folded() == desk.in_memory()
    assert desk.end("c") == record
    assert desk.accounting.next_deadline() is None


@pytest.mark.interpreted
def test_a_call_that_failed_in_the_middle_of_its_charge_can_be_abandoned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = prepaid_desk(50 * CENT)
    desk.connect("c", flatrate(1), terms=PREPAID)
    desk.run(5)

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(type(desk.accounting.state.book), "post", fail)
        with pytest.raises(ZeroDivisionError):
            desk.end("c")
    assert desk.slots(flatrate(1)) == {"c"}

    desk.accounting.abandon("c", at=desk.at, now=desk.now)

    assert desk.slots(flatrate(1)) == set()
    desk.write()
    assert desk.balance() == desk.available() == 50 * CENT
    assert desk.folded() == desk.in_memory()
