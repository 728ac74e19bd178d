"""Taking the call of a colleague at another phone: INVITE with Replaces (RFC 3891), or a code.

A conversation may be taken over by whoever has the same contract: accounts of one customer. A call
that rings may be picked up by those of them who may watch the account, since to see it ring is to
know of it. Nothing is charged for it, and whoever dialled goes on paying.
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
from sipcore.message import Request, SipUri
from sipcore.message.replaces import Replaces
from sipcore.transaction.events import RequestReceived


class Pickups:
    """Answers INVITEs that want to take the place of a dialog."""

    def __init__(self, site: Site, calls: CallControl, *, code: str = "") -> None:
        self._site = site
        self._calls = calls
        self._code = code

    def is_meant_by(self, request: Request) -> bool:
        """Tell whether the code for a call that rings elsewhere was dialled."""
        uri = request.uri
        if not self._code or not isinstance(uri, SipUri):
            return False
        return (uri.user or "").startswith(self._code)

    def by_code(self, received: RequestReceived, sender: Sender, *, now: float) -> Answer | None:
        """Let a caller take what rings first at the account that he dialled behind the code.

        A carrier's caller gets the 404 of a number that is nobody's, and so does whoever may not.
        """
        account = sender.source.account
        owner = None if account is None else self._dialled(received.request, account)
        if account is None or owner is None or not account.enabled:
            return Answer(404)
        is_colleague = owner.customer_id == account.customer_id
        if not is_colleague or self._verdict(owner, account) is not Verdict.ALLOWED:
            return Answer(404)
        for running in self._calls.running():
            for dialog_id in _ringing(running):
                rung = party_of(
                    self._calls.joins.party_in(running, dialog_id), self._site.directory
                )
                if rung is not None and rung.account.id == owner.id and not running.is_emergency:
                    self._take(running, received, dialog_id, sender, now=now)
                    return None
        return Answer(480)

    def _dialled(self, request: Request, account: Account) -> Account | None:
        """Return the account behind the code: by its name, its number, or a short number."""
        uri = request.uri
        name = (uri.user or "").removeprefix(self._code) if isinstance(uri, SipUri) else ""
        name = account.short_numbers.get(name, name)
        return self._site.directory.account_by_aor(name, account.domain)

    def _verdict(self, owner: Account, account: Account) -> Verdict:
        return self._site.directory.verdict(owner, account)

    def _take(
        self,
        running: RunningCall,
        received: RequestReceived,
        dialog_id: DialogId,
        sender: Sender,
        *,
        now: float,
    ) -> None:
        account = sender.source.account
        party = "" if account is None else account_party(account, sender.device)
        self._calls.joins.replace(running, Replace(received, dialog_id, party))
        self._calls.go_on(now=now)

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
        running = self._calls.joins.in_dialog(dialog_id)
        if running is None or account is None:
            return Answer(403 if account is None else 481)
        refused = self._refusal(running, dialog_id, replaces, account)
        if refused is not None:
            return refused
        self._take(running, received, dialog_id, sender, now=now)
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
            may_watch = self._verdict(owner.account, account) is Verdict.ALLOWED
            return None if may_watch else Answer(403)
        if running.phase is Phase.OVER:
            return Answer(603)
        if running.phase is not Phase.TALKING:
            # An early dialog that this end did not begin (§3).
            return Answer(481)
        return Answer(486) if replaces.is_early_only else None


def _ringing(running: RunningCall) -> list[DialogId]:
    ringing = running.call.ringing
    return [] if ringing is None else sorted(ringing.early_dialogs())
