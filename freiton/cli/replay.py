"""`freiton replay`: feed a recorded call to this release again and compare what it says."""

from typing import Annotated

import typer

from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, counted, print_json, say
from freiton.cli.recordings import load
from freiton.trace.replay import Difference, replay
from freiton.trace.shown_message import whole_text


def replay_call(
    context: typer.Context,
    call: Annotated[
        str, typer.Argument(help="A file, or a call's id, its beginning, a Call-ID, or `last`.")
    ],
    *,
    full: Annotated[bool, typer.Option(help="Show whole telephone numbers.")] = False,
    as_json: AsJson = False,
) -> None:
    """Play a recorded call again and compare every message byte for byte.

    Exit code 1 when something differs; the first such message is shown. Nothing is sent.
    Example: freiton replay last
    """
    replayed = replay(load(Desk.of(context), call))
    difference = replayed.difference
    if as_json:
        print_json(
            {
                "is_identical": difference is None,
                "same_messages": replayed.same,
                "why": None if difference is None else difference.why,
                "diff": [] if difference is None else _lines(difference, full=full),
            }
        )
    elif difference is None:
        say(f"Identical: {counted(replayed.same, 'message')}, byte for byte.")
    else:
        say(f"Different after {counted(replayed.same, 'equal message')}.")
        say(f"At {difference.at_s:.3f} s, {difference.doing}:")
        if difference.why:
            say(f"  {difference.why}")
        for line in _lines(difference, full=full):
            say(f"  {line}")
    if difference is not None:
        raise typer.Exit(1)


def _lines(difference: Difference, *, full: bool) -> list[str]:
    return difference.lines(lambda data: whole_text(data, full=full))
