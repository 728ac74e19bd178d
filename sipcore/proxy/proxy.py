"""The proxy core: requests other than INVITE, forwarded statefully (RFC 3261 §16).

It stays on the way of one transaction only: no Record-Route is set, since whatever needs a dialog
goes through the B2BUA.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from itertools import count
from typing import Final

from sipcore.errors import LocalError
from sipcore.identifiers import Identifiers
from sipcore.message.derive import respond
from sipcore.message.message import Request, Response
from sipcore.message.uri import SipUri
from sipcore.proxy.forward import Target, forwarded_request, forwarded_response, max_breadth
from sipcore.proxy.response_context import ResponseContext, choose_best_response
from sipcore.proxy.validate import LoopKey, Refusal, loop_key, validate
from sipcore.transaction.commands import SendRequest, SendResponse
from sipcore.transaction.events import (
    RequestReceived,
    ResponseReceived,
    TransactionFailed,
    TransactionId,
)

OWNER: Final = "proxy"
"""The first word of the owner of every transaction that the proxy starts."""

CONTEXTS_MAX: Final = 20_000
"""Requests under way at once, each for at most 64·T1: 600 a second when no phone answers."""

_NOT_PROXIED: Final = frozenset({"INVITE", "ACK", "CANCEL", "REGISTER"})


ProxyCommand = SendRequest | SendResponse


class Proxy:
    """Every request that is being forwarded; each has a response context of its own."""

    def __init__(
        self,
        *,
        identifiers: Identifiers,
        is_own_uri: Callable[[SipUri], bool],
        sent_bys: AbstractSet[str],
    ) -> None:
        """Take how to know ourselves: in a Route, and in a Via (``Listener.sent_by`` of each)."""
        self._identifiers = identifiers
        self._is_own_uri = is_own_uri
        self._sent_bys = sent_bys
        self._numbers = count(1)
        self._contexts: dict[int, ResponseContext] = {}
        self._under_way: dict[LoopKey, int] = {}

    @property
    def context_count(self) -> int:
        """How many requests are under way."""
        return len(self._contexts)

    def validate(self, request: Request) -> Refusal | None:
        """Check what §16.3 and §16.4 ask for; to be asked before targets are looked for.

        Raises RemoteError when a header that matters here cannot be read.
        """
        return validate(
            request,
            is_own_uri=self._is_own_uri,
            sent_bys=self._sent_bys,
            under_way=self._under_way.__contains__,
        )

    def forward(
        self,
        received: RequestReceived,
        targets: Sequence[Target],
        *,
        fields: tuple[tuple[str, str], ...] = (),
    ) -> list[ProxyCommand]:
        """Forward a valid request to all targets at once; without any, answer 480 (§16.5).

        ``fields`` are added to what is forwarded (P-Asserted-Identity). Raises RemoteError when a
        header cannot be read; nothing is under way then.
        """
        request = received.request
        if request.method in _NOT_PROXIED:
            raise LocalError(f"{request.method} is not proxied")
        if not targets:
            return [self._answer(received.transaction, request, 480)]
        breadth = max_breadth(request)
        if breadth < len(targets):
            return [self._answer(received.transaction, request, 440, "Max-Breadth Exceeded")]
        if len(self._contexts) >= CONTEXTS_MAX:
            return [self._answer(received.transaction, request, 503)]
        key = loop_key(request)
        number = next(self._numbers)
        share, rest = divmod(breadth, len(targets))
        commands: list[ProxyCommand] = [
            SendRequest(
                forwarded_request(request, target, breadth=share + (index < rest), fields=fields),
                target.flow,
                (OWNER, number, index),
            )
            for index, target in enumerate(targets)
        ]
        self._contexts[number] = ResponseContext(request, received.transaction, key, len(targets))
        self._under_way[key] = self._under_way.get(key, 0) + 1
        return commands

    def receive(self, event: ResponseReceived | TransactionFailed) -> list[ProxyCommand]:
        """Take an event whose owner begins with ``OWNER``."""
        _, number, index = event.owner
        context = self._contexts.get(int(number))
        if context is None or index not in context.pending:
            return []
        if isinstance(event, ResponseReceived):
            # Provisional responses to a non-INVITE are not passed on (RFC 4320 §4.1).
            if event.response.is_provisional:
                return []
            context.responses.append(event.response)
        elif event.is_transport_failure:
            # To be treated as a 503 (§16.9); no message came, so none can be passed on.
            context.responses.append(Response(503, ""))
        context.pending.discard(int(index))
        commands = self._decide(context)
        if not context.pending:
            self._forget(int(number), context)
        return commands

    def _decide(self, context: ResponseContext) -> list[ProxyCommand]:
        """Answer with the first 2xx, else with the best when all targets have ended."""
        if context.is_answered:
            return []
        request, transaction = context.request, context.transaction
        last = context.responses[-1] if context.responses else None
        if last is not None and last.is_success:
            context.is_answered = True
            return [SendResponse(transaction, forwarded_response(request, last))]
        if context.pending:
            return []
        context.is_answered = True
        best = choose_best_response(context.responses)
        if best is not None:
            return [SendResponse(transaction, forwarded_response(request, best))]
        return [self._answer(transaction, request, 500 if context.responses else 408)]

    def _forget(self, number: int, context: ResponseContext) -> None:
        del self._contexts[number]
        key = context.loop_key
        remaining = self._under_way[key] - 1
        if remaining:
            self._under_way[key] = remaining
        else:
            del self._under_way[key]

    def _answer(
        self, transaction: TransactionId, request: Request, status: int, reason: str | None = None
    ) -> SendResponse:
        tag = self._identifiers.tag()
        return SendResponse(transaction, respond(request, status, reason, to_tag=tag))
