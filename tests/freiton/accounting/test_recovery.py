from __future__ import annotations

import pytest

from freiton.accounting.admission import AdmissionCause, Admitted, Cut, CutReason, Refused
from freiton.accounting.errors import AccountingError
from freiton.accounting.snapshot import decode_state, encode_state, snapshot_of
from rating.cdr import CallDetailRecord
from tests.freiton.accounting.desk import PREPAID, Desk, flatrate, trunk

SECOND = 1_000


def talking_desk(micros: int = 100 * SECOND, *, talk_s: float = 4.5) -> Desk:
    """One prepaid call that has talked for some seconds."""
    desk = Desk()
    desk.pay(micros, "first")
    desk.write()
    desk.connect("c", flatrate(1), trunk("a", 5), terms=PREPAID)
    desk.run(talk_s)
    return desk


def close_lost(desk: Desk, call_id: str = "c") -> CallDetailRecord:
    record = desk.accounting.close_lost(call_id, at=desk.at, now=desk.now)
    desk.write()
    return record


def readopt(desk: Desk, call_id: str = "c") -> None:
    desk.accounting.readopt(call_id, at=desk.at, now=desk.now)
    desk.write()


def test_a_call_that_rang_is_closed_uncharged_at_once() -> None:
    desk = Desk()
    desk.admit("c", flatrate(1))
    desk.write()
    recovered = desk.die(down_s=3)

    (record,) = recovered.closed
    assert (record.amount_micros, record.partial_cause, record.ending) == (0, "restart", "lost")
    assert recovered.open_calls == []
    assert desk.slots(flatrate(1)) == set()
    assert desk.in_memory() == desk.folded()


def test_an_answered_call_keeps_slot_and_money_until_it_is_probed() -> None:
    desk = talking_desk()
    (call,) = desk.die(down_s=3).open_calls

    assert (call.call_id, call.account_id, call.resume) == ("c", "1", b"resume")
    assert desk.slots(flatrate(1)) == {"c"}
    assert desk.admit("d", flatrate(1)) == Refused(
        AdmissionCause.FLATRATE_LIMIT, ("c",), flatrate(1).owner
    )
    assert desk.available() == 90 * SECOND


def test_a_call_that_is_gone_is_charged_to_its_last_proof_of_life() -> None:
    desk = talking_desk(talk_s=4.5)  # the last heartbeat came at the fourth second
    desk.die(down_s=3_000)

    record = close_lost(desk)

    assert record.amount_micros == 4 * SECOND
    assert record.partial_cause == "restart"
    assert (record.ended_at - (record.answered_at or desk.at)).total_seconds() == pytest.approx(4)
    assert desk.available() == 96 * SECOND
    assert desk.slots(flatrate(1)) == set()
    assert desk.in_memory() == desk.folded()


def test_a_call_whose_answer_is_its_last_event_is_free() -> None:
    desk = talking_desk(talk_s=0.9)
    desk.die(down_s=1)
    assert close_lost(desk).amount_micros == 0


def test_a_lost_call_is_never_charged_beyond_its_grant() -> None:
    desk = talking_desk(12 * SECOND, talk_s=60)
    desk.die()
    assert close_lost(desk).amount_micros == 12 * SECOND


def test_a_readopted_call_goes_on_as_if_nothing_had_happened() -> None:
    desk = talking_desk(talk_s=4.5)
    desk.die(down_s=2)
    readopt(desk)
    assert desk.run(20) == []

    record = desk.end("c")

    assert record.duration_us == 26_500_000
    assert record.amount_micros == 27 * SECOND
    assert record.partial_cause is None
    desk.write()
    assert desk.in_memory() == desk.folded()


def test_a_call_found_alive_beyond_its_grant_is_extended_if_money_allows() -> None:
    desk = talking_desk(talk_s=4.5)
    desk.die(down_s=30)
    readopt(desk)
    assert desk.run(0.5) == []
    assert desk.end("c").amount_micros == 35 * SECOND


