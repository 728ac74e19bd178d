"""A call without a caller: rings for somebody who waits in another call, and gives its leg away.

The durability rule is that of a call (D14): the callee's 200 is acknowledged at once, and nobody
else learns of it before the record is durable.
"""

from __future__ import annotations

from enum import IntEnum

from sipcore.b2bua.body import NO_BODY, Body
from sipcore.b2bua.call_events import (
    Abandoned,
    Answered,
    Append,
    Appended,
    AppendFailed,
    CallCommand,
    CallEvent,
    DeadlineReached,
    Dial,
    Ended,
    Hangup,
    NotReached,
    Probe,
    Proven,
    Reached,
    Refuse,
    Released,
    Replace,
)
from sipcore.b2bua.fork import COMPLETED_ELSEWHERE, Fork
from sipcore.b2bua.fork_outcome import Early, Stray, Winner
from sipcore.b2bua.handover import newcomer_number
from sipcore.b2bua.leg import Leg
from sipcore.b2bua.opened_leg import open_newcomer
from sipcore.b2bua.pending import respond_outside
from sipcore.b2bua.replacing import pick_up
from sipcore.b2bua.settings import DEFAULT_SETTINGS, CallSettings
from sipcore.dialog.dialog import DialogId
from sipcore.errors import RemoteError
from sipcore.identifiers import Identifiers
from sipcore.message.message import Request
from sipcore.transaction.events import RequestReceived, ResponseReceived, TransactionFailed


class Phase(IntEnum):
    """How far it has come."""

    RINGING = 1
    ANSWERING = 2
    """Answered; the record of it is not durable yet."""
    REACHED = 3
    """Durable; the leg waits to be taken."""
    OVER = 4
    ENDED = 5


