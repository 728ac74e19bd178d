"""What a NOTIFY says: each state rendered once, however many watch it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from freiton.calls.dialog_states import DialogStates
from freiton.calls.mailboxes import Mailboxes
from freiton.calls.ports import Site
from freiton.routing.directory import Account
from freiton.routing.local_targets import aor_of
from freiton.routing.watching import Verdict
from sipcore.identifiers import Identifiers
from sipcore.limits import DEFAULT_LIMITS
from sipcore.message import SipUri
from sipcore.presence.dialog_info import render_dialog_info
from sipcore.presence.document import Document
from sipcore.presence.message_summary import render_message_summary
from sipcore.presence.packages import DIALOG, MESSAGE_SUMMARY, PRESENCE, REG
from sipcore.presence.pidf import ON_THE_PHONE, Presence, PresenceTuple, render_presence
from sipcore.presence.publication import Publications
from sipcore.presence.registration_info import ContactElement, render_registration_info
from sipcore.presence.resource_list import ResourceState, render_list
from sipcore.presence.subscription import Content, Subscription
from sipcore.registrar.location_table import LocationTable

BOUNDARY_BITS: Final = 96
"""Nobody who can write a presence note can guess a boundary."""

_PART_BYTES: Final = 420
"""What a member of a list costs besides its document: its lines in list and part."""

_STATES: Final = {
    Verdict.ALLOWED: ("active", ""),
    Verdict.UNDECIDED: ("pending", ""),
    Verdict.DENIED: ("terminated", "rejected"),
    Verdict.UNKNOWN: ("terminated", "noresource"),
}


class EventDocuments:
    """Renders the state of accounts; what it has rendered it keeps until it is ``forgotten``."""

    def __init__(
        self,
        site: Site,
        dialogs: DialogStates,
        mailboxes: Mailboxes,
        publications: Publications,
        locations: LocationTable,
        *,
        identifiers: Identifiers,
    ) -> None:
        self._site = site
        self._dialogs = dialogs
        self._mailboxes = mailboxes
        self._publications = publications
        self._locations = locations
        self._boundary = identifiers.token(BOUNDARY_BITS)
        self._rendered: dict[tuple[str, int], Document] = {}
        self._ended_contacts: dict[int, list[ContactElement]] = {}
        self.rendered = 0

    def forget(self, package: str, account_id: int) -> None:
        """Render a state anew when it is asked for next."""
        self._rendered.pop((package, account_id), None)

    def forget_all(self) -> None:
        """Render everything anew: the site has changed."""
        self._rendered.clear()

    def contact_ended(self, account_id: int, contact: ContactElement | None) -> None:
        """Note a contact that is gone, for the next registration document; None for no more."""
        if contact is None:
            self._ended_contacts.pop(account_id, None)
        else:
            self._ended_contacts.setdefault(account_id, []).append(contact)

    def content(
        self, subscription: Subscription, *, now: float
    ) -> tuple[Content | None, tuple[str, ...]]:
        """Return the body for a subscriber, and the topics that it had no room for."""
        if not subscription.shows_state:
            return None, ()
        if subscription.terms.is_list:
            return self._list(subscription, now=now)
        account = self._site.directory.account(int(subscription.terms.resource))
        if account is None:
            return None, ()
        document = self._document(subscription.terms.package.name, account, now=now)
        return Content(document.content_type, document.body(subscription.version)), ()

    # Lists.

    def _list(
        self, subscription: Subscription, *, now: float
    ) -> tuple[Content | None, tuple[str, ...]]:
        terms, directory = subscription.terms, self._site.directory
        watcher = directory.account(int(terms.watcher))
        if watcher is None:
            return None, ()
        told = terms.topics if subscription.wants_full else sorted(subscription.changed)
        room = DEFAULT_LIMITS.notification_bytes_max
        resources: list[ResourceState] = []
        left: list[str] = []
        for topic in told:
            member = directory.account(int(topic))
            if member is None:
                continue
            one = self._member(terms.package.name, member, watcher, now=now)
            room -= _PART_BYTES + (0 if one.document is None else len(one.document))
            if room < 0:
                left.append(topic)
                one = ResourceState(one.name, one.uri, one.state, is_told=False)
            resources.append(one)
        name = terms.resource.partition("/")[2]
        made = render_list(
            str(SipUri(watcher.domain, user=name)),
            resources,
            version=subscription.version,
            is_full=subscription.wants_full,
            boundary=self._boundary,
            domain=watcher.domain,
        )
        return Content(made.content_type, made.body), tuple(left)

    def _member(
        self, package: str, member: Account, watcher: Account, *, now: float
    ) -> ResourceState:
        verdict = self._site.directory.verdict(member, watcher)
        state, reason = _STATES[verdict]
        document = None
        if verdict is Verdict.ALLOWED:
            document = self._document(package, member, now=now)
        return ResourceState(f"a{member.id}", entity_of(member), state, reason, document)

    # Documents.

    def _document(self, package: str, account: Account, *, now: float) -> Document:
        if package == REG:
            # Its seconds run down, so it is another one each time.
            return self._registration(account, now=now)
        key = (package, account.id)
        document = self._rendered.get(key)
        if document is None:
            render: dict[str, Callable[[Account], Document]] = {
                DIALOG: self._dialog_info,
                PRESENCE: self._presence,
                MESSAGE_SUMMARY: self._message_summary,
            }
            document = self._rendered[key] = render[package](account)
            self.rendered += 1
        return document

    def _dialog_info(self, account: Account) -> Document:
        return render_dialog_info(entity_of(account), self._dialogs.dialogs(account.id))

    def _message_summary(self, account: Account) -> Document:
        return render_message_summary(entity_of(account), self._mailboxes.of(account.id))

    def _presence(self, account: Account) -> Document:
        """Put together what phones publish, whether one is registered, and whether one talks."""
        entity = entity_of(account)
        published = list(self._publications.of(str(account.id)))
        is_registered = bool(self._locations.lookup(aor_of(account)))
        tuples = [PresenceTuple("registration", is_registered, entity if is_registered else "")]
        tuples += [
            PresenceTuple(f"p{place}-{one.id}", one.is_open, one.contact, one.notes)
            for place, source in enumerate(published)
            for one in source.tuples
        ]
        activities = [word for source in published for word in source.activities]
        if self._dialogs.is_on_the_phone(account.id):
            activities.append(ON_THE_PHONE)
        notes = tuple(note for source in published for note in source.notes)
        presence = Presence(tuple(tuples), _distinct(activities), notes)
        return render_presence(entity, presence)

    def _registration(self, account: Account, *, now: float) -> Document:
        contacts = [
            ContactElement(
                binding.contact,
                max(0, round(binding.expires_at - now)),
                binding.q,
                binding.call_id,
                binding.cseq,
                binding.instance_id,
            )
            for binding in self._locations.lookup(aor_of(account))
        ]
        contacts += self._ended_contacts.get(account.id, [])
        return render_registration_info(entity_of(account), f"r{account.id}", contacts)


def entity_of(account: Account) -> str:
    """Return the URI of an account as its watchers know it."""
    return str(SipUri(account.domain, user=account.name))


def _distinct(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))
