"""`freiton calls`: the calls of a running switch, as they go on."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, counted, euros, print_json, say
from freiton.logs import mask_number

ENDED = frozenset({"end", "refuse"})
COLUMNS = ("Account", "From", "To", "State", "Talk", "Cost, gross", "Price")
NUMBERS = ("Talk", "Cost, gross")
ENDED_SHOWN = 8


def calls(
    context: typer.Context,
    follow: Annotated[bool, typer.Option(help="Go on until Ctrl-C.")] = False,
    as_json: AsJson = False,
    numbers: Annotated[bool, typer.Option(help="Show whole telephone numbers.")] = False,
) -> None:
    """Show running calls and what they cost, every second.

    Without --follow it shows how many there are now. Example: freiton calls --follow
    """
    desk = Desk.of(context)
    if not follow:
        answer = desk.control.call("status")
        if as_json:
            print_json({"calls": answer["calls"]})
        else:
            say(f"{counted(answer['calls'], 'call')}. --follow shows calls as they go on.")
        return
    if as_json:
        for report in desk.control.follow("follow"):
            print_json(report if numbers else _masked(report))
        return
    board = Board(with_numbers=numbers)
    with Live(board.table(), console=Console(), refresh_per_second=4) as live:
        for report in desk.control.follow("follow"):
            board.take(report)
            live.update(board.table())


class Board:
    """What is shown: running calls first, below them those that ended last."""

    def __init__(self, *, with_numbers: bool) -> None:
        self._with_numbers = with_numbers
        self._running: dict[str, dict[str, Any]] = {}
        self._ended: list[dict[str, Any]] = []

    def take(self, report: dict[str, Any]) -> None:
        """Take one report of the stream."""
        if "call_id" not in report:
            return  # it only says that the terminal was too slow
        call_id = report["call_id"]
        known = self._running.get(call_id, {})
        merged = {**known, **{key: value for key, value in report.items() if value is not None}}
        if report["kind"] in ENDED:
            self._running.pop(call_id, None)
            self._ended = [merged, *self._ended][:ENDED_SHOWN]
        else:
            self._running[call_id] = merged

    def table(self) -> Table:
        """Return the board as it stands."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in COLUMNS:
            table.add_column(column, justify="right" if column in NUMBERS else "left")
        for report in self._running.values():
            table.add_row(*self._cells(report))
        for report in self._ended:
            table.add_row(*self._cells(report), style="dim")
        return table

    def _cells(self, report: dict[str, Any]) -> tuple[str, ...]:
        shown = report if self._with_numbers else _masked(report)
        cost = report.get("cost_micros")
        return (
            str(shown.get("account", "")),
            str(shown.get("calling_number", "")),
            str(shown.get("called_number", "")),
            _state(report),
            f"{report.get('talk_s', 0):.0f} s",
            "" if cost is None else euros(cost),
            _price(report),
        )


def _price(report: dict[str, Any]) -> str:
    allowance_s = report.get("allowance_s", 0)
    by_allowance = f"{allowance_s} s by allowance" if allowance_s else ""
    told = (report.get("price", ""), report.get("plan", ""), by_allowance)
    return ", ".join(one for one in told if one)


def _state(report: dict[str, Any]) -> str:
    kind = report["kind"]
    if kind == "admit":
        return "dialling"
    if kind in ("answer", "join", "tick"):
        joined_to = report.get("joined_to", "")
        return f"talking, joined with {joined_to}" if joined_to else "talking"
    return f"{report.get('cause', '')} {report.get('status') or ''}".strip()


def _masked(report: dict[str, Any]) -> dict[str, Any]:
    return {
        key: mask_number(value) if key in ("calling_number", "called_number") else value
        for key, value in report.items()
    }
