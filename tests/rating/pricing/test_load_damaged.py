"""Whatever is wrong with the files, the loader answers with problems and never falls over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rating.errors import DataError, Problem
from rating.pricing import load_tariffs
from tests.rating.small_tariff import FILES

CHARACTERS = st.sampled_from([*'aZ0.,-/@"[]=#_\n é', ", ", '""', "0000", "[[", "]]"])


@st.composite
def damaged_files(draw: st.DrawFn) -> dict[str, str]:
    """Drop, repeat or swap lines, and put characters where they do not belong."""
    files = dict(FILES)
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(sorted(files)))
        lines = files[name].splitlines(keepends=True)
        at, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        damage = draw(st.sampled_from(["drop", "repeat", "swap", "insert", "replace"]))
        if damage == "drop":
            del lines[at]
        elif damage == "repeat":
            lines.insert(other, lines[at])
        elif damage == "swap":
            lines[at], lines[other] = lines[other], lines[at]
        else:
            column = draw(st.integers(0, len(lines[at])))
            end = column + (damage == "replace")
            lines[at] = lines[at][:column] + draw(CHARACTERS) + lines[at][end:]
        files[name] = "".join(lines) or "\n"
    return files


def problems_of(files: dict[str, str]) -> tuple[Problem, ...]:
    try:
        load_tariffs(files)
    except DataError as error:
        return error.problems
    return ()


@given(damaged_files())
def test_damaged_files_load_or_have_problems(files: dict[str, str]) -> None:
    for problem in problems_of(files):
        assert problem.file in {*files, "tariff.toml"}
        assert 0 <= problem.line <= files.get(problem.file, "").count("\n") + 1
        assert problem.message
