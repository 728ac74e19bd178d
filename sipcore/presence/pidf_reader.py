"""Presence documents of publishers, read as what they are: hostile text (RFC 3863, RFC 3903).

Expat does the lexing; what it may be made to do is taken away first. A document type declaration is
refused at its first character, so there are no entities, none that expand and none that fetch
anything. Size, elements, depth and texts are bounded. Of what is read only the listed values go on;
an unknown element, in whatever namespace, is passed over and reaches no watcher.
"""

from __future__ import annotations

import re
from typing import Final, NoReturn
from xml.parsers import expat

from sipcore.errors import RemoteError
from sipcore.limits import (
    DEFAULT_LIMITS,
    PIDF_DEPTH_MAX,
    PIDF_NOTES_MAX,
    PIDF_TEXT_CHARS_MAX,
    PIDF_TUPLES_MAX,
    Limits,
)
from sipcore.message.uri import parse_uri
from sipcore.presence.pidf import ACTIVITIES, DATA_MODEL, PIDF, RPID, Presence, PresenceTuple

_LANGUAGE: Final = re.compile(r"[A-Za-z0-9\-]{1,32}")
_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,63}")
_XML_LANG: Final = "http://www.w3.org/XML/1998/namespace lang"


def parse_presence(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Presence:
    """Read a document; RemoteError for one that is none (400) or too large (413)."""
    if len(data) > limits.publication_bytes_max:
        raise RemoteError("a publication is too large", status_hint=413)
    return _Reader(limits.publication_elements_max).read(data)


class _Reader:
    """One pass over one document, following the path of elements."""

    def __init__(self, elements_max: int) -> None:
        self._elements_left = elements_max
        self._path: list[str] = []
        self._text: list[str] = []
        self._chars = 0
        self._language = ""
        self._tuples: list[PresenceTuple] = []
        self._activities: list[str] = []
        self._notes: list[tuple[str, str]] = []
        self._tuple_id = ""
        self._tuple_contact = ""
        self._tuple_open: bool | None = None
        self._tuple_notes: list[tuple[str, str]] = []

    def read(self, data: bytes) -> Presence:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            parser.Parse(data, True)
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise RemoteError(f"not a presence document: {error}") from error
        return Presence(
            tuple(self._tuples),
            tuple(dict.fromkeys(self._activities)),
            tuple(self._notes),
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements_left -= 1
        if self._elements_left < 0 or len(self._path) >= PIDF_DEPTH_MAX:
            raise RemoteError("a presence document has too many elements")
        if not self._path and name != f"{PIDF} presence":
            raise RemoteError("not a presence document")
        self._path.append(name)
        self._text.clear()
        self._chars = 0
        language = attributes.get(_XML_LANG, "")
        self._language = language if _LANGUAGE.fullmatch(language) else ""
        if self._path[1:] == [f"{PIDF} tuple"]:
            self._tuple_id = attributes.get("id", "")
            self._tuple_contact = ""
            self._tuple_open = None
            self._tuple_notes = []

    def _end(self, name: str) -> None:
        path, text = self._path[1:], "".join(self._text).strip()
        self._path.pop()
        self._text.clear()
        match path:
            case [parent, _, _] if name == f"{PIDF} basic" and parent == f"{PIDF} tuple":
                self._tuple_open = text == "open"
            case [parent, _] if name == f"{PIDF} contact" and parent == f"{PIDF} tuple":
                self._tuple_contact = _contact(text)
            case [parent, _] if name == f"{PIDF} note" and parent == f"{PIDF} tuple":
                _add_note(self._tuple_notes, self._language, text)
            case [_] if name == f"{PIDF} note":
                _add_note(self._notes, self._language, text)
            case [_] if name == f"{PIDF} tuple":
                self._add_tuple()
            case [person, activities, _] if (
                person == f"{DATA_MODEL} person" and activities == f"{RPID} activities"
            ):
                namespace, _, word = name.partition(" ")
                if namespace == RPID and word in ACTIVITIES:
                    self._activities.append(word)

    def _characters(self, text: str) -> None:
        room = PIDF_TEXT_CHARS_MAX - self._chars
        if room > 0:
            self._text.append(text[:room])
            self._chars += len(text)

    def _add_tuple(self) -> None:
        if self._tuple_open is None or len(self._tuples) >= PIDF_TUPLES_MAX:
            return
        written = self._tuple_id if _ID.fullmatch(self._tuple_id) else f"t{len(self._tuples)}"
        notes = tuple(self._tuple_notes)
        self._tuples.append(PresenceTuple(written, self._tuple_open, self._tuple_contact, notes))


def _refuse_doctype(*_declared: object) -> NoReturn:
    raise RemoteError("a presence document declares a document type")


def _add_note(notes: list[tuple[str, str]], language: str, text: str) -> None:
    if text and len(notes) < PIDF_NOTES_MAX:
        notes.append((language, text))


def _contact(text: str) -> str:
    """Return a contact that is a URI one can call or write to, else nothing."""
    try:
        parse_uri(text)
    except RemoteError:
        return ""
    scheme = text.partition(":")[0].lower()
    return text if scheme in {"sip", "sips", "tel", "mailto", "im", "pres", "xmpp"} else ""
