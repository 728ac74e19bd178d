"""Registration documents (RFC 3680 §5): with which contacts somebody is registered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sipcore.presence.document import Document
from sipcore.presence.packages import PACKAGES, REG
from sipcore.presence.xml_text import DECLARATION, escape

NAMESPACE: Final = "urn:ietf:params:xml:ns:reginfo"
Q_ONE: Final = 1000


@dataclass(frozen=True, slots=True)
class ContactElement:
    """One contact; ``ended_by`` is the event that took it away, empty while it holds (§5.3)."""

    uri: str
    expires_s: int
    q: int = Q_ONE
    call_id: str = ""
    cseq: int = 0
    instance_id: str = ""
    ended_by: str = ""


def render_registration_info(
    aor: str, registration_id: str, contacts: Iterable[ContactElement]
) -> Document:
    """Return the document of an address-of-record; contacts that ended stand in it once."""
    listed = list(contacts)
    is_active = any(not one.ended_by for one in listed)
    state = "active" if is_active else "terminated" if listed else "init"
    head = f'{DECLARATION}<reginfo xmlns="{NAMESPACE}" version="'
    parts = [
        (
            f'" state="full"><registration aor="{escape(aor)}" id="{escape(registration_id)}"'
            f' state="{state}">'
        )
    ]
    parts += [_contact(one) for one in listed]
    parts.append("</registration></reginfo>\n")
    return Document(PACKAGES[REG].content_type, head, "".join(parts))


def _contact(contact: ContactElement) -> str:
    # The id must be the same in each document, and no other contact's.
    identity = hashlib.blake2b(f"{contact.instance_id} {contact.uri}".encode(), digest_size=8)
    state = "terminated" if contact.ended_by else "active"
    given = f' callid="{escape(contact.call_id)}" cseq="{contact.cseq}"' if contact.call_id else ""
    instance = ""
    if contact.instance_id:
        value = escape(contact.instance_id)
        instance = f'<unknown-param name="+sip.instance">&quot;{value}&quot;</unknown-param>'
    return (
        f'<contact id="{identity.hexdigest()}" state="{state}"'
        f' event="{contact.ended_by or "registered"}" expires="{contact.expires_s}"'
        f' q="{contact.q / Q_ONE:.3g}"{given}><uri>{escape(contact.uri)}</uri>{instance}</contact>'
    )
