"""How far a long look back has come, on a terminal; nothing at all in a pipe."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import track

_Item = TypeVar("_Item")


def watched(items: Iterable[_Item], what: str, *, total: int | None = None) -> Iterator[_Item]:
    """Hand items on and show on stderr how many there have been."""
    console = Console(stderr=True)
    yield from track(
        items,
        description=what,
        total=total,
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
