"""Typed reading of stored records: JSON objects whose fields must be there and of their type."""

from collections.abc import Mapping
from typing import TypeVar

from rating.errors import RecordError

T = TypeVar("T")

JsonValue = (
    str | int | bool | None | list[int] | list[str] | list[dict[str, "JsonValue"]]
    | dict[str, "JsonValue"]
)  # fmt: skip


def value_of(record: Mapping[str, object], key: str, kind: type[T]) -> T:
    """Give a field of a type; raise ``RecordError`` if it is missing or of another."""
    value = record.get(key)
    # True is an int in Python, but no count.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise RecordError(f"a record needs {key} as {kind.__name__}, not {value!r}")
    return value


def optional_of(record: Mapping[str, object], key: str, kind: type[T]) -> T | None:
    """Give a field that must be there, but may be empty."""
    if key not in record:
        raise RecordError(f"a record needs {key}")
    return None if record[key] is None else value_of(record, key, kind)


def list_of(record: Mapping[str, object], key: str, kind: type[T]) -> list[T]:
    """Give a list of values of one type."""
    values = record.get(key)
    if not isinstance(values, list | tuple):
        raise RecordError(f"a record needs {key} as a list, not {values!r}")
    return [value_of({key: value}, key, kind) for value in values]


def counts_of(record: Mapping[str, object], key: str, count: int) -> list[int]:
    """Give a list of so many integers, none below zero."""
    values = list_of(record, key, int)
    if len(values) != count or min(values, default=0) < 0:
        raise RecordError(f"a record needs {count} counts as {key}, not {values!r}")
    return values


def check_version(record: Mapping[str, object], version: int) -> None:
    """Raise ``RecordError`` unless the record has the version that can be read."""
    if record.get("version") != version:
        raise RecordError(f"a record of unknown version: {record.get('version')!r}")
