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
from freiton.calls.running_call import Phase, RunningCall
from freiton.routing.directory import Account
from freiton.routing.watching import Verdict
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
        if running is None or account is None:
            return Answer(403 if account is None else 481)
        refused = self._refusal(running, dialog_id, replaces, account)
        if refused is not None:
            return refused
        party = account_party(account, sender.device)
        joins.replace(running, Replace(received, dialog_id, party))
        self._calls.go_on(now=now)
        return None

    def _refusal(
        self, running: RunningCall, dialog_id: DialogId, replaces: Replaces, account: Account
    ) -> Answer | None:
        """Return the refusal of RFC 3891 §3 or of the site; None where the place may be taken."""
        ringing = running.call.ringing
        is_ringing = ringing is not None and ringing.attempt_in(dialog_id) is not None
        directory = self._site.directory
        owner = party_of(self._calls.joins.party_in(running, dialog_id), directory)
        if owner is None or running.is_emergency or not account.enabled:
            return Answer(403)
        if owner.account.customer_id != account.customer_id:
            return Answer(403)
        if is_ringing:
            may_watch = directory.verdict(owner.account, account) is Verdict.ALLOWED
            return None if may_watch else Answer(403)
        if running.phase is Phase.OVER:
            return Answer(603)
        if running.phase is not Phase.TALKING:
            # An early dialog that this end did not begin (§3).
            return Answer(481)
        return Answer(486) if replaces.is_early_only else None
