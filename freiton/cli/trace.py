"""`freiton trace`: what was said in a call, by whom and when, and what the switch decided."""

from pathlib import Path
from typing import Annotated, Final

import typer

from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, note, print_json, print_table, say
from freiton.cli.recordings import load
from freiton.logs import mask_number
from freiton.trace.ladder import Step, ladder, steps_of
from freiton.trace.shown_message import whole_text
from freiton.trace.sipp import scenarios
from freiton.trace.trace_file import Trace, encode_trace
from freiton.trace.trace_folder import write_private

COLUMNS: Final = ("Call", "Begun", "What", "Outcome", "Messages")


def trace_call(
    context: typer.Context,
    call: Annotated[
        str | None,
        typer.Argument(help="A call's id or its beginning, a Call-ID, a file, or `last`."),
    ] = None,
    *,
    messages: Annotated[bool, typer.Option(help="Show every message whole.")] = False,
    full: Annotated[bool, typer.Option(help="Show whole telephone numbers.")] = False,
    sipp: Annotated[
        Path | None,
        typer.Option(help="Write SIPp scenarios of both sides into this folder, numbers masked."),
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="Write the recording to a file, for `freiton replay`.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a call of the running switch, or of a file, as a ladder.

    Running calls and those of the last hour or so; without CALL a list of them. Passwords and what
    was made of them are never shown. Example: freiton trace last
    """
    desk = Desk.of(context)
    if call is None:
        _list(desk, as_json=as_json)
        return
    trace = load(desk, call)
    if save is not None:
        write_private(save, encode_trace(trace))
        say(f"Written to {save}. The file holds telephone numbers and the callers' digests.")
    elif sipp is not None:
        _write_scenarios(trace, sipp)
    elif as_json:
        print_json([_plain(step, full=full) for step in steps_of(trace)])
    else:
        _show(trace, messages=messages, full=full)


def _show(trace: Trace, *, messages: bool, full: bool) -> None:
    for line in ladder(trace, full=full):
        say(line)
    if not messages:
        return
    for step in steps_of(trace):
        if step.data:
            arrow = "to" if step.to_right == (step.lane == "callee") else "from"
            say(f"\n--- {step.at_s:.3f} s, {arrow} the {step.lane}")
            say(whole_text(step.data, full=full).replace("\r\n", "\n").rstrip())


def _plain(step: Step, *, full: bool) -> dict[str, object]:
    return {
        "at_s": round(step.at_s, 6),
        "lane": step.lane,
        "text": step.text if full or step.is_of_log else mask_number(step.text),
        "to_right": step.to_right,
        "is_repeat": step.is_repeat,
        "message": whole_text(step.data, full=full) if step.data else None,
    }


def _write_scenarios(trace: Trace, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in scenarios(trace).items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        say(f"Written: {path}")
    note("How to play them stands at the top of each file.")


def _list(desk: Desk, *, as_json: bool) -> None:
    found = desk.control.call("traces")
    if as_json:
        print_json(found)
        return
    rows = [
        (one["call_id"], one["began_at"][:19], one["what"], one["outcome"], one["messages"])
        for one in found
    ]
    print_table(COLUMNS, rows, empty="No call is remembered.")
