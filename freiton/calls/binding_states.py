"""What happens to the registrations of those whose presence or registration is watched."""

from __future__ import annotations

from freiton.calls.event_documents import EventDocuments
from freiton.calls.ports import Site
from freiton.routing.local_targets import aor_of
from sipcore.presence.notifier import Notifier
from sipcore.presence.packages import PRESENCE, REG
from sipcore.presence.registration_info import ContactElement
from sipcore.presence.subscription import Subscription
from sipcore.registrar.location_table import LocationTable


class BindingStates:
    """Lets the registrar note what somebody watches, and nothing else."""

    def __init__(
        self, site: Site, locations: LocationTable, notifier: Notifier, documents: EventDocuments
    ) -> None:
        self._site = site
        self._locations = locations
        self._notifier = notifier
        self._documents = documents
        self._followed: dict[str, int] = {}

    def take_changed(self) -> list[int]:
        """Take out the accounts whose registrations are others now."""
        changed: dict[int, None] = {}
        for change in self._locations.changes():
            account_id = self._followed.get(change.aor)
            if account_id is None:
                continue
            if account_id not in changed:
                changed[account_id] = None
                self._documents.contact_ended(account_id, None)
            if change.event.is_end:
                ended = ContactElement(
                    change.binding.contact,
                    0,
                    change.binding.q,
                    change.binding.call_id,
                    change.binding.cseq,
                    change.binding.instance_id,
                    change.event.value,
                )
                self._documents.contact_ended(account_id, ended)
        return list(changed)

    def follow(self, subscription: Subscription) -> None:
        """Begin or stop to follow whom a subscription that came, changed or went is about."""
        if subscription.terms.package.name not in (REG, PRESENCE):
            return
        for topic in subscription.terms.topics:
            account = self._site.directory.account(int(topic))
            if account is None:
                continue
            aor = aor_of(account)
            is_wanted = any(self._notifier.is_watched(name, topic) for name in (REG, PRESENCE))
            if is_wanted and aor not in self._followed:
                self._followed[aor] = account.id
                self._locations.watch(aor)
                self._documents.forget(PRESENCE, account.id)
            elif not is_wanted and self._followed.pop(aor, None) is not None:
                self._locations.unwatch(aor)
                self._documents.contact_ended(account.id, None)
                self._documents.forget(PRESENCE, account.id)
