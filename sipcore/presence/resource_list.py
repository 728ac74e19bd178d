"""Notifications of a list (RFC 4662 §5): one multipart body for all lamps of a phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sipcore.presence.document import Document
from sipcore.presence.xml_text import DECLARATION, escape

NAMESPACE: Final = "urn:ietf:params:xml:ns:rlmi"
CONTENT_TYPE: Final = "application/rlmi+xml"


@dataclass(frozen=True, slots=True)
class ResourceState:
    """One member: whether its watcher may see it, and what there is to see.

    ``state`` and ``reason`` are those of the virtual subscription (§5.3); without a document
    nothing is told of it here.
    """

    name: str
    uri: str
    state: str
    reason: str = ""
    document: Document | None = None
    is_told: bool = True
    """False when this notification has no room for it: it is listed and follows in the next."""


@dataclass(frozen=True, slots=True)
class ListBody:
    """A multipart body and its Content-Type."""

    content_type: str
    body: bytes


def render_list(
    uri: str,
    resources: Sequence[ResourceState],
    *,
    version: int,
    is_full: bool,
    boundary: str,
    domain: str,
) -> ListBody:
    """Return the body; ``boundary`` is a token that no document holds, such as random ones.

    With ``is_full`` the resources are all that the list has, else those that changed (§5.2).
    """
    root = f"<list.{boundary}@{domain}>"
    full = "true" if is_full else "false"
    meta = [
        (
            f'{DECLARATION}<list xmlns="{NAMESPACE}" uri="{escape(uri)}" version="{version}"'
            f' fullState="{full}">'
        )
    ]
    parts: list[bytes] = []
    for resource in resources:
        cid = f"{resource.name}.{boundary}@{domain}"
        meta.append(_resource(resource, cid))
        if resource.document is not None and resource.is_told:
            body = resource.document.body(version)
            parts.append(_part(boundary, cid, resource.document.content_type, body))
    meta.append("</list>\n")
    first = _part(boundary, root[1:-1], f"{CONTENT_TYPE};charset=UTF-8", "".join(meta).encode())
    return ListBody(
        f'multipart/related;type="{CONTENT_TYPE}";start="{root}";boundary="{boundary}"',
        b"".join((first, *parts, f"--{boundary}--\r\n".encode())),
    )


def _resource(resource: ResourceState, cid: str) -> str:
    head = f'<resource uri="{escape(resource.uri)}">'
    if not resource.is_told:
        return f"{head}</resource>"
    reason = f' reason="{resource.reason}"' if resource.reason else ""
    shown = f' cid="{escape(cid)}"' if resource.document is not None else ""
    name, state = escape(resource.name), resource.state
    return f'{head}<instance id="{name}" state="{state}"{reason}{shown}/></resource>'


def _part(boundary: str, cid: str, content_type: str, body: bytes) -> bytes:
    head = (
        f"--{boundary}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <{cid}>\r\n"
        f"Content-Type: {content_type}\r\n\r\n"
    )
    return b"%b%b\r\n" % (head.encode(), body)
