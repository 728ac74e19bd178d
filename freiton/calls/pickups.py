"""INVITE with Replaces: taking over a conversation of a colleague, at another phone (RFC 3891).

Who may take over is whoever has the same contract: accounts of one customer. Nothing is charged
for it, and whoever dialled goes on paying.
"""

from __future__ import annotations

from freiton.calls.answers import Answer
from freiton.calls.call_control import CallControl
from freiton.calls.intake import Sender
from freiton.calls.parties import account_party, party_of
from freiton.calls.ports import Site
from freiton.calls.running_call import Phase
from sipcore.b2bua.call_events import Replace
from sipcore.dialog.dialog import DialogId
from sipcore.message.replaces import Replaces
from sipcore.transaction.events import RequestReceived


class Pickups:
    """Answers INVITEs that want to take the place of a dialog."""

    def __init__(self, site: Site, calls: CallControl) -> None:
        self._site = site
        self._calls = calls

    def replace(self, received: RequestReceived, sender: Sender, *, now: float) -> Answer | None:
        """Return the refusal of RFC 3891 §3, or None when somebody else answers.

        Raises RemoteError for a header that cannot be read, or stands twice.
        """
        request = received.request
        replaces = Replaces.of(request)
        account = sender.source.account
        if replaces is None or request.has("join"):
            return Answer(400)
        dialog_id = DialogId(replaces.call_id, replaces.to_tag, replaces.from_tag)
        joins = self._calls.joins
        running = joins.in_dialog(dialog_id)
        if running is None:
            return Answer(481)
        owner = party_of(joins.party_in(running, dialog_id), self._site.directory)
        if account is None or owner is None or running.is_emergency:
            return Answer(403)
        if owner.account.customer_id != account.customer_id or not account.enabled:
            return Answer(403)
        if running.phase is Phase.OVER:
            return Answer(603)
        if running.phase is not Phase.TALKING:
            # An early dialog that this end did not begin (§3), or one that rings.
            return Answer(481)
        if replaces.is_early_only:
            return Answer(486)
        party = account_party(account, sender.device)
        joins.replace(running, Replace(received, dialog_id, party))
        self._calls.go_on(now=now)
        return None
