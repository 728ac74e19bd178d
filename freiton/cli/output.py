"""What commands print: tables for people, JSON for programs, notes beside both on stderr."""

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

_FILE_WIDTH: Final = 240  # a file or pipe has no width; lines are not to be broken for it

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print rows under their columns, or the sentence that says there are none."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=any(columns))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    if table.row_count:
        _console().print(table)
    else:
        typer.echo(empty)


def print_json(value: object) -> None:
    """Print a value as JSON, indented."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def say(sentence: str) -> None:
    """Print what was done."""
    typer.echo(sentence)


def note(sentence: str) -> None:
    """Print what is worth knowing beside the result."""
    typer.secho(sentence, err=True, dim=True)


def euros(micros: int) -> str:
    """Write an amount with cents, and more digits only where there are more."""
    whole, rest = divmod(abs(micros), 1_000_000)
    digits = f"{rest:06d}"
    decimals = digits[:2] + digits[2:].rstrip("0")
    return f"{'-' if micros < 0 else ''}{whole}.{decimals} €"


def counted(count: int, noun: str) -> str:
    """Write how many there are; the noun's plural ends in s."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_FILE_WIDTH)
