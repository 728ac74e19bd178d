"""`freiton source`: addresses from which no stranger is heard for a while."""

from typing import Annotated

import typer

from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, print_json, print_table, say

app = typer.Typer(
    no_args_is_help=True,
    help="Addresses blocked for strangers; registered phones there are heard all the same.",
)

Host = Annotated[str, typer.Argument(help="An IP address; of IPv6 its /64 counts as a whole.")]


@app.command("list")
def list_blocked(context: typer.Context, as_json: AsJson = False) -> None:
    """Show the blocked addresses and how long each stays so."""
    blocked = Desk.of(context).control.call("blocked-sources")["sources"]
    if as_json:
        print_json(blocked)
        return
    rows = [(one["source"], f"{one['seconds']:.0f} s") for one in blocked]
    print_table(("Source", "Still"), rows, empty="No address is blocked.")


@app.command("block")
def block(
    context: typer.Context,
    host: Host,
    seconds: Annotated[int, typer.Option("--for", min=1, help="Seconds.")] = 3600,
) -> None:
    """Block an address until the time is over or the switch is restarted."""
    answer = Desk.of(context).control.call("block-source", host=host, seconds=seconds)
    say(f"{answer['source']} is blocked for {seconds} s.")


@app.command("unblock")
def unblock(context: typer.Context, host: Host) -> None:
    """Hear an address again, and forget what it did."""
    answer = Desk.of(context).control.call("unblock-source", host=host)
    known = "is heard again" if answer["was_known"] else "was not blocked"
    say(f"{answer['source']} {known}.")
