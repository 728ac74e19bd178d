"""`freiton charge`: charge vectors, answered by the very functions that charge customers."""

from collections.abc import Mapping

import typer

from freiton.cli.desk import Desk
from freiton.cli.vector_lines import IsCheck, VectorsFile, answer_vectors
from freiton.config.rating_data import read_charges
from rating.stored_record import JsonValue
from rating.vectors.charges import answer_charge_vector


def charge(context: typer.Context, *, vectors: VectorsFile, check: IsCheck = False) -> None:
    """Answer charge vectors: fees, messages, data, work, orders, invoices.

    As `freiton rate` does for calls; the format is in docs/charge-vectors.md. The exit status is 1
    if a line is no vector or, with --check, if an answer differs.

    Example: freiton charge --vectors charges.jsonl --check
    """
    desk = Desk.of(context)
    books = read_charges(desk.config, desk.tariffs)

    def answer(values: Mapping[str, object]) -> Mapping[str, JsonValue]:
        return answer_charge_vector(values, books)

    answer_vectors(vectors, answer, check=check)