class ReferredCall:
    """Speaks the language of ``Call``; ``leg`` is the callee's from the answer to the take-over."""

    __slots__ = (
        "_append_deadline", "_decision_deadline", "_fork", "_identifiers", "_legs", "_phase",
        "_settings", "_taken", "call_id", "leg",
    )  # fmt: skip

    def __init__(
        self,
        call_id: str,
        invite: Request,
        offer: Body,
        *,
        identifiers: Identifiers,
        settings: CallSettings = DEFAULT_SETTINGS,
    ) -> None:
        self.call_id = call_id
        self.leg: Leg | None = None
        self._settings = settings
        self._identifiers = identifiers
        self._fork = Fork(call_id, invite, offer, identifiers=identifiers, settings=settings)
        # Every leg but the one that was taken: early ones, and those of a 2xx.
        self._legs: dict[int, Leg] = {}
        self._taken: tuple[int, Leg] | None = None
        self._phase = Phase.RINGING
        self._append_deadline: float | None = None
        self._decision_deadline: float | None = None

    def step(self, event: CallEvent, *, now: float) -> list[CallCommand]:
        """Take one event that belongs to this call; ``Ended`` is the last command ever."""
        out: list[CallCommand] = []
        if self._phase is Phase.ENDED:
            if isinstance(event, RequestReceived):
                out.append(respond_outside(event, 481))
            return out
        try:
            self._take(event, now, out)
        except RemoteError as error:
            received = event.received if isinstance(event, Replace) else event
            if isinstance(received, RequestReceived):
                out.append(respond_outside(received, error.status_hint))
        self._conclude(now, out)
        return out

    def next_deadline(self) -> float | None:
        """Return when ``DeadlineReached`` is to be stepped next."""
        deadlines = [leg.next_deadline() for leg in self._legs.values()]
        deadlines += [
            self._append_deadline, self._decision_deadline, self._fork.next_deadline(),
        ]  # fmt: skip
        return min((at for at in deadlines if at is not None), default=None)

    def dialog_ids(self) -> set[DialogId]:
        """Return the dialogs whose requests belong to this call; they change with every step."""
        dialogs = {leg.dialog.id for leg in self._legs.values() if not leg.is_terminated}
        return dialogs | self._fork.early_dialogs()

    @property
    def ringing(self) -> Fork | None:
        """The phones that ring, as long as one of them may answer."""
        return self._fork if self._phase is Phase.RINGING else None

    def legs(self) -> list[Leg]:
        """Return the legs that are up, as `Call.legs` does."""
        return [leg for leg in self._legs.values() if not leg.is_terminated]

    def take_leg(self) -> Leg | None:
        """Give the callee's leg away, once; another call speaks on it from here on.

        A 2xx that is repeated is still acknowledged here, until ``Hangup``.
        """
        leg, self.leg = self.leg, None
        if leg is not None:
            self._taken = (leg.number, self._legs.pop(leg.number))
        self._phase = Phase.OVER
        return leg

    def _take(self, event: CallEvent, now: float, out: list[CallCommand]) -> None:
        match event:
            case ResponseReceived():
                self._receive_response(event, now, out)
            case TransactionFailed():
                self._receive_failure(event, now, out)
            case RequestReceived():
                self._receive_request(event, now, out)
            case Dial():
                if self._phase is Phase.RINGING:
                    self._fork.dial(event.targets, now=now, out=out)
            case Refuse():
                self._refuse(event.status, event.reason or "", now, out)
            case Appended():
                if self._phase is Phase.ANSWERING:
                    self._phase = Phase.REACHED
                    out.append(Reached())
            case AppendFailed():
                self._fail_append(now, out)
            case Hangup():
                self._hang_up(event, now, out)
            case Replace():
                self._replace(event, now, out)
            case Probe():
                out.append(Proven(is_alive=self._phase is not Phase.OVER))
            case DeadlineReached():
                self._fire(now, out)
            case _:
                pass

    # From above.

    def _replace(self, event: Replace, now: float, out: list[CallCommand]) -> None:
        """Let somebody answer in place of a phone that rings."""
        number = newcomer_number(())
        newcomer = open_newcomer(self.call_id, number, event, self._identifiers, self._settings)
        if self._phase is not Phase.RINGING:
            out.append(respond_outside(event.received, 481))
            return
        winner = pick_up(self._fork, event, newcomer, NO_BODY, now=now, out=out)
        if winner is not None:
            self._answer(winner, now, out)

    def _refuse(self, status: int, reason: str, now: float, out: list[CallCommand]) -> None:
        if self._phase is Phase.RINGING:
            out.append(NotReached(status, reason))
            self._close((), now, out)

    def _hang_up(self, event: Hangup, now: float, out: list[CallCommand]) -> None:
        fields = (("reason", event.reason),) if event.reason else ()
        if self._phase is Phase.RINGING:
            out.append(Abandoned("switch", event.reason, event.status))
            out.append(NotReached(event.status))
            self._close(fields, now, out)
        elif self._phase in (Phase.ANSWERING, Phase.REACHED):
            self._release(event.reason, event.status, now, out)
        else:
            self._taken = None

    def _fail_append(self, now: float, out: list[CallCommand]) -> None:
        if self._phase is Phase.ANSWERING:
            self._release('SIP;cause=503;text="Answer not recorded"', 503, now, out)

    def _release(
        self,
        reason: str,
        status: int,
        now: float,
        out: list[CallCommand],
        *,
        is_by_callee: bool = False,
    ) -> None:
        out.append(Released("callee" if is_by_callee else "switch", reason, status))
        out.append(NotReached(480 if is_by_callee else status))
        leg, self.leg = self.leg, None
        if leg is not None:
            leg.hang_up(now=now, out=out, fields=(("reason", reason),) if reason else ())
        self._close((), now, out)

    def _close(
        self, fields: tuple[tuple[str, str], ...], now: float, out: list[CallCommand]
    ) -> None:
        self._phase = Phase.OVER
        self._fork.close(fields, now=now, out=out)

    # From the wire.

    def _receive_response(
        self, event: ResponseReceived, now: float, out: list[CallCommand]
    ) -> None:
        number = int(event.owner[1])
        leg = self._legs.get(number)
        if leg is not None:
            self._conclude_request(event, leg, out)
            return
        attempt = self._fork.attempt_of(number)
        if attempt is None:
            return
        match self._fork.receive_response(event, attempt, now=now, out=out):
            case Early() as early:
                if early.leg is not None:
                    self._legs[early.leg.number] = early.leg
                    early.leg.send_prack(now=now, out=out)
            case Winner() as winner:
                self._answer(winner, now, out)
            case Stray() as stray:
                self._legs[stray.leg.number] = stray.leg
                stray.leg.acknowledge(stray.invite, out=out)
                stray.leg.hang_up(now=now, out=out, fields=COMPLETED_ELSEWHERE)
            case int() as answered:
                self._repeat_ack(answered, event, out)

    def _answer(self, winner: Winner, now: float, out: list[CallCommand]) -> None:
        self._phase = Phase.ANSWERING
        self._decision_deadline = None
        self.leg = self._legs[winner.leg.number] = winner.leg
        self._append_deadline = now + self._settings.append_timeout_s
        out.append(Append(b""))
        out.append(Answered(winner.target))

    def _repeat_ack(self, number: int, event: ResponseReceived, out: list[CallCommand]) -> None:
        leg = self._legs.get(number)
        if leg is None and self._taken is not None and self._taken[0] == number:
            leg = self._taken[1]
        if leg is not None:
            leg.repeat_ack(event.request, out=out)

    def _conclude_request(self, event: ResponseReceived, leg: Leg, out: list[CallCommand]) -> None:
        """Take what became of a PRACK or BYE of ours; we would send nothing else."""
        response = event.response
        if response.is_provisional:
            return
        pending = leg.pending.pop(int(event.owner[2]), None)
        if pending is None:
            if response.is_success and event.request.method == "INVITE":
                leg.repeat_ack(event.request, out=out)
        elif response.status not in (401, 407) or not leg.answer_challenge(
            pending, response, out=out
        ):
            _forget(leg)

    def _receive_failure(
        self, event: TransactionFailed, now: float, out: list[CallCommand]
    ) -> None:
        number = int(event.owner[1])
        leg = self._legs.get(number)
        if leg is not None:
            leg.pending.pop(int(event.owner[2]), None)
            _forget(leg)
        elif (attempt := self._fork.attempt_of(number)) is not None:
            self._fork.receive_failure(event, attempt, now=now, out=out)

    def _receive_request(self, event: RequestReceived, now: float, out: list[CallCommand]) -> None:
        dialog_id = DialogId.of_request(event.request)
        for leg in self._legs.values():
            if leg.dialog.id == dialog_id and not leg.is_early:
                self._receive_in_dialog(event, leg, now, out)
                return
        attempt = self._fork.attempt_in(dialog_id)
        if attempt is None:
            out.append(respond_outside(event, 481))
        else:
            self._fork.receive_request(event, attempt, now=now, out=out)

    def _receive_in_dialog(
        self, event: RequestReceived, leg: Leg, now: float, out: list[CallCommand]
    ) -> None:
        """Answer a callee who is not joined yet: he may hang up, everything else has to wait."""
        if not leg.dialog.is_in_order(event.request):
            leg.respond(event, 500, out=out)
        elif event.request.method != "BYE":
            leg.respond(event, 200 if event.request.method == "OPTIONS" else 491, out=out)
        else:
            leg.receive_bye(event, now=now, out=out)
            if leg is self.leg:
                self._release("", 200, now, out, is_by_callee=True)

    # Time.

    def _fire(self, now: float, out: list[CallCommand]) -> None:
        if self._append_deadline is not None and self._append_deadline <= now:
            self._append_deadline = None
            self._fail_append(now, out)
        if self._decision_deadline is not None and self._decision_deadline <= now:
            self._hang_up(Hangup(status=500), now, out)
        self._fork.fire(now=now, out=out)
        for leg in self._legs.values():
            for number, pending in list(leg.pending.items()):
                if pending.deadline <= now:
                    del leg.pending[number]
                    _forget(leg)

    def _conclude(self, now: float, out: list[CallCommand]) -> None:
        if self._phase is not Phase.ANSWERING:
            self._append_deadline = None
        if self._phase is Phase.RINGING:
            if self._fork.is_ringing:
                self._decision_deadline = None
            elif self._decision_deadline is None:
                self._decision_deadline = now + self._settings.decision_timeout_s
            return
        self._decision_deadline = None
        if (
            self._phase is Phase.OVER
            and self._taken is None
            and self._fork.is_done
            and all(leg.is_done for leg in self._legs.values())
        ):
            self._phase = Phase.ENDED
            out.append(Ended())


def _forget(leg: Leg) -> None:
    """Have a goodbye for said; what became of a PRACK changes nothing."""
    if leg.is_over:
        leg.terminate()
