"""`freiton explain`: how one recorded call came to its amount, in sentences."""

from enum import StrEnum
from typing import Annotated, Final

import typer

from freiton.accounting.charging_events import RatingRunBegun
from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, print_json, say
from freiton.errors import OperatorError
from freiton.routing.decision import CallKind
from freiton.routing.refusals import REFUSALS, RefusalCause
from freiton.storage.charging_log import iterate_cdrs, rating_runs
from rating.cdr import CallDetailRecord
from rating.engine import Language, Sentence, Topic, explain

FOUND_MAX: Final = 5
"""Of the calls whose ids begin as asked, so many are named."""


class Tongue(StrEnum):
    """A language to explain in."""

    DE = "de"
    EN = "en"


def explain_call(
    context: typer.Context,
    call: Annotated[str, typer.Argument(help="The call's id, or how it begins.")],
    *,
    language: Annotated[Tongue, typer.Option(help="de or en.")] = Tongue.DE,
    as_json: AsJson = False,
) -> None:
    """Explain what a call has cost, in sentences whose amounts add up.

    From its record alone: number, row and its place in the document, price, seconds, flat and
    allowances, rounding, tax. `freiton cdr export` shows the ids.
    Example: freiton explain 01a9 --language en
    """
    desk = Desk.of(context)
    record = find_record(desk, call)
    words: Language = "en" if language is Tongue.EN else "de"
    told = sentences(record, words)
    run = _run_of(desk, record)
    if as_json:
        print_json(
            {
                "call_id": record.call_id,
                "rating_run": record.rating_run,
                "supersedes": record.supersedes,
                "reason": None if run is None else run.reason,
                "gross_micros": record.gross_micros,
                "sentences": [
                    {"topic": one.topic, "text": one.text, "euros": str(one.euros)} for one in told
                ],
            }
        )
        return
    for sentence in told:
        say(sentence.text)
    if run is not None:
        say(_rerated(run, words))


def sentences(record: CallDetailRecord, language: Language) -> tuple[Sentence, ...]:
    """Say how a recorded call came to its amount, or why nobody pays for it."""
    rated = record.rate_again()
    if rated is not None:
        return explain(rated, record.called_number, language)
    return (Sentence(Topic.NOT_CHARGED, _why_free(record, language)),)


def _why_free(record: CallDetailRecord, language: Language) -> str:
    is_german = language == "de"
    if record.is_emergency:
        return "Notrufe kosten nichts." if is_german else "Emergency calls cost nothing."
    if record.ending in REFUSALS:
        refusal = REFUSALS[RefusalCause(record.ending)]
        if is_german:
            return f"Der Anruf wurde abgewiesen und kostet nichts. {refusal.de}."
        return f"The call was refused and costs nothing. {refusal.en}."
    if record.direction == CallKind.INBOUND:
        return "Ankommende Anrufe kosten nichts." if is_german else "Incoming calls cost nothing."
    if is_german:
        return f"Für diesen Anruf wurde kein Preis vereinbart ({record.ending}); er kostet nichts."
    return f"No price was agreed for this call ({record.ending}); it costs nothing."


def find_record(desk: Desk, beginning: str) -> CallDetailRecord:
    """Return the record of the one call whose id begins so; OperatorError for none or several."""
    if not beginning:
        raise typer.BadParameter("give at least one character of the call's id", param_hint="CALL")
    found: list[CallDetailRecord] = []
    for record in iterate_cdrs(desk.charging_folder):
        if record.call_id == beginning:
            return record
        if record.call_id.startswith(beginning):
            found.append(record)
    if not found:
        raise OperatorError(f"there is no recorded call {beginning}")
    if len(found) > 1:
        names = ", ".join(record.call_id for record in found[:FOUND_MAX])
        more = ", …" if len(found) > FOUND_MAX else ""
        raise OperatorError(f"{len(found)} calls begin with {beginning}: {names}{more}")
    return found[0]


def _run_of(desk: Desk, record: CallDetailRecord) -> RatingRunBegun | None:
    if not record.rating_run:
        return None
    runs = rating_runs(desk.charging_folder)
    return next((run for run in runs if run.number == record.rating_run), None)


def _rerated(run: RatingRunBegun, language: Language) -> str:
    day = run.when.at.date()
    if language == "de":
        return f"So hat es der Abrechnungslauf {run.number} am {day} ergeben: {run.reason}."
    return f"Rating run {run.number} of {day} has found it so: {run.reason}."
