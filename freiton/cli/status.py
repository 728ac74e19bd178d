"""`freiton status`: what the running switch says of itself."""

import typer

from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, print_json, print_table


def status(context: typer.Context, as_json: AsJson = False) -> None:
    """Show how the running switch is."""
    answer = Desk.of(context).control.call("status")
    if as_json or not isinstance(answer, dict):
        print_json(answer)
        return
    rows = [(str(name).replace("_", " "), value) for name, value in answer.items()]
    print_table(("Property", "Value"), rows, empty="The switch has nothing to say.")
