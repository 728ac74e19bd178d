"""Texts that an operator gives us and that must have a certain shape."""

import re
from typing import Annotated

from pydantic import AfterValidator


def shaped(pattern: str, description: str) -> AfterValidator:
    """Return the check that a text matches as a whole; the error says what it should be."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise ValueError(f"{text!r} should be {description}")
        return text

    return AfterValidator(check)


Name = Annotated[
    str,
    shaped(
        r"[a-z0-9][a-z0-9._-]{0,31}",
        "a name of up to 32 small letters, digits, dots, dashes and underscores",
    ),
]

HostName = Annotated[
    str,
    shaped(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?", "a host name or an IP address"),
    AfterValidator(str.lower),
]
