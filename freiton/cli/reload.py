"""`freiton reload`: the running switch takes over what was changed on disk."""

import typer

from freiton.cli.desk import Desk
from freiton.cli.output import say


def reload(context: typer.Context) -> None:
    """Take over site, price lists, number table and certificates, as SIGHUP does.

    Calls and connections that stand go on as they are.
    """
    Desk.of(context).control.call("reload-all")
    say("Reloaded.")
