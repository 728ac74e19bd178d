"""Recordings of calls, from a file or from the running switch, for the commands that show them."""

import base64
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from freiton.cli.desk import Desk
from freiton.control import SwitchNotRunning
from freiton.errors import OperatorError
from freiton.trace.trace_file import Trace, decode_trace
from freiton.trace.trace_folder import TraceFolder


def load(desk: Desk, call: str) -> Trace:
    """Return the recording of a call, or of a file if there is one of that name."""
    path = Path(call)
    if path.is_file():
        try:
            return decode_trace(path.read_bytes())
        except OSError as error:
            raise OperatorError(f"{path}: {error.strerror or error}") from error
    return decode_trace(base64.b64decode(desk.control.call("trace", call=call)["trace"]))


def erase_traces(desk: Desk, *, before: datetime | None, call_id: str | None) -> None:
    """Delete recordings that hold the numbers of calls which are to be erased.

    In memory all that have ended go: they are few, and soon gone anyway.
    """
    config = desk.config
    folder = TraceFolder(config.state_folder, days=config.trace.fault_files_days)
    folder.erase(before=None if before is None else before.timestamp(), call_id=call_id)
    with suppress(SwitchNotRunning):
        desk.control.call("forget-traces")
