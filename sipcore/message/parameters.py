"""Parameters behind a semicolon: ``generic-param`` and ``uri-parameter`` (RFC 3261 §25.1)."""

from __future__ import annotations

import re
from typing import Final

from sipcore.errors import RemoteError
from sipcore.message.grammar import QUOTED_STRING, TOKEN

Parameters = dict[str, str | None]
"""Lower-case name → raw value (a quoted string keeps its quotes) or None for a flag."""

# A bare value is read more freely than the RFC's token and host: tags and URI parameters of real
# phones hold other characters, and none of them can be mistaken for the end of the value.
_PARAMETER: Final = re.compile(
    rf'[ \t]*;[ \t]*({TOKEN})(?:[ \t]*=[ \t]*({QUOTED_STRING}|[^\s;,"<>]*))?'
)


def parse_parameters(text: str) -> Parameters:
    """Read ``;name=value;flag`` up to the end of ``text``.

    The first of two parameters with one name would decide silently, so a repeat is refused
    (§7.3.1, §19.1.1).
    """
    parameters: Parameters = {}
    position = 0
    length = len(text)
    while position < length:
        match = _PARAMETER.match(text, position)
        if match is None:
            if not text[position:].strip(" \t"):
                break
            raise RemoteError(f"not a parameter: {text[position:][:40]!r}")
        name = match[1].lower()
        if name in parameters:
            raise RemoteError(f"parameter {name} stands twice")
        parameters[name] = match[2]
        position = match.end()
    return parameters


def format_parameters(parameters: Parameters) -> str:
    """Write parameters as they stand behind a header value, each with its semicolon."""
    if not parameters:
        return ""
    return "".join(
        f";{name}" if value is None else f";{name}={value}" for name, value in parameters.items()
    )
