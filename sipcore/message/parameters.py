"""Parameters behind a semicolon: ``generic-param`` and ``uri-parameter`` (RFC 3261 §25.1)."""

from __future__ import annotations

from sipcore.errors import RemoteError
from sipcore.message.grammar import end_of_quoted, is_token

Parameters = dict[str, str | None]
"""Lower-case name → raw value (a quoted string keeps its quotes) or None for a flag."""


def parse_parameters(text: str) -> Parameters:
    """Read ``;name=value;flag``; text before the first semicolon must be blank.

    The first of two parameters with one name would decide silently, so a repeat is refused.
    """
    parameters: Parameters = {}
    for part in _split(text):
        name, equals, value = part.partition("=")
        key = name.strip().lower()
        if not is_token(key):
            raise RemoteError(f"not a parameter name: {name[:40]!r}")
        if key in parameters:
            raise RemoteError(f"parameter {key} stands twice")
        parameters[key] = value.strip() if equals else None
    return parameters


def format_parameters(parameters: Parameters) -> str:
    """Write parameters as they stand behind a header value, each with its semicolon."""
    if not parameters:
        return ""
    return "".join(
        f";{name}" if value is None else f";{name}={value}" for name, value in parameters.items()
    )


def _split(text: str) -> list[str]:
    if '"' not in text:
        parts = text.split(";")
    else:
        parts = []
        start = position = 0
        while position < len(text):
            mark = text[position]
            if mark == '"':
                position = end_of_quoted(text, position)
                continue
            if mark == ";":
                parts.append(text[start:position])
                start = position + 1
            position += 1
        parts.append(text[start:])
    if parts[0].strip():
        raise RemoteError(f"unexpected text before parameters: {parts[0][:40]!r}")
    return [part.strip() for part in parts[1:]]
