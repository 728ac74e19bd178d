"""SUBSCRIBE and PUBLISH: who asks for which state of whom, and what becomes of it.

Here the questions are put in their order; what a watcher may see is the site's rule
(`freiton.routing.watching`), how a subscription lives the notifier's (`sipcore.presence`), and
what stands in a body is for `event_documents`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from freiton.calls.answers import Answer
from freiton.calls.binding_states import BindingStates
from freiton.calls.call_control import CallControl
from freiton.calls.dialog_states import DialogStates
from freiton.calls.event_documents import EventDocuments
from freiton.calls.event_intake import (
    BAD_EVENT,
    STRANGER,
    EventIntake,
    members_of,
    package_of,
    unacceptable,
)
from freiton.calls.event_settings import EventSettings
from freiton.calls.intake import Intake
from freiton.calls.mailboxes import Mailboxes
from freiton.calls.perform import perform_all
from freiton.calls.ports import Site, SubscriptionStore
from freiton.routing.directory import Directory
from freiton.routing.watching import Verdict
from sipcore.dialog.dialog import DialogId
from sipcore.identifiers import Identifiers
from sipcore.limits import (
    DEFAULT_LIMITS,
    NOTIFIES_PER_TURN,
    NOTIFY_TURN_S,
    RETRY_AFTER_S,
)
from sipcore.message import Request, SipUri
from sipcore.message.derive import respond
from sipcore.message.event import Event
from sipcore.presence.message_summary import Mailbox
from sipcore.presence.notifier import Notifier
from sipcore.presence.notifier_table import Life, LifeInput
from sipcore.presence.packages import (
    DIALOG,
    EVENT_LIST,
    MESSAGE_SUMMARY,
    PRESENCE,
    REG,
)
from sipcore.presence.publication import Publications
from sipcore.presence.record import Restored
from sipcore.presence.subscription import Subscription, Terms
from sipcore.registrar.location_table import LocationTable
from sipcore.transaction.events import RequestReceived, ResponseReceived, TransactionFailed
from sipcore.transaction.layer import TransactionLayer

RESTORE_S: Final = 1.0
RESTORED_PER_S: Final = 500
"""How fast subscriptions are told after a restart: a tenth of what the switch can send."""
NO_SITE: Final = Directory(default_domain="invalid")


class Events:
    """All subscriptions and publications of the process."""

    def __init__(
        self,
        layer: TransactionLayer,
        site: Site,
        intake: Intake,
        locations: LocationTable,
        *,
        calls: CallControl,
        dialogs: DialogStates,
        store: SubscriptionStore,
        identifiers: Identifiers,
        settings: EventSettings,
        on_fault: Callable[[str, Exception], None],
    ) -> None:
        self._layer = layer
        self._site = site
        self._intake = EventIntake(site, intake)
        self._calls = calls
        self._dialogs = dialogs
        self._store = store
        self._identifiers = identifiers
        self._settings = settings
        self._on_fault = on_fault
        self.notifier = Notifier(identifiers)
        self.publications = Publications(identifiers)
        self.mailboxes = Mailboxes()
        self.documents = EventDocuments(
            site, dialogs, self.mailboxes, self.publications, locations, identifiers=identifiers
        )
        self._bindings = BindingStates(site, locations, self.notifier, self.documents)
        self._directory = site.directory
        self._next_turn = 0.0
        self._turn_left = 0

    # What the wire says.

    def subscribe(self, received: RequestReceived, *, now: float) -> Answer | None:
        """Answer a SUBSCRIBE outside of a dialog; None when it has been answered here.

        Raises RemoteError for what cannot be read.
        """
        request = received.request
        package = package_of(request)
        if isinstance(package, Answer):
            return package
        sender = self._intake.sender(received, now=now)
        if isinstance(sender, Answer):
            return sender
        found = self._intake.resource(request, package, sender)
        if isinstance(found, Answer):
            return found
        terms, verdict = found
        refused = unacceptable(request, terms) or self._full(terms)
        if refused is not None:
            return refused
        expires_s = self._granted(request, package.default_expires_s)
        if isinstance(expires_s, Answer):
            return expires_s
        given = LifeInput.ACCEPTED if verdict is Verdict.ALLOWED else LifeInput.UNDECIDED
        if expires_s == 0:
            # Who may not see it yet is told so, and who fetches is told once.
            if verdict is not Verdict.ALLOWED:
                return Answer(403)
            given = LifeInput.FETCHED
        subscription = self.notifier.open(
            request, received.flow, terms, given=given, expires_s=expires_s, now=now
        )
        self._accept(received, subscription, expires_s, now=now)
        return None

    def refresh(self, received: RequestReceived, dialog_id: DialogId, *, now: float) -> bool:
        """Answer a SUBSCRIBE of one of our dialogs; False when it is none of ours."""
        subscription = self.notifier.of_dialog(dialog_id)
        if subscription is None or subscription.life is Life.TERMINATED:
            return False
        request = received.request
        if Event.of(request) != subscription.terms.event:
            self._refuse(received, BAD_EVENT, now=now)
            return True
        expires_s = self._granted(request, subscription.terms.package.default_expires_s)
        if isinstance(expires_s, Answer):
            self._refuse(received, expires_s, now=now)
        elif self.notifier.refresh(
            subscription, request, received.flow, expires_s=expires_s, now=now
        ):
            self._accept(received, subscription, expires_s, now=now)
        else:
            self._refuse(received, Answer(500), now=now)
        return True

    def publish(self, received: RequestReceived, *, now: float) -> Answer:
        """Answer a PUBLISH (RFC 3903 §6); raises RemoteError for what cannot be read."""
        request = received.request
        package = package_of(request)
        if isinstance(package, Answer) or package.name != PRESENCE:
            return Answer(489, fields=(("allow-events", PRESENCE),))
        sender = self._intake.sender(received, now=now)
        if isinstance(sender, Answer):
            return sender
        uri, account = request.uri, sender.source.account
        if not isinstance(uri, SipUri) or account is None:
            return STRANGER
        # Who may register for an address may publish for it; of all others nobody learns a thing.
        if not self._intake.may_publish(sender, uri):
            return STRANGER
        expires_s = self._granted(request, package.default_expires_s)
        if isinstance(expires_s, Answer):
            return expires_s
        topic = str(account.id)
        published = self.publications.publish(topic, request, expires_s=expires_s, now=now)
        if published.has_changed:
            self._changed(PRESENCE, account.id, now=now)
        return Answer(published.status, fields=published.fields)

    def outcome(self, event: ResponseReceived | TransactionFailed, *, now: float) -> None:
        """Take what became of a NOTIFY."""
        self.notifier.outcome(event, now=now)

    # What the switch and its operator say.

    def set_mailbox(self, account_id: int, mailbox: Mailbox, *, now: float) -> None:
        """Take over how many messages wait for an account."""
        self.mailboxes.put(account_id, mailbox)
        self._store.save_mailbox(account_id, mailbox)
        self._changed(MESSAGE_SUMMARY, account_id, now=now)

    def restore_all(
        self,
        subscriptions: Iterable[Restored],
        mailboxes: Iterable[tuple[int, Mailbox]],
        *,
        now: float,
    ) -> None:
        """Take up what a former process has left; each subscriber is told all of it anew.

        They hear spread over the time that keeps the switch free for calls.
        """
        for account_id, mailbox in mailboxes:
            self.mailboxes.put(account_id, mailbox)
        found = list(subscriptions)
        pause_s = RESTORE_S + len(found) / RESTORED_PER_S
        for restored in found:
            self.notifier.restore(*restored, now=now, pause_s=pause_s)
        for subscription in self.notifier:
            # The site may have changed while nobody was there to hear of it.
            self._reconsider(subscription, NO_SITE, now=now)

    def settle(self, *, now: float) -> None:
        """Tell watchers what is new; called whenever something may be."""
        if self._site.directory is not self._directory:
            self._follow_site(now=now)
        if self.notifier.is_idle and not self._dialogs.is_followed:
            return
        self._save(now=now)
        self._follow_states(now=now)
        for subscription in self._take_turn(now=now):
            try:
                self._notify(subscription, now=now)
            except Exception as error:  # noqa: BLE001 - a fault of ours ends this one alone
                self._on_fault(subscription.terms.package.name, error)
                self.notifier.drop(subscription)

    def handle_deadlines(self, *, now: float) -> None:
        """End what has expired."""
        self.notifier.handle_deadlines(now=now)
        for topic in self.publications.expire(now=now):
            self._changed(PRESENCE, int(topic), now=now)

    def next_deadline(self) -> float | None:
        """Return when ``handle_deadlines`` has something to do; for news, at the next turn."""
        if self._site.directory is not self._directory:
            return 0.0
        if self.notifier.has_due:
            return 0.0 if self._turn_left else self._next_turn
        deadlines = (self.notifier.next_deadline(), self.publications.next_deadline())
        return min((one for one in deadlines if one is not None), default=None)

    def _take_turn(self, *, now: float) -> list[Subscription]:
        """Take out who hears now: so many in a turn, that calls get through in between."""
        if now >= self._next_turn:
            self._next_turn = now + NOTIFY_TURN_S
            self._turn_left = NOTIFIES_PER_TURN
        due = self.notifier.due(self._turn_left)
        self._turn_left -= len(due)
        return due

    def _notify(self, subscription: Subscription, *, now: float) -> None:
        content, left = self.documents.content(subscription, now=now)
        commands = self.notifier.notify(subscription, content, now=now)
        perform_all(commands, self._layer, now=now)
        if left:
            self.notifier.tell_rest(subscription, left, now=now)

    # Questions to a SUBSCRIBE, in their order.

    def _full(self, terms: Terms) -> Answer | None:
        if len(self.notifier) >= DEFAULT_LIMITS.subscriptions_max:
            wait_s = round(self._identifiers.spread(*RETRY_AFTER_S))
            return Answer(503, fields=(("retry-after", str(wait_s)),))
        if self.notifier.count_of(terms.watcher) >= DEFAULT_LIMITS.subscriptions_per_account_max:
            return Answer(403, "Too Many Subscriptions")
        return None

    def _granted(self, request: Request, default_s: int) -> int | Answer:
        """Return for how long; what is asked for is shortened, but never stretched (§4.2.1.1)."""
        asked_s = request.expires
        if asked_s is None:
            asked_s = default_s
        least_s = self._settings.min_expires_s
        if 0 < asked_s < least_s:
            return Answer(423, fields=(("min-expires", str(least_s)),))
        return min(asked_s, self._settings.max_expires_s)

    def _accept(
        self, received: RequestReceived, subscription: Subscription, expires_s: int, *, now: float
    ) -> None:
        request = received.request
        fields = [("record-route", value) for value in request.values("record-route")]
        fields.append(("expires", str(expires_s)))
        fields.append(("contact", subscription.contact))
        if subscription.terms.is_list:
            fields.append(("require", EVENT_LIST))
        response = respond(request, 200, to_tag=subscription.dialog.local_tag, fields=fields)
        self._layer.respond(received.transaction, response, now=now)

    def _refuse(self, received: RequestReceived, answer: Answer, *, now: float) -> None:
        fields = list(answer.fields)
        response = respond(received.request, answer.status, answer.reason, fields=fields)
        self._layer.respond(received.transaction, response, now=now)

    # What is new.

    def _changed(self, package: str, account_id: int, *, now: float) -> None:
        self.documents.forget(package, account_id)
        self.notifier.changed(package, str(account_id), now=now)

    def _follow_states(self, *, now: float) -> None:
        """Look at calls and registrations, as far as somebody watches them."""
        notifier = self.notifier
        watches_calls = notifier.count_in(DIALOG) or notifier.count_in(PRESENCE)
        if bool(watches_calls) is not self._dialogs.is_followed:
            self.documents.forget_all()
            if watches_calls:
                self._dialogs.follow(self._calls.running())
            else:
                self._dialogs.leave()
        for account_id in self._dialogs.take_changed():
            self._changed(DIALOG, account_id, now=now)
            self._changed(PRESENCE, account_id, now=now)
        for account_id in self._bindings.take_changed():
            self._changed(REG, account_id, now=now)
            self._changed(PRESENCE, account_id, now=now)

    def _follow_site(self, *, now: float) -> None:
        """Ask of every subscription again whether it may go on, and what its list holds."""
        before, self._directory = self._directory, self._site.directory
        self.documents.forget_all()
        if self._dialogs.is_followed:
            for running in self._calls.running():
                self._dialogs.note(running)
        for subscription in self.notifier:
            self._reconsider(subscription, before, now=now)

    def _reconsider(self, subscription: Subscription, before: Directory, *, now: float) -> None:
        directory, terms = self._directory, subscription.terms
        watcher = directory.account(int(terms.watcher))
        if watcher is None or not watcher.enabled:
            self.notifier.decide(subscription, LifeInput.REJECTED, now=now)
        elif terms.is_list:
            name = terms.resource.partition("/")[2]
            members = members_of(directory, watcher, name)
            if members is None:
                self.notifier.decide(subscription, LifeInput.GONE, now=now)
            elif members != members_of(before, watcher, name):
                topics = tuple(str(member) for member, _ in members)
                self.notifier.retopic(subscription, topics, now=now)
        elif (account := directory.account(int(terms.resource))) is None:
            self.notifier.decide(subscription, LifeInput.GONE, now=now)
        else:
            given = _DECISIONS[directory.verdict(account, watcher)]
            self.notifier.decide(subscription, given, now=now)

    def _save(self, *, now: float) -> None:
        for subscription in self.notifier.take_unsaved():
            self._bindings.follow(subscription)
            self._store.save_subscription(subscription, now=now)


_DECISIONS: Final = {
    Verdict.ALLOWED: LifeInput.APPROVED,
    Verdict.UNDECIDED: LifeInput.UNDECIDED,
    Verdict.DENIED: LifeInput.REJECTED,
    Verdict.UNKNOWN: LifeInput.REJECTED,
}
