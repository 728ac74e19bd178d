"""What the operator asks and says about subscriptions and mailboxes of a running switch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from freiton.calls.events import Events
from freiton.calls.ports import Site
from freiton.control.server import Command
from sipcore.presence.message_summary import Mailbox
from sipcore.presence.subscription import Subscription


class EventCommands:
    """Two commands of the control socket; ``settle`` lets the switch act on what was said."""

    def __init__(self, events: Events, site: Site, settle: Callable[[], None]) -> None:
        self._events = events
        self._site = site
        self._settle = settle

    def commands(self) -> dict[str, Command]:
        """Return the commands by name."""
        return {"subscriptions": self._subscriptions, "set-mailbox": self._set_mailbox}

    async def _subscriptions(self, _arguments: Mapping[str, Any]) -> object:
        now = time.monotonic()
        return [self._shown(one, now) for one in self._events.notifier]

    async def _set_mailbox(self, arguments: Mapping[str, Any]) -> object:
        mailbox = Mailbox(
            int(arguments["new"]),
            int(arguments["old"]),
            int(arguments["new_urgent"]),
            int(arguments["old_urgent"]),
        )
        self._events.set_mailbox(int(arguments["account_id"]), mailbox, now=time.monotonic())
        self._settle()
        return {"new": mailbox.new, "old": mailbox.old}

    def _shown(self, subscription: Subscription, now: float) -> dict[str, object]:
        terms = subscription.terms
        host, port = subscription.flow.remote
        resource = terms.resource.partition("/")[2] if terms.is_list else self._name(terms.resource)
        return {
            "watcher": self._name(terms.watcher),
            "event": terms.package.name,
            "resource": resource,
            "lamps": len(terms.topics),
            "state": subscription.life.name.lower(),
            "expires_s": max(0, round(subscription.expires_at - now)),
            "phone": f"{host}:{port}",
        }

    def _name(self, account_id: str) -> str:
        account = self._site.directory.account(int(account_id))
        return account_id if account is None else f"{account.name}@{account.domain}"
