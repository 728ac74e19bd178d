"""What may go wrong in ``rating``, as one tree.

    RatingError
    ├── LocalError     our own caller broke the contract of a function
    ├── DataError      price lists or numbering tables have problems: all of them, with their lines
    ├── RecordError    a stored quote or call record cannot be read back
    └── VectorError    a line of a vectors file cannot be read, or asks for what no tariff has

A number that cannot be dialled and a call that has no price are no errors: they are return types
(``NumberRefused``, ``Unpriced``).
"""

from dataclasses import dataclass


class RatingError(Exception):
    """Base of everything that ``rating`` raises on purpose."""


class LocalError(RatingError):
    """A caller in this program used ``rating`` wrongly; no input from outside can cause it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a data file; ``line`` counts from 1 and 0 means the file as a whole."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class DataError(RatingError):
    """Data was refused as a whole; ``problems`` names everything that was found wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class RecordError(RatingError):
    """A stored record lacks a field, has one of a wrong type, or is of an unknown version."""


class VectorError(RatingError):
    """A rating vector that cannot be read or answered; the message names the key."""
