"""Every event of the wire finds its place here, and every deadline.

Nothing is decided but who decides. What cannot be read is answered and forgotten; an exception
ends what caused it and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from freiton.calls.answers import Answer
from freiton.calls.call_control import CallControl
from freiton.calls.call_setup import CallSetup
from freiton.calls.carriers import OWNER as CARRIER
from freiton.calls.carriers import Carriers
from freiton.calls.events import Events
from freiton.calls.forwarding import NOT_FORWARDED, Forwarding
from freiton.calls.perform import WireCommand, perform_all
from freiton.calls.ports import Site
from freiton.calls.redirects import Redirects
from freiton.calls.registrations import Registrations
from freiton.calls.transfers import Transfers
from sipcore.b2bua.extensions import check_extensions
from sipcore.b2bua.late_answer import end_late_answer
from sipcore.defence.gate import Gate
from sipcore.dialog.dialog import DialogId
from sipcore.errors import RemoteError
from sipcore.identifiers import Identifiers
from sipcore.message import Request, SipUri
from sipcore.message.derive import respond
from sipcore.message.session_id import SessionId
from sipcore.presence.notifier import OWNER as SUBSCRIPTION
from sipcore.presence.packages import ALLOW_EVENTS
from sipcore.proxy.proxy import OWNER as PROXY
from sipcore.transaction.events import (
    AckMissing,
    AckReceived,
    CancelReceived,
    Owner,
    RequestReceived,
    ResponseReceived,
    TransactionEvent,
    TransactionFailed,
)
from sipcore.transaction.layer import TransactionLayer
from sipcore.transport.flow import Flow
from sipcore.transport.locate import Located

ALLOW: Final = (
    "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, REGISTER, MESSAGE, INFO, UPDATE, REFER,"
    " SUBSCRIBE, PUBLISH"
)
SUPPORTED: Final = "100rel, timer, replaces, norefersub, path, outbound, gruu, gin"
_CHALLENGES: Final = frozenset({401, 407})
_REFUSALS: Final = frozenset({403, 404, 481})
NEEDS_DIALOG: Final = frozenset({"BYE", "INFO", "UPDATE", "PRACK"})


class Switch:
    """The four rooms of a request: registrar, proxy, calls, and our own answers."""

    def __init__(
        self,
        layer: TransactionLayer,
        site: Site,
        *,
        gate: Gate,
        calls: CallControl,
        setup: CallSetup,
        registrations: Registrations,
        forwarding: Forwarding,
        carriers: Carriers,
        events: Events,
        identifiers: Identifiers,
        transfers: Transfers,
        redirects: Redirects,
        on_fault: Callable[[str, Exception], None],
    ) -> None:
        self._gate = gate
        self._layer = layer
        self._transfers = transfers
        self._redirects = redirects
        self._site = site
        self._calls = calls
        self._setup = setup
        self._registrations = registrations
        self._forwarding = forwarding
        self._carriers = carriers
        self._events = events
        self._identifiers = identifiers
        self._on_fault = on_fault

    def dispatch(self, event: TransactionEvent, *, now: float) -> None:
        """Take one event of the transaction layer."""
        match event:
            case RequestReceived():
                self._request(event, now=now)
            case ResponseReceived() | TransactionFailed():
                self._outcome(event, now=now)
            case AckReceived():
                self._acknowledge(event, now=now)
            case CancelReceived():
                self._cancel(event, now=now)
            case AckMissing():
                self._calls.invite_event(event, now=now)
        self.follow_redirects(now=now)

    def follow_redirects(self, *, now: float) -> None:
        """Let calls go on that phones have sent elsewhere; a 3xx counts when the last one failed.

        Which may be by a response, a BYE, or because nothing came in time.
        """
        if not self._calls.joins.has_redirected:
            return
        try:
            self._redirects.attend(now=now)
        except Exception as error:  # noqa: BLE001 - a fault of ours ends these calls alone
            self._on_fault("3xx", error)

    def flow_failed(self, flow: Flow, *, now: float) -> None:
        """Learn that a connection is gone: nobody is reached over it any more."""
        self._registrations.flow_failed(flow, now=now)

    def located(self, owner: Owner, located: Located, *, now: float) -> None:
        """Learn where to send what waits for a name to be looked up."""
        if owner[0] == CARRIER:
            commands = self._carriers.located(int(owner[1]), located, now=now)
            perform_all(commands, self._layer, now=now)

    def _request(self, received: RequestReceived, *, now: float) -> None:
        try:
            answer = self._answer(received, now=now)
        except RemoteError as error:
            answer = Answer(error.status_hint)
        except Exception as error:  # noqa: BLE001 - a fault of ours ends this request alone
            self._on_fault(received.request.method, error)
            answer = Answer(500)
        if answer is not None:
            self._respond(received, answer, now=now)

    def _answer(self, received: RequestReceived, *, now: float) -> Answer | None:
        """Return what to answer, None when somebody else answers."""
        request = received.request
        method = request.method
        if request.to.tag is not None and method != "REGISTER":  # which makes no dialog (§10.2)
            return self._in_dialog(received, now=now)
        if self._forwarding.takes(received):
            return self._forward(received, now=now)
        if method == "INVITE":
            return self._setup.invite(received, now=now)
        if method == "REGISTER":
            return self._registrations.register(request, received.flow, now=now)
        if method == "OPTIONS" and (self._is_for_us(request) or request.max_forwards == 0):
            refused = check_extensions(request)
            if refused is not None:
                return Answer(refused.status, refused.reason, tuple(refused.fields))
            return _capabilities()
        if method == "SUBSCRIBE":
            return self._events.subscribe(received, now=now)
        if method == "PUBLISH":
            return self._events.publish(received, now=now)
        if method in NEEDS_DIALOG:
            return Answer(481)
        if method == "REFER":
            # Without a call there is nobody to transfer; click-to-dial is not done this way.
            return Answer(403)
        if method in NOT_FORWARDED:
            return Answer(405, fields=(("allow", ALLOW),))
        return self._forward(received, now=now)

    def _in_dialog(self, received: RequestReceived, *, now: float) -> Answer | None:
        dialog_id = DialogId.of_request(received.request)
        if self._calls.receive_in_dialog(received, dialog_id, now=now):
            if received.request.method == "REFER":
                self._transfers.attend(now=now)
            return None
        if received.request.method == "SUBSCRIBE" and self._events.refresh(
            received, dialog_id, now=now
        ):
            return None
        commands = self._forwarding.forward_in_dialog(received, now=now)
        return Answer(481) if commands is None else self._perform(commands, now=now)

    def _forward(self, received: RequestReceived, *, now: float) -> Answer | None:
        return self._perform(self._forwarding.forward(received, now=now), now=now)

    def _perform(self, commands: list[WireCommand] | Answer, *, now: float) -> Answer | None:
        if isinstance(commands, Answer):
            return commands
        perform_all(commands, self._layer, now=now)
        return None

    def _acknowledge(self, received: AckReceived, *, now: float) -> None:
        commands = self._forwarding.acknowledge(received, now=now)
        if commands is None:
            self._calls.acknowledge(received, now=now)
        else:
            perform_all(commands, self._layer, now=now)

    def _cancel(self, event: CancelReceived, *, now: float) -> None:
        commands = self._forwarding.cancel(event, now=now)
        if commands is None:
            self._calls.invite_event(event, now=now)
        else:
            perform_all(commands, self._layer, now=now)

    def _outcome(self, event: ResponseReceived | TransactionFailed, *, now: float) -> None:
        first = event.owner[0]
        if isinstance(event, ResponseReceived) and "oc" in event.response.via.parameters:
            self._carriers.hear_load(event.response, event.flow, now=now)
        if first == PROXY:
            perform_all(self._forwarding.receive(event, now=now), self._layer, now=now)
        elif first == CARRIER:
            perform_all(self._carriers.receive(event, now=now), self._layer, now=now)
        elif first == SUBSCRIPTION:
            self._events.outcome(event, now=now)
        elif not self._calls.outcome(event, str(first), now=now):
            perform_all(end_late_answer(event), self._layer, now=now)

    def _is_for_us(self, request: Request) -> bool:
        """Tell whether the switch itself is asked, and no user of it."""
        uri = request.uri
        if not isinstance(uri, SipUri):
            return False
        return not uri.user and self._site.directory.is_local_domain(uri.host)

    def _respond(self, received: RequestReceived, answer: Answer, *, now: float) -> None:
        response = respond(
            received.request,
            answer.status,
            answer.reason,
            to_tag=self._identifiers.tag(),
            fields=list(answer.fields),
        )
        session_id = SessionId.of(received.request)
        if session_id is not None:
            response.add("session-id", str(session_id.answered()))
        self._layer.respond(received.transaction, response, now=now)
        if _is_failure(received.request, answer):
            self._gate.note_refused(received.request, received.flow, now=now)


def _is_failure(request: Request, answer: Answer) -> bool:
    """Tell whether this is what somebody gets who tries names, passwords or numbers."""
    if answer.status in _CHALLENGES:
        had_credentials = any(request.has(key) for key in ("authorization", "proxy-authorization"))
        return had_credentials and not any("stale=true" in value for _, value in answer.fields)
    return answer.status in _REFUSALS


def _capabilities() -> Answer:
    return Answer(
        200,
        fields=(
            ("allow", ALLOW),
            ("accept", "application/sdp"),
            ("supported", SUPPORTED),
            ("allow-events", ALLOW_EVENTS),
        ),
    )
