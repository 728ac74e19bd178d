"""`freiton ledger`: whether the charging log is whole, and who has what."""

from dataclasses import asdict

import typer

from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, euros, print_json, say
from freiton.storage.charging_log_verify import verify

app = typer.Typer(help="The charging log and its money.", no_args_is_help=True)


@app.command("verify")
def verify_log(context: typer.Context, as_json: AsJson = False) -> None:
    """Check the whole charging log: chain, order, epochs, sums, and every charge anew.

    Works while the switch runs. Exit code 1 when something is wrong.
    """
    found = verify(Desk.of(context).charging_folder)
    if as_json:
        print_json({"is_sound": found.is_sound, **asdict(found)})
    elif found.is_sound:
        say(
            f"The charging log is sound: {found.position} events, "
            f"{found.ended_calls} ended calls, {found.refused_attempts} refused attempts, "
            f"{found.open_calls} open calls, {euros(found.charged_micros)} charged."
        )
    else:
        for problem in found.problems:
            say(problem)
    if not found.is_sound:
        raise typer.Exit(1)
