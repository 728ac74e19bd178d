"""One table of refusals, whole, and what leaves the switch of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from freiton.accounting.admission import AdmissionCause
from freiton.routing.refusals import REFUSALS, RefusalCause, answer_refusal
from freiton.routing.refusals_page import render_refusals
from sipcore.message.grammar import unquote
from sipcore.message.message import Response, serialize
from sipcore.message.parameters import parse_parameters
from sipcore.message.reason_phrases import REASON_PHRASES

PAGE = Path(__file__).parents[3] / "docs" / "refusals.md"


@pytest.mark.parametrize("cause", list(RefusalCause))
def test_every_cause_has_one_complete_row(cause: RefusalCause) -> None:
    row = REFUSALS[cause]
    for status in (row.status, *row.other_statuses):
        assert 400 <= status < 700
        assert status in REASON_PHRASES
    assert 1 <= row.q850 <= 127
    assert row.de
    assert row.en
    assert row.de != row.en


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text() == render_refusals(), (
        "run: python -m freiton.routing.refusals_page > docs/refusals.md"
    )


@pytest.mark.parametrize("language", ["de", "en", "fr"])
@pytest.mark.parametrize("cause", list(RefusalCause))
def test_what_the_caller_gets_can_be_read(cause: RefusalCause, language: str) -> None:
    row = REFUSALS[cause]
    text = row.de if language == "de" else row.en
    answer = answer_refusal(cause, host="example.org", language=language)
    assert (answer.status, answer.phrase) == (row.status, REASON_PHRASES[row.status])
    fields = dict(answer.fields)
    assert fields.keys() == {"reason", "warning"}
    protocol, _, parameters = fields["reason"].partition(";")
    read = parse_parameters(";" + parameters)
    assert (protocol, read["cause"], unquote(read["text"] or "")) == ("Q.850", str(row.q850), text)
    code, host, quoted = fields["warning"].split(" ", 2)
    assert (code, host, unquote(quoted)) == (str(row.warning_code), "example.org", text)
    assert serialize(Response(answer.status, answer.phrase, list(answer.fields)))


@pytest.mark.parametrize(
    ("cause", "chosen", "status"),
    [
        (RefusalCause.CHANNEL_LIMIT, None, 503),
        (RefusalCause.CHANNEL_LIMIT, 486, 486),
        (RefusalCause.CHANNEL_LIMIT, 503, 503),
        (RefusalCause.CHANNEL_LIMIT, 200, 503),
        (RefusalCause.TRUNK_LIMIT, 486, 486),
        (RefusalCause.NO_CREDIT, 403, 403),
        (RefusalCause.SPENDING_LIMIT, 403, 403),
        (RefusalCause.FLATRATE_LIMIT, 403, 486),
    ],
)
def test_only_a_listed_status_can_be_chosen(
    cause: RefusalCause, chosen: int | None, status: int
) -> None:
    assert answer_refusal(cause, host="h", status=chosen).status == status


@pytest.mark.parametrize(
    ("cause", "seconds", "value"),
    [
        (RefusalCause.SHUTTING_DOWN, 12.4, "12"),
        (RefusalCause.OVERLOADED, 0.1, "1"),
        (RefusalCause.OVERLOADED, None, None),
        (RefusalCause.CHANNEL_LIMIT, 12.0, None),
        (RefusalCause.LOG_DOWN, 12.0, None),
    ],
)
def test_retry_after_only_where_nobody_is_kept_from_calling_for_help(
    cause: RefusalCause, seconds: float | None, value: str | None
) -> None:
    answer = answer_refusal(cause, host="h", retry_after_s=seconds)
    assert dict(answer.fields).get("retry-after") == value


def test_what_the_accounting_refuses_has_a_row() -> None:
    assert {cause.value for cause in AdmissionCause} <= {cause.value for cause in RefusalCause}


STATUSES = {
    "flatrate-limit": 486, "channel-limit": 503, "trunk-limit": 503, "no-price": 403,
    "no-credit": 402, "barred": 403, "premium-off": 403, "non-eu-off": 403, "unknown-number": 404,
    "incomplete": 484, "not-registered": 480, "log-down": 503, "no-trunk": 503,
    "shutting-down": 503, "loop": 482,
}  # fmt: skip


def test_the_statuses_that_were_promised() -> None:
    assert {cause: REFUSALS[RefusalCause(cause)].status for cause in STATUSES} == STATUSES
