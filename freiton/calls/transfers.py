"""Who may transfer a call, to whom, and who pays: the answers to a REFER (RFC 3515, RFC 5589).

A blind transfer is a new call of the transferor's account: routed, priced and admitted as if his
device had dialled it. An attended one joins two calls of his that are talked on already.
"""

from __future__ import annotations

from typing import Final

from freiton.calls.answers import Answer
from freiton.calls.call_control import CallControl
from freiton.calls.call_setup import CallSetup
from freiton.calls.intake import Sender
from freiton.calls.parties import Party, party_of
from freiton.calls.ports import Site
from freiton.calls.running_call import Phase, RunningCall
from freiton.routing.emergency import calls_for_help
from freiton.routing.local_targets import aor_of
from freiton.routing.refusals import RefusalCause
from freiton.routing.request import Source
from sipcore.b2bua.call_events import AnswerRefer, Referred, ReportRefer
from sipcore.dialog.dialog import DialogId
from sipcore.errors import RemoteError
from sipcore.identifiers import Identifiers
from sipcore.message import NameAddress, Request, SipUri, TelUri
from sipcore.message.replaces import Replaces

ACCEPTED: Final = AnswerRefer(202)

TRANSFER: Final = "transfer"
"""Where the request of a transferred call comes from, in place of an address."""


class Transfers:
    """Answers every transfer that somebody asks for in a call."""

    def __init__(
        self, site: Site, setup: CallSetup, calls: CallControl, *, identifiers: Identifiers
    ) -> None:
        self._site = site
        self._setup = setup
        self._calls = calls
        self._identifiers = identifiers

    def attend(self, *, now: float) -> None:
        """Answer what has been asked since the last time."""
        joins = self._calls.joins
        for running, referred in joins.take_referrals():
            transferor = party_of(referred.party, self._site.directory)
            refusal = self._refusal(running, referred, transferor)
            if refusal is not None or transferor is None:
                joins.tell(running, refusal or AnswerRefer(403))
                continue
            # Answered first, so that no report of how it goes comes before.
            joins.tell(running, ACCEPTED)
            self._calls.go_on(now=now)
            if referred.refer_to.replaces is not None:
                self._join(running, referred.refer_to.replaces, transferor, now=now)
            else:
                self._call(running, referred, transferor, now=now)
        self._calls.go_on(now=now)

    def _refusal(
        self, running: RunningCall, referred: Referred, transferor: Party | None
    ) -> AnswerRefer | None:
        """Say why a REFER is not taken up at all; None when it is."""
        refer_to = referred.refer_to
        if transferor is None:
            # A carrier has no account here that would pay, so nothing is called for it.
            return AnswerRefer(403)
        if running.is_emergency:
            return AnswerRefer(403)
        if running.phase is not Phase.TALKING or running.is_unproven:
            return AnswerRefer(491)
        if refer_to.method != "INVITE":
            return AnswerRefer(501)
        if calls_for_help(Request("INVITE", str(refer_to.uri))):
            # Whoever needs help has to call himself: his number and place must be told.
            return AnswerRefer(403)
        if not isinstance(refer_to.uri, SipUri | TelUri):
            return AnswerRefer(416)
        return None

    # A new call of the transferor.

    def _call(
        self, running: RunningCall, referred: Referred, transferor: Party, *, now: float
    ) -> None:
        account = transferor.account
        request = self._invite(referred, transferor)
        source = Source(host=TRANSFER, listener=TRANSFER, account=account)
        sender = Sender(source, transferor.device)
        try:
            routed = self._setup.route(request, sender, now=now)
        except RemoteError as error:
            routed = Answer(error.status_hint)
        if isinstance(routed, Answer):
            phrase = routed.reason or ""
            self._calls.joins.tell(running, ReportRefer(routed.status, phrase))
            return
        decision, conditions = routed
        if decision.called_account == account:
            answer = self._setup.refuse(request, sender, RefusalCause.LOOP, now=now)
            self._calls.joins.tell(running, ReportRefer(answer.status, answer.reason or ""))
            return
        self._calls.joins.start(
            running, request, decision, device=transferor.device, conditions=conditions
        )

    def _invite(self, referred: Referred, transferor: Party) -> Request:
        """Write the INVITE that the transferor's device would have sent."""
        account = transferor.account
        uri = referred.refer_to.uri
        request = Request("INVITE", str(uri))
        request.add("max-forwards", str(referred.hops))
        request.add("from", f"<sip:{aor_of(account)}>;tag={self._identifiers.tag()}")
        request.add("to", str(NameAddress(uri)))
        request.add("call-id", self._identifiers.call_id())
        request.add("cseq", "1 INVITE")
        return request

    # Two calls of the transferor.

    def _join(
        self, running: RunningCall, replaces: Replaces, transferor: Party, *, now: float
    ) -> None:
        """Join his two conversations; the dialog that Replaces names is as his phone sees it."""
        dialog_id = DialogId(replaces.call_id, replaces.to_tag, replaces.from_tag)
        other = self._calls.joins.talking_in(dialog_id)
        status = self._join_refusal(running, other, dialog_id, replaces, transferor)
        if status is None and other is not None:
            is_begun = self._calls.joins.begin(running, other, dialog_id, now=now)
            status = None if is_begun else 491
        if status is not None:
            self._calls.joins.tell(running, ReportRefer(status))

    def _join_refusal(
        self,
        running: RunningCall,
        other: RunningCall | None,
        dialog_id: DialogId,
        replaces: Replaces,
        transferor: Party,
    ) -> int | None:
        """Return the status of RFC 3891 §3 that refuses; None where the two may be joined."""
        if other is None or other is running:
            return 481
        owner = party_of(self._calls.joins.party_in(other, dialog_id), self._site.directory)
        if owner is None or owner.account.id != transferor.account.id or other.is_emergency:
            return 403
        if replaces.is_early_only:
            return 486
        return None
