"""Rows of a CSV text with their lines; what is wrong with the text becomes a problem."""

import csv
from collections.abc import Iterator

from rating.errors import Problem

Row = dict[str, str]


def read_table(
    file: str,
    text: str,
    *,
    required: tuple[str, ...],
    optional: tuple[str, ...] = (),
    problems: list[Problem],
) -> Iterator[tuple[int, Row]]:
    """Give each whole row with its line; nothing if the header has other columns than these."""
    reader = csv.reader(text.splitlines(), strict=True)
    try:
        header = next(reader, [])
        if _header_is_wrong(file, header, required, optional, problems):
            return
        for cells in reader:
            if len(cells) == len(header):
                yield reader.line_num, dict(zip(header, cells, strict=True))
            elif cells:
                message = "the row has not as many cells as the header"
                problems.append(Problem(file, reader.line_num, message))
    except csv.Error as error:
        problems.append(Problem(file, reader.line_num, str(error)))


def _header_is_wrong(
    file: str,
    header: list[str],
    required: tuple[str, ...],
    optional: tuple[str, ...],
    problems: list[Problem],
) -> bool:
    missing = [name for name in required if name not in header]
    unknown = [name for name in header if name not in required + optional]
    repeated = sorted({name for name in header if header.count(name) > 1})
    for kind, names in (("missing", missing), ("unknown", unknown), ("repeated", repeated)):
        if names:
            problems.append(Problem(file, 1, f"{kind} columns: {', '.join(names)}"))
    return bool(missing or unknown or repeated)