def test_a_call_found_alive_beyond_its_money_is_cut_at_once_and_charged_the_grant() -> None:
    desk = talking_desk(15 * SECOND, talk_s=4.5)
    desk.die(down_s=30)
    readopt(desk)
    assert desk.run(0.001) == [Cut("c", CutReason.CREDIT_EXHAUSTED, 15)]
    assert desk.end("c").amount_micros == 15 * SECOND


def test_after_a_reboot_of_the_host_the_time_between_is_not_charged() -> None:
    desk = talking_desk(talk_s=4.5)
    desk.step_wall_clock(7_200)
    desk.die(boot_id="boot2")
    readopt(desk)
    desk.run(3)
    record = desk.end("c")
    assert record.duration_us == 7_000_000  # four proven seconds and three new ones
    desk.write()
    assert desk.in_memory() == desk.folded()


def test_after_a_reboot_a_lost_call_is_measured_on_the_clock_it_was_answered_by() -> None:
    desk = talking_desk(talk_s=4.5)
    desk.step_wall_clock(-86_400)
    desk.die(boot_id="boot2")
    assert close_lost(desk).amount_micros == 4 * SECOND


def test_two_crashes_in_a_row_do_not_lengthen_a_call() -> None:
    """What the second process wrote proves its own calls, not those it never found."""
    desk = talking_desk(talk_s=4.5)
    desk.die(down_s=10)
    desk.connect("other", terms=PREPAID)
    desk.run(5)
    desk.die(down_s=10)

    assert close_lost(desk, "c").amount_micros == 4 * SECOND
    assert close_lost(desk, "other").amount_micros == 5 * SECOND


def test_a_readopted_call_is_proven_by_its_new_process() -> None:
    desk = talking_desk(talk_s=4.5)
    desk.die(down_s=1)
    readopt(desk)
    desk.run(3.2)
    desk.die(down_s=50)
    assert close_lost(desk).amount_micros == 9 * SECOND  # 8.5 s: the eighth heartbeat


def test_a_bye_before_the_probe_ends_the_call_at_its_last_proof_of_life() -> None:
    desk = talking_desk(talk_s=4.5)
    desk.die(down_s=5)
    record = desk.end("c")
    assert (record.amount_micros, record.partial_cause) == (4 * SECOND, "restart")


def test_recovery_is_repeatable() -> None:
    desk = talking_desk()
    desk.die()
    first = close_lost(desk)
    assert desk.accounting.close_lost("c", at=desk.at, now=desk.now) is first
    desk.die()
    assert desk.accounting.state.calls == {}


def test_only_calls_of_a_former_process_are_recovered() -> None:
    desk = talking_desk()
    with pytest.raises(AccountingError):
        close_lost(desk)
    with pytest.raises(AccountingError):
        readopt(desk)
    desk.die()
    readopt(desk)
    with pytest.raises(AccountingError):
        readopt(desk)


def test_the_promised_price_holds_across_a_restart() -> None:
    desk = talking_desk()
    quote = desk.accounting.state.calls["c"].session.quote
    desk.die()
    assert desk.accounting.state.calls["c"].session.quote == quote
    readopt(desk)
    record = desk.end("c")
    assert record.quote == quote
    assert record.is_consistent()


def test_an_emergency_call_keeps_its_right_across_a_restart() -> None:
    desk = Desk()
    line = trunk("a", 2, reserved=1)
    desk.admit("sos", line, is_emergency=True)
    desk.write()
    desk.answer("sos")
    desk.write()
    desk.run(3)
    desk.die()
    readopt(desk, "sos")
    assert isinstance(desk.admit("x", line), Admitted)
    assert desk.run(100_000) == []


def test_a_state_survives_its_snapshot() -> None:
    desk = talking_desk()
    desk.admit("ringing", trunk("a", 5))
    desk.write()
    desk.run(30)
    state = desk.accounting.state

    personal = {call_id: call.personal for call_id, call in state.calls.items()}
    restored = decode_state(encode_state(state), personal)

    assert snapshot_of(restored) == snapshot_of(state)
    assert restored.calls["c"].personal == state.calls["c"].personal
    assert restored.slots.holders("trunk/a") == {"c", "ringing"}
    assert restored.answered_count == 1
    assert b"+49" not in encode_state(state)
