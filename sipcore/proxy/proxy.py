"""The proxy core: requests forwarded statefully (RFC 3261 §16).

It stays on the way of one transaction, and on that of a dialog only by what it signed into the
Record-Route. What it cannot know (accounts, who may do what, where they are) it is told: ``admit``
comes before that is looked for, ``forward`` after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import count
from typing import Final

from sipcore.errors import LocalError, RemoteError
from sipcore.identifiers import Identifiers
from sipcore.limits import DEFAULT_LIMITS, Limits
from sipcore.message.derive import respond
from sipcore.message.message import Request, Response
from sipcore.message.uri import SipUri
from sipcore.proxy.forward import (
    Target,
    ack_branch,
    forwarded_request,
    forwarded_response,
    max_breadth,
)
from sipcore.proxy.preprocess import Routed, preprocess
from sipcore.proxy.record_route import RecordRoutes, Side
from sipcore.proxy.response_context import (
    Branch,
    DeadlineItem,
    ResponseContext,
    choose_best_response,
)
from sipcore.proxy.validate import Refusal, loop_mark, validate
from sipcore.transaction.commands import SendAck, SendCancel, SendRequest, SendResponse
from sipcore.transaction.deadlines import Deadlines
from sipcore.transaction.events import (
    CancelReceived,
    RequestReceived,
    ResponseReceived,
    TransactionFailed,
    TransactionId,
)
from sipcore.transaction.timers import Timers

OWNER: Final = "proxy"
"""The first word of the owner of every transaction that the proxy starts."""

_NOT_PROXIED: Final = frozenset({"ACK", "CANCEL", "REGISTER"})
_ANSWERED_ELSEWHERE: Final = (("reason", 'SIP;cause=200;text="Call completed elsewhere"'),)
"""A phone that stops ringing shows no missed call then (RFC 3326)."""
_CONTEXT: Final = -1


class Redirected:
    """A target said 3xx; ``Proxy.follow`` is to be told where its Contacts lead, if anywhere."""

    __slots__ = ("number", "request", "response")

    def __init__(self, number: int, request: Request, response: Response) -> None:
        self.number = number
        self.request = request
        self.response = response


ProxyCommand = SendRequest | SendResponse | SendCancel


class Proxy:
    """Every request that is being forwarded; each has a response context of its own."""

    def __init__(
        self,
        *,
        identifiers: Identifiers,
        is_own_uri: Callable[[SipUri], bool],
        is_own_realm: Callable[[str], bool],
        sent_bys: AbstractSet[str],
        record_routes: RecordRoutes,
        timers: Timers | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """Take how to know ourselves: in a Route, in credentials, in a Via."""
        self._identifiers = identifiers
        self._is_own_uri = is_own_uri
        self._is_own_realm = is_own_realm
        self._sent_bys = sent_bys
        self._record_routes = record_routes
        self._limits = limits
        self._linger_s = (Timers() if timers is None else timers).timeout
        self._numbers = count(1)
        self._contexts: dict[int, ResponseContext] = {}
        self._by_transaction: dict[TransactionId, int] = {}
        self._deadlines: Deadlines[DeadlineItem] = Deadlines()
        self.forwarded = 0
        """Requests passed on, each once, whatever it forked to."""
        self.loops = 0
        """Requests that came back unchanged."""

    @property
    def context_count(self) -> int:
        """How many requests are under way, or have just been answered."""
        return len(self._contexts)

    def admit(self, request: Request) -> Routed | Refusal:
        """Check what §16.3 asks for, then take off the Routes that name us (§16.4).

        Nobody chooses our next hop but within a dialog that we recorded.
        Raises RemoteError when a header that matters here cannot be read.
        """
        refusal = validate(request, sent_bys=self._sent_bys)
        if refusal is not None:
            self.loops += refusal.status == 482
            return refusal
        routed = preprocess(
            request, is_own_uri=self._is_own_uri, side_of=self._record_routes.side_of
        )
        if routed.side is None and routed.leads_elsewhere:
            return Refusal(403, "Relaying Denied")
        return routed

    def forward(
        self,
        received: RequestReceived,
        routed: Routed,
        targets: Iterable[Target],
        *,
        sender: Side | None = None,
        fields: tuple[tuple[str, str], ...] = (),
        follows_redirects: bool = False,
        now: float,
    ) -> list[ProxyCommand]:
        """Forward an admitted request to its targets, the most preferred first (§16.6).

        With ``sender``, which is where its side of a dialog is reached, we stay on the way of the
        dialog that the request begins. ``fields`` are added to what is forwarded. Raises
        RemoteError when a header cannot be read; nothing is under way then.
        """
        request = routed.request
        if request.method in _NOT_PROXIED:
            raise LocalError(f"{request.method} is not proxied")
        is_secure = _is_secure(request)
        usable = [one for one in targets if one.flow.transport.is_secure or not is_secure]
        breadth = max_breadth(request)
        refused = self._why_not(usable, breadth)
        if refused is not None:
            return [self._answer(received.transaction, request, refused)]
        entry = ""
        if sender is not None:
            entry = self._record_routes.entry(
                sender, received.flow.listener, request, is_secure=is_secure
            )
        context = ResponseContext(
            request,
            received.transaction,
            mark=loop_mark(received.request),
            breadth=breadth,
            fields=fields,
            sender_entry=entry,
            route_entries=() if routed.side is None else routed.passed[::-1],
            follows_redirects=follows_redirects,
        )
        context.add_targets(usable)
        number = next(self._numbers)
        commands = self._try_targets(number, context, now=now)
        if not commands:
            return [self._answer(received.transaction, request, 480)]
        self._contexts[number] = context
        if context.is_invite:
            self._by_transaction[context.transaction] = number
        self.forwarded += 1
        return commands

    def forward_ack(self, ack: Request, routed: Routed, target: Target) -> SendAck:
        """Forward an admitted ACK for a 2xx, for which nothing is kept (§16.11)."""
        forwarded = forwarded_request(
            routed.request,
            target,
            breadth=max_breadth(routed.request),
            is_own_realm=self._is_own_realm,
        )
        return SendAck(forwarded, target.flow, branch=ack_branch(ack))

    def cancel(self, event: CancelReceived, *, now: float) -> list[ProxyCommand] | None:  # noqa: ARG002 - as all that comes from the wire
        """Cancel what a CANCEL meets (§16.10); None when the INVITE is none of ours.

        The INVITE is answered by what comes of that, most likely a 487.
        """
        number = self._by_transaction.get(event.transaction)
        if number is None:
            return None
        context = self._contexts[number]
        context.is_closed = True
        return self._cancel_pending(number, context, _reasons(event.request))

    def receive(
        self, event: ResponseReceived | TransactionFailed, *, now: float
    ) -> list[ProxyCommand | Redirected]:
        """Take an event whose owner begins with ``OWNER`` (§16.7, §16.9)."""
        number, place = int(event.owner[1]), int(event.owner[2])
        context = self._contexts.get(number)
        if context is None:
            return []
        branch = context.branches[place]
        if isinstance(event, TransactionFailed):
            if not branch.is_pending:
                return []
            failed = Response(503, "") if event.is_transport_failure else None
            return [*self._fail(number, context, branch, failed, now=now)]
        response = event.response
        if response.is_provisional:
            return [*self._progress(number, place, context, response, now=now)]
        if response.is_success:
            return [*self._succeed(number, context, branch, response, now=now)]
        if not branch.is_pending:
            return []
        if response.status == 503:
            return [*self._fail(number, context, branch, response, now=now)]
        if response.status < 400 and context.follows_redirects and not context.is_closed:
            self._end(context, branch)
            return [Redirected(number, context.request, response)]
        return [*self._refuse(number, context, branch, response, now=now)]

    def follow(
        self, redirected: Redirected, targets: Mapping[str, Sequence[Target]], *, now: float
    ) -> list[ProxyCommand]:
        """Add the targets that stand behind some Contacts of a 3xx, by whole Contact value.

        What is followed is taken out of the response; without any Contact left nobody gets it
        (§16.7 step 4).
        """
        context = self._contexts.get(redirected.number)
        if context is None:
            return []
        followed = {one for one in targets if context.add_targets(targets[one])}
        rest = _without_contacts(redirected.response, followed)
        if rest.has("contact") or not followed:
            context.responses.append(rest)
        return self._conclude(redirected.number, context, now=now)

    def handle_deadlines(self, *, now: float) -> list[ProxyCommand]:
        """Give up what has rung for too long, and forget what is over (§16.8)."""
        commands: list[ProxyCommand] = []
        for number, place in self._deadlines.due(now):
            context = self._contexts.get(number)
            if context is None:
                continue
            if place == _CONTEXT:
                self._forget(number, context)
                continue
            branch = context.branches[place]
            if not branch.is_pending or branch.is_cancelled:
                continue
            branch.is_timed_out = branch.is_cancelled = True
            commands.append(SendCancel((OWNER, number, place)))
            if not branch.has_provisional:
                commands += self._fail(number, context, branch, None, now=now)
        return commands

    def next_deadline(self) -> float | None:
        """Return when ``handle_deadlines`` is to be called next."""
        return self._deadlines.next()

    # Branches.

    def _try_targets(
        self, number: int, context: ResponseContext, *, now: float
    ) -> list[ProxyCommand]:
        """Start the branches of whoever is next (§16.6 steps 1 to 11)."""
        commands: list[ProxyCommand] = []
        while not commands and (group := context.take_targets()):
            for target, breadth in group:
                try:
                    commands.append(self._send(number, context, target, breadth, now=now))
                except RemoteError:
                    # The Path of one device is nonsense; the others are none the worse for it.
                    context.breadth_free += breadth
        return commands

    def _send(
        self, number: int, context: ResponseContext, target: Target, breadth: int, *, now: float
    ) -> SendRequest:
        request = context.request
        entries = context.route_entries
        if context.sender_entry:
            entry = self._record_routes.entry(
                target.side, target.flow.listener, request, is_secure=_is_secure(request)
            )
            entries = (entry, context.sender_entry)
        forwarded = forwarded_request(
            request,
            target,
            breadth=breadth,
            is_own_realm=self._is_own_realm,
            record_routes=entries,
            fields=context.fields,
        )
        branch = Branch(target, breadth)
        item = (number, len(context.branches))
        context.branches.append(branch)
        if context.is_invite:
            branch.deadlines.append(self._deadlines.set(now + self._limits.timer_c_s, item))
            if target.ring_s is not None:
                branch.deadlines.append(self._deadlines.set(now + target.ring_s, item))
        return SendRequest(forwarded, target.flow, (OWNER, *item), mark=context.mark)

    def _progress(
        self, number: int, place: int, context: ResponseContext, response: Response, *, now: float
    ) -> list[ProxyCommand]:
        """Pass a provisional response on, to an INVITE alone (RFC 4320 §4.1)."""
        branch = context.branches[place]
        if not context.is_invite or not branch.is_pending:
            return []
        branch.has_provisional = True
        if response.status == 100:
            return []
        self._deadlines.cancel(branch.deadlines[0])
        branch.deadlines[0] = self._deadlines.set(now + self._limits.timer_c_s, (number, place))
        if context.is_answered:
            return []
        return [SendResponse(context.transaction, forwarded_response(context.request, response))]

    def _succeed(
        self,
        number: int,
        context: ResponseContext,
        branch: Branch,
        response: Response,
        *,
        now: float,
    ) -> list[ProxyCommand]:
        """Pass a 2xx on at once: the first, and to an INVITE each one, also its repeats."""
        is_repeat = not branch.is_pending
        if not is_repeat:
            self._end(context, branch)
        is_first = not context.is_answered
        commands: list[ProxyCommand] = []
        if is_first or context.is_invite:
            forwarded = forwarded_response(context.request, response)
            commands.append(SendResponse(context.transaction, forwarded))
        context.is_answered = context.has_success = context.is_closed = True
        if is_first:
            commands += self._cancel_pending(number, context, _ANSWERED_ELSEWHERE)
        if is_repeat:
            return commands
        return commands + self._conclude(number, context, now=now)

    def _refuse(
        self,
        number: int,
        context: ResponseContext,
        branch: Branch,
        response: Response,
        *,
        now: float,
    ) -> list[ProxyCommand]:
        """Keep a refusal; a 6xx ends the whole search (§16.7 step 5)."""
        self._end(context, branch)
        if not (branch.is_timed_out and response.status == 487):
            context.responses.append(response)
        commands: list[ProxyCommand] = []
        if response.status >= 600:
            context.is_closed = True
            commands += self._cancel_pending(number, context, ())
        return commands + self._conclude(number, context, now=now)

    def _fail(
        self,
        number: int,
        context: ResponseContext,
        branch: Branch,
        response: Response | None,
        *,
        now: float,
    ) -> list[ProxyCommand]:
        """Try the next way to the same place; without one it is a 503, or for silence a 408."""
        self._end(context, branch)
        way = branch.target.next_way()
        if way is not None and not context.is_closed and not branch.is_timed_out:
            context.breadth_free -= branch.breadth
            return [self._send(number, context, way, branch.breadth, now=now)]
        if response is not None:
            context.responses.append(response)
        return self._conclude(number, context, now=now)

    def _cancel_pending(
        self, number: int, context: ResponseContext, reasons: tuple[tuple[str, str], ...]
    ) -> list[ProxyCommand]:
        """Cancel every branch of an INVITE that has no final response (§16.7 step 10)."""
        if not context.is_invite:
            return []
        commands: list[ProxyCommand] = []
        for place in context.pending:
            branch = context.branches[place]
            if not branch.is_cancelled:
                branch.is_cancelled = True
                commands.append(SendCancel((OWNER, number, place), reasons))
        return commands

    def _end(self, context: ResponseContext, branch: Branch) -> None:
        context.end(branch)
        for deadline in branch.deadlines:
            self._deadlines.cancel(deadline)

    # Contexts.

    def _conclude(self, number: int, context: ResponseContext, *, now: float) -> list[ProxyCommand]:
        """Go on with whoever is next, else answer when all have ended, else wait."""
        commands = self._try_targets(number, context, now=now)
        if context.pending:
            return commands
        if not context.is_answered:
            context.is_answered = True
            commands.append(self._best_answer(context))
        if context.has_success and context.is_invite:
            # For as long as its callees repeat their 2xx (RFC 6026 §8.4, timer M).
            self._deadlines.set(now + self._linger_s, (number, _CONTEXT))
        else:
            self._forget(number, context)
        return commands

    def _best_answer(self, context: ResponseContext) -> SendResponse:
        best = choose_best_response(context.responses)
        if best is not None:
            forwarded = forwarded_response(context.request, best)
            return SendResponse(context.transaction, forwarded)
        status = 500 if context.responses else 408
        return self._answer(context.transaction, context.request, status)

    def _forget(self, number: int, context: ResponseContext) -> None:
        if self._contexts.pop(number, None) is not None:
            self._by_transaction.pop(context.transaction, None)

    def _why_not(self, targets: Sequence[Target], breadth: int) -> int | None:
        """Return the status of a request that goes nowhere (§16.5, RFC 5393 §5.3.3)."""
        if not targets:
            return 480
        if breadth == 0:
            return 440
        return 503 if len(self._contexts) >= self._limits.proxy_contexts_max else None

    def _answer(self, transaction: TransactionId, request: Request, status: int) -> SendResponse:
        tag = self._identifiers.tag()
        return SendResponse(transaction, respond(request, status, to_tag=tag))


def _is_secure(request: Request) -> bool:
    uri = request.uri
    return isinstance(uri, SipUri) and uri.scheme == "sips"


def _reasons(cancel: Request) -> tuple[tuple[str, str], ...]:
    return tuple(("reason", value) for value in cancel.values("reason"))


def _without_contacts(response: Response, followed: AbstractSet[str]) -> Response:
    rest = Response(
        response.status,
        response.reason,
        [field for field in response.fields if field[0] != "contact"],
        response.body,
    )
    for entry in response.entries("contact"):
        if entry not in followed:
            rest.add("contact", entry)
    return rest
