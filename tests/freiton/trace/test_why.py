"""Every refusal is explained: with a record, and without one as long as it is remembered."""

from __future__ import annotations

from freiton.routing.refusals import REFUSALS, RefusalCause
from freiton.trace.trace_file import Trace
from freiton.trace.why import why
from freiton.trace.why_texts import ADVICE
from tests.freiton.calls.scene import last_record, open_switch, talk
from tests.freiton.trace.played_calls import trace
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import MOBILE, account


def newest(switch: VirtualSwitch) -> Trace:
    recording = switch.recorder.find("last", now=switch.wire.now)
    assert recording is not None
    return trace(switch, recording)


def test_every_cause_has_advice_in_both_languages() -> None:
    assert set(ADVICE) == set(RefusalCause) == set(REFUSALS)
    assert all(len(text) > 10 for told in ADVICE.values() for text in told)


def test_refused_attempt_is_explained_with_what_the_caller_was_told() -> None:
    switch = open_switch()
    switch.phone("anna").call("0999")
    record = last_record(switch)
    told = why(record, newest(switch), switch.site.directory, language="en")
    assert told[0] == f"Refused with {record.sip_status} ({record.ending})."
    assert told[1] == f"{REFUSALS[RefusalCause(record.ending)].en}."
    assert told[2] == ADVICE[RefusalCause(record.ending)].en
    assert told[-1].startswith("The caller was told: Reason: Q.850;cause=")


def test_limit_is_named_with_its_number() -> None:
    switch = open_switch(account(1, "anna", channels=1), account(2, "ben"))
    talk(switch)
    switch.phone("anna").call(MOBILE)
    switch.wire.advance(3.0)
    told = why(last_record(switch), newest(switch), switch.site.directory, language="de")
    assert "anna hat 1 Sprachkanäle." in told


def test_call_that_ended_well_says_so() -> None:
    switch = open_switch()
    caller, _ = talk(switch)
    switch.wire.advance(10.0)
    switch.phone("anna").bye(caller)
    told = why(last_record(switch), None, None, language="en")
    assert told[0].startswith("Answered, ended by the caller after 10.0 s (answered), ")
    assert told[1] == "The call ended as it should."


def test_attempt_without_a_record_is_explained() -> None:
    switch = open_switch()
    before = len(switch.log.records())
    side = switch.phone("anna").call(MOBILE, fields=(("require", "telepathy"),))
    assert side.finals == [420]
    assert len(switch.log.records()) == before
    told = why(None, newest(switch), None, language="en")
    assert told[0].startswith("Answered with 420 ")
    assert "Unsupported" in told[1]
    assert told[2] == "The caller was told: Unsupported: telepathy"


def test_challenge_is_explained_without_a_secret() -> None:
    switch = open_switch()
    phone = switch.phone("anna")
    phone.password = "wrong"
    phone.challenges.clear()
    phone.call(MOBILE)
    told = why(None, newest(switch), None, language="en")
    assert told[0].startswith(("Answered with 401", "Answered with 403"))
    assert "nonce=" not in " ".join(told)
