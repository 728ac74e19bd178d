"""3xx of our own phones: the call goes on to where the phone sends it, at its account's expense.

It is a diversion, as if the account's exchange had called on with the caller's number: the new
destination is routed, priced and admitted for the account of the phone, beside what the caller
pays for the number that he dialled. A carrier's 3xx is never followed: it could send any caller to
any number.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import Final

from freiton.calls.answers import Answer
from freiton.calls.call_conditions import CallConditions
from freiton.calls.call_control import CallControl
from freiton.calls.call_setup import CallSetup
from freiton.calls.call_stages import Redirected
from freiton.calls.intake import Sender
from freiton.calls.running_call import Phase
from freiton.routing.decision import Connect
from freiton.routing.emergency import calls_for_help
from freiton.routing.local_targets import aor_of
from freiton.routing.refusals import RefusalCause
from freiton.routing.request import Source
from sipcore.errors import RemoteError
from sipcore.identifiers import Identifiers
from sipcore.limits import REDIRECTIONS_MAX
from sipcore.message import NameAddress, Request, Response, SipUri, TelUri
from sipcore.message.diversion import Diversion
from sipcore.message.redirection import Redirection, diversion_value

_REDIRECT = "redirect"
"""Where the request of a redirected call comes from, in place of an address."""

_NOT_FOLLOWED = 480
"""What a caller hears when there is nowhere to go on to."""


_Q_VALUE: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")

_REASONS: Final = frozenset(
    {
        "user-busy", "no-answer", "unavailable", "unconditional", "time-of-day", "do-not-disturb",
        "deflection", "follow-me", "out-of-service", "away",
    }
)  # fmt: skip
"""What a phone may give as reason in its own Diversion (RFC 5806)."""


class Redirects:
    """Follows what phones have answered, where the operator wants that."""

    def __init__(
        self, setup: CallSetup, calls: CallControl, *, identifiers: Identifiers, follows: bool
    ) -> None:
        self._setup = setup
        self._calls = calls
        self._identifiers = identifiers
        self._follows = follows

    def attend(self, *, now: float) -> None:
        """Follow what has been answered since the last time."""
        joins = self._calls.joins
        for redirected in joins.take_redirected():
            if not self._follows:
                joins.end_redirected(redirected.running, redirected.status)
                continue
            account = redirected.account
            sender = Sender(Source(host=_REDIRECT, listener=_REDIRECT, account=account))
            routed = self._route(redirected, sender, now=now)
            if isinstance(routed, Answer):
                joins.end_redirected(redirected.running, routed.status)
                continue
            decision, conditions = routed
            joins.forward(redirected.running, decision, conditions=conditions)
        self._calls.go_on(now=now)

    def _route(
        self, redirected: Redirected, sender: Sender, *, now: float
    ) -> tuple[Connect, CallConditions] | Answer:
        try:
            request = self._invite(redirected)
            if request is None or calls_for_help(request):
                return Answer(_NOT_FOLLOWED)
            if redirected.running.redirections >= REDIRECTIONS_MAX:
                return self._setup.refuse(request, sender, RefusalCause.LOOP, now=now)
            return self._setup.route(request, sender, now=now)
        except RemoteError:
            return Answer(_NOT_FOLLOWED)

    def _invite(self, redirected: Redirected) -> Request | None:
        """Write the INVITE by which the account's exchange would divert the call."""
        account, decision = redirected.account, redirected.running.decision
        uri = _first_choice(redirected.response)
        if decision is None or uri is None:
            return None
        if isinstance(uri, SipUri):
            uri.headers = ""
        request = Request("INVITE", str(uri))
        request.add("max-forwards", "70")
        shown = decision.calling_number
        caller = aor_of(account) if shown is None else f"{shown}@{account.domain}"
        request.add("from", f"<sip:{caller}>;tag={self._identifiers.tag()}")
        request.add("to", str(NameAddress(uri)))
        request.add("call-id", self._identifiers.call_id())
        request.add("cseq", "1 INVITE")
        if decision.is_number_hidden:
            request.add("privacy", "id")
        if account.main_number is not None:
            diverter = SipUri(account.domain, user=account.main_number)
            count = redirected.running.redirections + 1
            one = Redirection(diverter, _reason(redirected), count=count)
            request.add("diversion", diversion_value([one]))
        return request


def _first_choice(response: Response) -> SipUri | TelUri | None:
    """Return the Contact that can be called and is preferred: by q, then by place (§8.1.3.4)."""
    found = [
        (_preference(one.parameters.get("q")), one.uri)
        for one in response.contacts
        if isinstance(one.uri, SipUri | TelUri)
    ]
    return max(found, key=itemgetter(0))[1] if found else None


def _preference(text: str | None) -> float:
    """Return a q value; one that is none counts least (§20.10)."""
    if text is None:
        return 1.0
    return float(text) if _Q_VALUE.fullmatch(text) else 0.0


def _reason(redirected: Redirected) -> str:
    """Return why the phone sent the call on: as it says (RFC 5806), else by when it did.

    At once is a rule of the phone; who let it ring first, or saw it, has turned it away.
    """
    said = Diversion.of(redirected.response)
    if said and said[0].reason in _REASONS:
        return said[0].reason
    return "deflection" if redirected.running.phase is Phase.RINGING else "unconditional"
