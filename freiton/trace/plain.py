"""Values of the signalling as plain data and back, whatever classes they are made of.

Written by their slots or dataclass fields, so that a new event of a call needs no line here. Read
back only into classes of `sipcore`, without running any code of theirs but the constructors of
compiled ones.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib import import_module
from inspect import signature
from typing import Any, Final

from freiton.errors import OperatorError
from sipcore.auth.client import DigestClient
from sipcore.errors import SipError
from sipcore.identifiers import Identifiers
from sipcore.message import Request, Response, parse_message
from sipcore.message.message import serialize

_TAG: Final = "$"
_ROOM: Final = "sipcore."
_SOCKETS: Final = "sipcore.net"
_PLAIN: Final = (type(None), bool, int, float, bytes)
_DEPTH_MAX: Final = 32


class NotPlain(OperatorError):  # noqa: N818 - says what the value is
    """A value that cannot be written, or data that is no such value."""


class Written:
    """A value that has been written already."""

    __slots__ = ("data",)

    def __init__(self, data: object) -> None:
        self.data = data


def write(value: object) -> Any:  # noqa: ANN401 - any plain value
    """Return a value as what MessagePack knows; NotPlain for code, sockets and the like."""
    if isinstance(value, Written):
        return value.data
    if isinstance(value, NotPlain):
        raise value
    if isinstance(value, Enum):
        return {_TAG: "enum", "class": _name(type(value)), "value": value.value}
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, str):
        return _write_text(value)
    if isinstance(value, tuple | list | set | frozenset):
        items = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
        kind = next(kind for kind in _SEQUENCES if isinstance(value, _SEQUENCES[kind]))
        return {_TAG: kind, "value": [write(one) for one in items]}
    if isinstance(value, Mapping):
        return {_TAG: "dict", "value": [[write(key), write(one)] for key, one in value.items()]}
    if isinstance(value, Request | Response):
        return {_TAG: "message", "value": serialize(value)}
    if isinstance(value, DigestClient):
        return {_TAG: "credentials"}
    if _is_source(value):
        return {_TAG: "identifiers"}
    return _write_object(value)


def read(
    data: Any,  # noqa: ANN401 - any plain value
    *,
    credentials: DigestClient | None = None,
    identifiers: Identifiers | None = None,
) -> Any:  # noqa: ANN401 - any value
    """Return what ``write`` was given; NotPlain for anything else.

    No password is ever written: where credentials of a trunk stood, ``credentials`` stand, and
    ``identifiers`` where their source stood.
    """
    try:
        return _read(data, {"credentials": credentials, "identifiers": identifiers}, _DEPTH_MAX)
    except (KeyError, TypeError, ValueError, AttributeError, SipError) as error:
        raise NotPlain(f"not a value of a recording: {error}") from error


def _is_source(value: object) -> bool:
    """Tell whether this gives out identifiers, whatever class it is of."""
    return all(hasattr(value, name) for name in ("branch", "tag", "token", "spread"))


def _write_text(text: str) -> object:
    try:
        text.encode()
    except UnicodeEncodeError:
        # Octets of a peer that are no UTF-8.
        return {_TAG: "text", "value": text.encode("utf-8", "surrogateescape")}
    return text


def _write_object(value: object) -> dict[str, Any]:
    cls = type(value)
    if not cls.__module__.startswith(_ROOM) or cls.__module__.startswith(_SOCKETS):
        raise NotPlain(f"a {cls.__name__} cannot be kept in a recording")
    members = {name: write(getattr(value, name)) for name in _members(cls) if hasattr(value, name)}
    return {_TAG: "object", "class": _name(cls), "value": members}


def _members(cls: type) -> Iterator[str]:
    if is_dataclass(cls):
        yield from (field.name for field in fields(cls))
        return
    for base in reversed(cls.__mro__):
        slots = base.__dict__.get("__slots__", base.__dict__.get(_COMPILED, ()))
        yield from (slots,) if isinstance(slots, str) else slots


_COMPILED: Final = "__mypyc_attrs__"
"""Where a class that mypyc has compiled lists its attributes; it has no slots."""

_SEQUENCES: Final[dict[str, type]] = {
    "tuple": tuple, "list": list, "set": set, "frozenset": frozenset,
}  # fmt: skip


def _read(data: Any, given: dict[str, object], depth: int) -> Any:  # noqa: ANN401 - any plain value
    if depth == 0:
        raise NotPlain("a value of a recording is nested too deep")
    if not isinstance(data, dict):
        if isinstance(data, (*_PLAIN, str)):
            return data
        raise NotPlain("not a value of a recording")
    kind, value = data[_TAG], data.get("value", ())
    if kind in _SEQUENCES:
        return _SEQUENCES[kind](_read(one, given, depth - 1) for one in value)
    match kind:
        case "text":
            return value.decode("utf-8", "surrogateescape")
        case "enum":
            return _enum(data["class"])(value)
        case "dict":
            return {
                _read(key, given, depth - 1): _read(one, given, depth - 1) for key, one in value
            }
        case "message":
            return parse_message(value)
        case "credentials" | "identifiers":
            return given[kind]
        case "object":
            members = {name: _read(one, given, depth - 1) for name, one in value.items()}
            return _object(_class(data["class"]), members)
    raise NotPlain(f"a recording has no {kind!r}")


def _object(cls: type[object], members: dict[str, Any]) -> object:
    known = set(_members(cls))
    for name in members:
        if name not in known:
            raise NotPlain(f"{cls.__name__} has no {name}")
    if _COMPILED in cls.__dict__:
        # It can be made by its constructor alone; what that does not take, it makes itself.
        taken = signature(cls).parameters
        return cls(**{name: value for name, value in members.items() if name in taken})
    made: object = object.__new__(cls)
    for name, value in members.items():
        object.__setattr__(made, name, value)
    return made


def _enum(name: str) -> type[Enum]:
    found = _class(name)
    if not issubclass(found, Enum):
        raise NotPlain(f"{name} is no enumeration")
    return found


def _name(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def _class(name: str) -> type:
    module, _, attribute = str(name).partition(":")
    if not module.startswith(_ROOM) or module.startswith(_SOCKETS):
        raise NotPlain(f"{module} is no room of the signalling")
    try:
        found = getattr(sys.modules.get(module) or import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise NotPlain(f"this release has no {name}") from error
    if not isinstance(found, type) or found.__module__ != module:
        raise NotPlain(f"{name} is no class")
    return found
