"""What the spectator sees: the story line by line and, on a terminal, running calls below it."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from freiton.calls.stream import CallReport
from rating.money import format_euro

COLUMNS: Final = ("Account", "Calls", "State", "Talk", "Cost so far", "Price")
PLAIN_WIDTH: Final = 140
"""Of lines that go to a file or a pipe, which has no width of its own."""


class Screen:
    """Prints; without a terminal, plain lines and no table that moves."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        if not self._console.is_terminal:
            self._console.width = PLAIN_WIDTH
        self._running: dict[str, CallReport] = {}
        self._live: Live | None = None

    def __enter__(self) -> Self:
        """Show running calls from now on."""
        if self._console.is_terminal:
            self._live = Live(
                self._board(), console=self._console, refresh_per_second=8, transient=True
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Show them no longer."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def say(self, sentence: str, *, style: str = "") -> None:
        """Print a sentence of the story."""
        self._console.print(Text(sentence, style=style))

    def show(self, table: Table) -> None:
        """Print a table."""
        self._console.print(table)

    def take(self, report: CallReport) -> None:
        """Show what the switch's stream tells of a call."""
        if report.kind in ("end", "refuse"):
            self._running.pop(report.call_id, None)
        else:
            self._running[report.call_id] = report
        if self._live is not None:
            self._live.update(self._board())
        elif report.kind == "tick" and report.cost_micros is not None:
            self.say(f"    {report.account}: {_clock(report)}  {_cost(report)}")

    def _board(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold", title_justify="left")
        for column in COLUMNS:
            is_number = column in ("Talk", "Cost so far")
            table.add_column(column, justify="right" if is_number else "left", min_width=8)
        for report in self._running.values():
            state = "dialling" if report.kind == "admit" else "talking"
            cells = (report.account, report.called_number, state, _clock(report), _cost(report))
            table.add_row(*cells, report.price)
        return table


def _clock(report: CallReport) -> str:
    return f"{report.talk_s:.1f} s"


def _cost(report: CallReport) -> str:
    return "" if report.cost_micros is None else format_euro(report.cost_micros, style="en")
