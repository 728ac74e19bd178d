"""The event state compositor of PUBLISH (RFC 3903 §6): publications under entity-tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipcore.identifiers import Identifiers
from sipcore.limits import DEFAULT_LIMITS, Limits
from sipcore.message.grammar import is_token
from sipcore.message.message import Request
from sipcore.presence.packages import PACKAGES, PRESENCE
from sipcore.presence.pidf import Presence
from sipcore.presence.pidf_reader import parse_presence
from sipcore.transaction.deadlines import Deadline, Deadlines

ETAG_BITS: Final = 64
Fields = tuple[tuple[str, str], ...]


class Publication:
    """What one source has published; ``deadline`` is when it is forgotten."""

    __slots__ = ("deadline", "presence", "resource")

    def __init__(
        self, resource: str, presence: Presence, deadline: Deadline[tuple[str, str]]
    ) -> None:
        self.resource = resource
        self.presence = presence
        self.deadline = deadline


class Published:
    """The answer to a PUBLISH: 200 with its fields, or why not."""

    __slots__ = ("fields", "has_changed", "status")

    def __init__(self, status: int, fields: Fields = (), *, has_changed: bool = False) -> None:
        self.status = status
        self.fields = fields
        self.has_changed = has_changed


class Publications:
    """All publications by resource, in the order in which they were first made."""

    def __init__(self, identifiers: Identifiers, *, limits: Limits = DEFAULT_LIMITS) -> None:
        self._identifiers = identifiers
        self._limits = limits
        self._by_resource: dict[str, dict[str, Publication]] = {}
        self._deadlines: Deadlines[tuple[str, str]] = Deadlines()

    @property
    def count(self) -> int:
        """How many publications there are."""
        return sum(len(kept) for kept in self._by_resource.values())

    def of(self, resource: str) -> Iterator[Presence]:
        """Give what is published of a resource."""
        kept = self._by_resource.get(resource)
        if kept:
            yield from (one.presence for one in kept.values())

    def publish(self, resource: str, request: Request, *, expires_s: int, now: float) -> Published:
        """Take a PUBLISH whose sender may publish for ``resource``; steps 3 to 6 of §6.

        ``expires_s`` is what is granted; 0 removes. Raises RemoteError for what cannot be read.
        """
        named = _entity_tag(request)
        if named is None:
            return Published(400)
        kept = self._by_resource.get(resource, {})
        known = kept.get(named)
        if named and known is None:
            return Published(412)
        if expires_s == 0 and known is not None:
            self._remove(resource, named)
            return Published(200, (("expires", "0"), ("sip-etag", self._etag())), has_changed=True)
        if not request.body and known is None:
            return Published(400)
        presence = known.presence if known is not None else Presence()
        if request.body:
            if request.content_type != PACKAGES[PRESENCE].content_type:
                return Published(415, (("accept", PACKAGES[PRESENCE].content_type),))
            presence = parse_presence(request.body, limits=self._limits)
        if known is None and len(kept) >= self._limits.publications_per_account_max:
            return Published(403)
        has_changed = known is None or presence != known.presence
        if known is not None:
            self._remove(resource, named)
        etag = self._etag()
        if expires_s:
            self._keep(resource, etag, presence, now + expires_s)
        granted = (("expires", str(expires_s)), ("sip-etag", etag))
        return Published(200, granted, has_changed=has_changed and expires_s > 0)

    def forget(self, resource: str) -> None:
        """Drop what was published of a resource that is no more."""
        for etag in list(self._by_resource.get(resource, ())):
            self._remove(resource, etag)

    def expire(self, *, now: float) -> list[str]:
        """Forget what was not refreshed; return whose state is another now."""
        changed: list[str] = []
        for resource, etag in self._deadlines.due(now):
            self._drop(resource, etag)
            changed.append(resource)
        return changed

    def next_deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        return self._deadlines.next()

    def _etag(self) -> str:
        return self._identifiers.token(ETAG_BITS)

    def _keep(self, resource: str, etag: str, presence: Presence, expires_at: float) -> None:
        deadline = self._deadlines.set(expires_at, (resource, etag))
        kept = self._by_resource.setdefault(resource, {})
        kept[etag] = Publication(resource, presence, deadline)

    def _remove(self, resource: str, etag: str) -> None:
        self._deadlines.cancel(self._by_resource[resource][etag].deadline)
        self._drop(resource, etag)

    def _drop(self, resource: str, etag: str) -> None:
        kept = self._by_resource[resource]
        del kept[etag]
        if not kept:
            del self._by_resource[resource]


def _entity_tag(request: Request) -> str | None:
    """Return the tag that a PUBLISH names, empty for none; None when it names more than one."""
    value = request.value("sip-if-match")
    if value is None:
        return ""
    value = value.strip(" \t")
    return value if is_token(value) else None
