"""What is asked of a SUBSCRIBE and a PUBLISH, in this order: which event, from whom, of whom.

To a stranger an account that may not be watched is one that does not exist: the same 404.
"""

from __future__ import annotations

from typing import Final

from freiton.calls.answers import Answer, Fields
from freiton.calls.intake import Intake, Sender
from freiton.calls.ports import Site
from freiton.routing.directory import Account, Directory
from freiton.routing.watching import Verdict
from sipcore.message import Request, SipUri
from sipcore.message.event import Event
from sipcore.presence.packages import (
    ALLOW_EVENTS,
    EVENT_LIST,
    LISTABLE,
    MESSAGE_SUMMARY,
    PACKAGES,
    REG,
    Package,
)
from sipcore.presence.resource_list import CONTENT_TYPE as RLMI
from sipcore.presence.subscription import Terms
from sipcore.transaction.events import RequestReceived

OWN_ONLY: Final = frozenset({MESSAGE_SUMMARY, REG})
"""Packages in which an account hears of itself alone."""

LIST: Final = "list"
BAD_EVENT: Final = Answer(489, fields=(("allow-events", ALLOW_EVENTS),))
STRANGER: Final = Answer(404)


class EventIntake:
    """Finds out who asks for what; refuses with an answer."""

    def __init__(self, site: Site, intake: Intake) -> None:
        self._site = site
        self._intake = intake

    def may_publish(self, sender: Sender, uri: SipUri) -> bool:
        """Tell whether a state is the sender's own: whoever may register may publish."""
        return self._intake.may_register(sender, uri)

    def sender(self, received: RequestReceived, *, now: float) -> Sender | Answer:
        """Return who asks; a carrier and a stranger get nothing."""
        request = received.request
        required = request.tokens("require") + request.tokens("proxy-require")
        unsupported = ", ".join(one for one in required if one != EVENT_LIST)
        if unsupported:
            return Answer(420, fields=(("unsupported", unsupported),))
        sender = self._intake.authenticate(request, received.flow, now=now)
        if isinstance(sender, Answer):
            return sender
        account = sender.source.account
        if account is None or not account.enabled:
            return Answer(403)
        shown = request.from_.uri
        if not isinstance(shown, SipUri) or not self._intake.may_show(sender, shown):
            return Answer(403, "Not Your Identity")
        return sender

    def resource(
        self, request: Request, package: Package, sender: Sender
    ) -> tuple[Terms, Verdict] | Answer:
        """Return what is watched and whether the watcher may; unknown and unseen are one."""
        watcher, uri, directory = sender.source.account, request.uri, self._site.directory
        event = Event.of(request)
        if watcher is None or event is None or not isinstance(uri, SipUri):
            return STRANGER
        user = uri.user or ""
        known = directory.watching.lamp_list(watcher.id, user)
        is_local = directory.local_domain(uri.host) == watcher.domain
        if known is not None and is_local and package.name in LISTABLE:
            if EVENT_LIST not in request.tokens("supported"):
                return Answer(421, fields=(("require", EVENT_LIST),))
            topics = tuple(str(member) for member in known.members)
            resource = f"{LIST}/{known.name}"
            terms = _terms(package, event, watcher, resource, topics, is_list=True)
            return terms, Verdict.ALLOWED
        if self._intake.may_register(sender, uri):
            # A phone with one field for its name asks for itself by its device's.
            account: Account | None = watcher
        else:
            account = directory.account_by_aor(user, uri.host)
        if account is None or (package.name in OWN_ONLY and account != watcher):
            return STRANGER if account is None else _not_permitted(account, watcher)
        verdict = directory.verdict(account, watcher)
        if verdict is Verdict.DENIED or verdict is Verdict.UNKNOWN:
            return _not_permitted(account, watcher)
        topic = str(account.id)
        return _terms(package, event, watcher, topic, (topic,)), verdict


def package_of(request: Request) -> Package | Answer:
    """Return the package that is asked for; RemoteError for an Event that cannot be read."""
    event = Event.of(request)
    package = None if event is None else PACKAGES.get(event.type)
    return BAD_EVENT if package is None else package


def members_of(
    directory: Directory, watcher: Account, name: str
) -> tuple[tuple[int, Verdict], ...] | None:
    """Return what a list holds, and what its watcher may see of it."""
    kept = directory.watching.lamp_list(watcher.id, name)
    if kept is None:
        return None
    found = ((member, directory.account(member)) for member in kept.members)
    return tuple(
        (member, directory.verdict(account, watcher))
        for member, account in found
        if account is not None
    )


def unacceptable(request: Request, terms: Terms) -> Answer | None:
    """Refuse who says what it reads and names nothing that we write (§3.1.3 of RFC 6665)."""
    accepted = [entry.partition(";")[0].strip() for entry in request.tokens("accept")]
    needed = [terms.package.content_type]
    if terms.is_list:
        needed += [RLMI, "multipart/related"]
    if not accepted or all(_is_accepted(one, accepted) for one in needed):
        return None
    wanted: Fields = (("accept", ", ".join(needed)),)
    return Answer(406, fields=wanted)


def _terms(
    package: Package,
    event: Event,
    watcher: Account,
    resource: str,
    topics: tuple[str, ...],
    *,
    is_list: bool = False,
) -> Terms:
    return Terms(
        package,
        event,
        watcher=str(watcher.id),
        resource=resource,
        topics=topics,
        is_list=is_list,
    )


def _not_permitted(account: Account, watcher: Account) -> Answer:
    """Refuse a colleague openly; to a stranger the account does not exist."""
    return Answer(403) if account.customer_id == watcher.customer_id else STRANGER


def _is_accepted(content_type: str, accepted: list[str]) -> bool:
    group = content_type.partition("/")[0]
    return content_type in accepted or f"{group}/*" in accepted or "*/*" in accepted
