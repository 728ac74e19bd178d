"""`freiton why`: why a call was refused or ended, and what can be done about it."""

from typing import Annotated

import typer

from freiton.cli.desk import Desk
from freiton.cli.explain import Tongue, find_record
from freiton.cli.output import AsJson, print_json, say
from freiton.cli.recordings import load
from freiton.control import ControlError
from freiton.errors import OperatorError
from freiton.trace.trace_file import Trace
from freiton.trace.why import why
from rating.cdr import CallDetailRecord


def why_call(
    context: typer.Context,
    call: Annotated[
        str, typer.Argument(help="A call's id or its beginning, a Call-ID, a file, or `last`.")
    ],
    *,
    language: Annotated[Tongue, typer.Option(help="de or en.")] = Tongue.DE,
    as_json: AsJson = False,
) -> None:
    """Explain the refusal or the end of a call in words.

    From its record in the charging log and, as long as the running switch remembers it, from what
    was said; also attempts that left no record (401, 403, 420 …).
    Example: freiton why last --language en
    """
    desk = Desk.of(context)
    trace = _trace(desk, call)
    record = _record(desk, trace.call_id if trace is not None and trace.call_id else call)
    if trace is None and record is None:
        raise OperatorError(f"there is no call {call} in the log, and none is remembered")
    directory = desk.directory() if desk.has_site else None
    told = why(record, trace, directory, language=language.value)
    if as_json:
        print_json(
            {
                "call_id": record.call_id if record is not None else trace and trace.call_id,
                "status": None if record is None else record.sip_status,
                "cause": None if record is None else record.ending,
                "sentences": told,
            }
        )
        return
    for sentence in told:
        say(sentence)


def _trace(desk: Desk, call: str) -> Trace | None:
    try:
        return load(desk, call)
    except ControlError:
        return None


def _record(desk: Desk, call: str) -> CallDetailRecord | None:
    try:
        return find_record(desk, call)
    except OperatorError:
        return None
