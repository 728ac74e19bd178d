"""`freiton rate`: rating vectors, answered by the very functions that charge a call."""

from collections.abc import Mapping

import typer

from freiton.cli.desk import Desk
from freiton.cli.vector_lines import IsCheck, VectorsFile, answer_vectors
from rating.stored_record import JsonValue
from rating.vectors import answer_call_vector, read_call_input


def rate(context: typer.Context, *, vectors: VectorsFile, check: IsCheck = False) -> None:
    """Answer rating vectors.

    Calls as JSON lines in, what they cost as JSON lines out. Needs no site and no running switch.
    The exit status is 1 if a line is no vector or, with --check, if an answer differs.

    Example: freiton rate --vectors calls.jsonl --check
    """
    desk = Desk.of(context)
    tariffs, numbering = desk.tariffs, desk.numbering

    def answer(values: Mapping[str, object]) -> dict[str, JsonValue]:
        return answer_call_vector(read_call_input(values), tariffs, numbering).to_json()

    answer_vectors(vectors, answer, check=check)
