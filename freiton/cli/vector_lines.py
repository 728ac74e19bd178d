"""Vectors in, answers out: what `freiton rate` and `freiton charge` have in common."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer

from freiton.cli.output import note
from rating.errors import VectorError
from rating.stored_record import JsonValue
from rating.vectors import LINE_BYTES_MAX, LineProblem, Vector, find_differences, read_vectors

STDIN: Final = Path("-")

VectorsFile = Annotated[
    Path, typer.Option("--vectors", help="JSON lines, see docs/rating-vectors.md; - for stdin.")
]
IsCheck = Annotated[
    bool, typer.Option("--check", help="Compare with the outputs in the file; print differences.")
]
Answer = Callable[[Mapping[str, object]], Mapping[str, JsonValue]]
"""From the input of a vector to its output; raises ``VectorError`` if it cannot be read."""


def answer_vectors(path: Path, answer: Answer, *, check: bool) -> None:
    """Answer or check every vector; exit with 1 after a bad line or, in a check, a difference."""
    judge = _check if check else _print_answer
    read = failed = 0
    with _opened(path) as stream:
        for found in read_vectors(_bounded_lines(stream)):
            read += 1
            failed += not judge(found, answer)
    if check:
        note(f"{read} vectors, {failed} failed")
    if failed:
        raise typer.Exit(1)


def _print_answer(found: Vector | LineProblem, answer: Answer) -> bool:
    output = _output_of(found, answer)
    if isinstance(found, LineProblem) or isinstance(output, VectorError):
        _print({"line": found.line, "error": str(output)})
        return False
    _print({"id": found.id, "output": output})
    return True


def _check(found: Vector | LineProblem, answer: Answer) -> bool:
    output = _output_of(found, answer)
    if isinstance(output, VectorError) or isinstance(found, LineProblem):
        differences: tuple[str, ...] = (str(output),)
    elif found.output is None:
        differences = ("there is no output to compare with",)
    else:
        differences = find_differences(found.output, output)
    if differences:
        name = found.id if isinstance(found, Vector) else "no vector"
        typer.echo("\n  ".join((f"line {found.line}: {name}", *differences)).encode())
    return not differences


def _output_of(
    found: Vector | LineProblem, answer: Answer
) -> Mapping[str, JsonValue] | VectorError:
    if isinstance(found, LineProblem):
        return VectorError(found.message)
    try:
        return answer(found.input)
    except VectorError as error:
        return error


def _print(line: Mapping[str, object]) -> None:
    # Bytes: what is JSON must be UTF-8, whatever the terminal is.
    typer.echo(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode())


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if path == STDIN:
        yield typer.get_binary_stream("stdin")
    else:
        with path.open("rb") as stream:
            yield stream


def _bounded_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Read lines, of a hostile one only as much as shows that it is too long."""
    while line := stream.readline(LINE_BYTES_MAX + 1):
        yield line
        while line and not line.endswith(b"\n"):
            line = stream.readline(LINE_BYTES_MAX)
