"""Presence documents (RFC 3863), with what RFC 4480 says of a person's activities: written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sipcore.presence.document import Document
from sipcore.presence.packages import PACKAGES, PRESENCE
from sipcore.presence.xml_text import DECLARATION, escape

PIDF: Final = "urn:ietf:params:xml:ns:pidf"
DATA_MODEL: Final = "urn:ietf:params:xml:ns:pidf:data-model"
RPID: Final = "urn:ietf:params:xml:ns:pidf:rpid"

ON_THE_PHONE: Final = "on-the-phone"

ACTIVITIES: Final = frozenset(
    {
        "appointment", "away", "breakfast", "busy", "dinner", "holiday", "in-transit",
        "looking-for-work", "lunch", "meal", "meeting", "on-the-phone", "performance",
        "permanent-absence", "playing", "presentation", "shopping", "sleeping", "spectator",
        "steering", "travel", "tv", "vacation", "working", "worship",
    }
)  # fmt: skip
"""RFC 4480 §3.2; no other word goes from a publisher to its watchers."""


@dataclass(frozen=True, slots=True)
class PresenceTuple:
    """One way to reach somebody (RFC 3863 §4.1.2); notes are (language, text)."""

    id: str
    is_open: bool
    contact: str = ""
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Presence:
    """What one source says of a person."""

    tuples: tuple[PresenceTuple, ...] = ()
    activities: tuple[str, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()


def render_presence(entity: str, presence: Presence) -> Document:
    """Return the document of an account, whose URI is ``entity``."""
    parts = [
        (
            f'{DECLARATION}<presence xmlns="{PIDF}" xmlns:dm="{DATA_MODEL}" xmlns:rpid="{RPID}"'
            f' entity="{escape(entity)}">'
        )
    ]
    parts += [_tuple(one) for one in presence.tuples]
    parts += _notes(presence.notes)
    if presence.activities:
        words = "".join(f"<rpid:{word}/>" for word in presence.activities)
        activities = f"<rpid:activities>{words}</rpid:activities>"
        parts.append(f'<dm:person id="person">{activities}</dm:person>')
    parts.append("</presence>\n")
    return Document(PACKAGES[PRESENCE].content_type, "".join(parts))


def _tuple(one: PresenceTuple) -> str:
    basic = "open" if one.is_open else "closed"
    contact = f"<contact>{escape(one.contact)}</contact>" if one.contact else ""
    notes = "".join(_notes(one.notes))
    status = f"<status><basic>{basic}</basic></status>"
    return f'<tuple id="{escape(one.id)}">{status}{contact}{notes}</tuple>'


def _notes(notes: Iterable[tuple[str, str]]) -> list[str]:
    return [
        f'<note xml:lang="{escape(language)}">{escape(text)}</note>'
        if language
        else f"<note>{escape(text)}</note>"
        for language, text in notes
    ]
