"""Dialog documents (RFC 4235 §4): which calls somebody has, always as full state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sipcore.presence.document import Document
from sipcore.presence.packages import DIALOG, PACKAGES
from sipcore.presence.xml_text import DECLARATION, escape

NAMESPACE: Final = "urn:ietf:params:xml:ns:dialog-info"


class DialogState(StrEnum):
    """How far a call has come (§3.7.1); ``proceeding`` is a caller's, and then already early."""

    TRYING = "trying"
    EARLY = "early"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class Direction(StrEnum):
    """Whether the watched account called or was called (§4.1.1)."""

    INITIATOR = "initiator"
    RECIPIENT = "recipient"


@dataclass(frozen=True, slots=True)
class DialogElement:
    """One dialog of the watched account, seen from its end.

    Call-ID and tags are what an INVITE with Replaces names; they are empty before the phone has
    answered with a tag. ``remote`` is the URI of the other party, empty when it is not shown.
    """

    id: str
    direction: Direction
    state: DialogState
    call_id: str = ""
    local_tag: str = ""
    remote_tag: str = ""
    remote: str = ""


def render_dialog_info(entity: str, dialogs: Iterable[DialogElement]) -> Document:
    """Return the document of an account, whose URI is ``entity``."""
    head = f'{DECLARATION}<dialog-info xmlns="{NAMESPACE}" version="'
    parts = [f'" state="full" entity="{escape(entity)}">']
    parts += [_dialog(entity, one) for one in dialogs]
    parts.append("</dialog-info>\n")
    return Document(PACKAGES[DIALOG].content_type, head, "".join(parts))


def _dialog(entity: str, dialog: DialogElement) -> str:
    names = ""
    if dialog.call_id:
        names = f' call-id="{escape(dialog.call_id)}"'
        if dialog.local_tag:
            names += f' local-tag="{escape(dialog.local_tag)}"'
        if dialog.remote_tag:
            names += f' remote-tag="{escape(dialog.remote_tag)}"'
    remote = f"<remote>{_party(dialog.remote)}</remote>" if dialog.remote else ""
    return (
        f'<dialog id="{escape(dialog.id)}"{names} direction="{dialog.direction.value}">'
        f"<state>{dialog.state.value}</state><local>{_party(entity)}</local>{remote}</dialog>"
    )


def _party(uri: str) -> str:
    return f'<identity>{escape(uri)}</identity><target uri="{escape(uri)}"/>'
