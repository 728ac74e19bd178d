"""`freiton demo`: the whole switch in one minute, on this machine, checked to the cent."""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from freiton.cli.desk import Desk
from freiton.cli.errors import complain
from freiton.cli.output import say
from freiton.demo.screen import Screen
from freiton.demo.stage import play_demo


def demo(
    context: typer.Context,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the state folder, to look into it afterwards.")
    ] = False,
) -> None:
    """Play a minute of a telephone company.

    A switch, phones and two carriers, with a live view and itemised bills. It
    uses free ports of 127.0.0.1 and a state folder of its own, and disturbs nothing else.
    Exit code 1 when any amount, refusal or record is not exactly as expected.
    """
    config = Desk.of(context).load_config()
    folder = Path(tempfile.mkdtemp(prefix="freiton-demo-"))
    try:
        deviations = uvloop.run(play_demo(config, folder, Screen()))
    finally:
        if keep:
            say(f"State folder: {folder}. Try: freiton --state {folder} cdr export")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if deviations:
        for sentence in deviations:
            complain(f"not as expected: {sentence}")
        raise typer.Exit(1)
    say("Every amount, refusal, status and record is exactly as expected.")
