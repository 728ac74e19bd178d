"""`freiton ledger`: whether the charging log is whole, and what it no longer has to know."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from freiton.accounting.instants import us_of_datetime
from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, counted, euros, print_json, say
from freiton.cli.progress import watched
from freiton.cli.recordings import erase_traces
from freiton.storage.charging_log import erase_personal_before, erase_personal_of_call
from freiton.storage.charging_log_verify import verify

app = typer.Typer(help="The charging log and its money.", no_args_is_help=True)


@app.command("verify")
def verify_log(context: typer.Context, as_json: AsJson = False) -> None:
    """Check the whole charging log.

    Chain, order, epochs and sums, and every charge calculated anew. Works while the switch runs.
    Exit code 1 when something is wrong.
    """
    folder = Desk.of(context).charging_folder
    found = verify(folder, watch=lambda events: watched(events, "Proving"))
    if as_json:
        print_json({"is_sound": found.is_sound, **asdict(found)})
    elif found.is_sound:
        say(
            f"The charging log is sound: {counted(found.position, 'event')}, "
            f"{counted(found.ended_calls, 'ended call')}, "
            f"{counted(found.refused_attempts, 'refused attempt')}, "
            f"{counted(found.open_calls, 'open call')}, "
            f"{counted(found.rating_runs, 'rating run')}, "
            f"{euros(found.charged_micros)} charged."
        )
    else:
        for problem in found.problems:
            say(problem)
    if not found.is_sound:
        raise typer.Exit(1)


@app.command("erase-numbers")
def erase_numbers(
    context: typer.Context,
    before: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"],
            help="Of all that happened before (tariff time).",
        ),
    ] = None,
    call: Annotated[str | None, typer.Option(help="Of this one call, by its id.")] = None,
) -> None:
    """Erase telephone numbers from the charging log, for good.

    Amounts and durations stay, and so does the proof that nothing was changed. Works while the
    switch runs; a call that still goes on is not to be erased, it could not be taken up again after
    a restart. Example: freiton ledger erase-numbers --before 2026-05-01
    """
    if (before is None) == (call is None):
        raise typer.BadParameter("give one of --before and --call")
    desk = Desk.of(context)
    folder = desk.charging_folder
    if before is not None:
        at = before.replace(tzinfo=desk.tariff_plan.time_zone)
        erased = erase_personal_before(folder, us_of_datetime(at))
    else:
        erased = erase_personal_of_call(folder, str(call))
    erase_traces(
        desk,
        before=None if before is None else before.replace(tzinfo=desk.tariff_plan.time_zone),
        call_id=call,
    )
    say(f"Erased the numbers of {counted(erased, 'event')}.")
