"""The state that the charging log says now, for a look from outside; the switch may run or not."""

from __future__ import annotations

from pathlib import Path

from freiton.accounting.charging_state import ChargingState
from freiton.accounting.snapshot import decode_state
from freiton.storage.charging_log import open_segment
from freiton.storage.charging_log_file import read_row, segment_numbers, segment_path


def read_state(folder: Path) -> ChargingState:
    """Fold the newest segment over its snapshot; an empty state where there is no log yet.

    Nothing is checked of the chain. Raises `LogError` where the log cannot be read.
    """
    numbers = segment_numbers(folder) if folder.is_dir() else []
    if not numbers:
        return ChargingState()
    with open_segment(segment_path(folder, numbers[-1])) as segment:
        state = decode_state(segment.snapshot(), segment.carried())
        for row in segment.rows():
            stored = read_row(row, path=segment.path)
            state.apply(stored.event, stored.personal)
    return state
