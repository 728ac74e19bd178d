"""A transaction layer that tells the recorder what it is fed with and what it puts out."""

from __future__ import annotations

from collections.abc import Callable

from freiton.trace.recorder import Recorder
from freiton.trace.recording import Kind
from sipcore.identifiers import Identifiers
from sipcore.limits import DEFAULT_LIMITS, Limits
from sipcore.message import Request, Response
from sipcore.transaction.events import TransactionId
from sipcore.transaction.layer import TransactionLayer
from sipcore.transaction.table import Input
from sipcore.transaction.timers import Timers
from sipcore.transaction.transaction import Transaction
from sipcore.transport.flow import Flow


class RecordedLayer(TransactionLayer):
    """Does what its base does; its inputs are noted, and what they belong to.

    What calls ask for (requests, responses, CANCEL, ACK) is no input but follows from one.
    """

    def __init__(
        self,
        recorder: Recorder,
        *,
        identifiers: Identifiers,
        timers: Timers | None = None,
        limits: Limits = DEFAULT_LIMITS,
        is_emergency: Callable[[Request], bool] | None = None,
    ) -> None:
        super().__init__(
            identifiers=identifiers, timers=timers, limits=limits, is_emergency=is_emergency
        )
        self._recorder = recorder
        recorder.outputs = self._outputs

    def receive(self, message: Request | Response, flow: Flow, *, now: float) -> None:
        """Take a message that arrived over ``flow``."""
        recorder = self._recorder
        recording = recorder.of_received(message, now=now)
        if recording is None:
            super().receive(message, flow, now=now)
            return
        head, body = message.head, message.body
        recording.add((Kind.RECEIVED, now, head, body, flow), len(head) + len(body))
        recorder.begin(recording, now=now)
        try:
            super().receive(message, flow, now=now)
        finally:
            recorder.end()

    def respond(self, transaction: TransactionId, response: Response, *, now: float) -> None:
        """Send a response of a server transaction; one that no call gave is an input."""
        recorder = self._recorder
        recording = None if recorder.is_stepping else recorder.owners.get(transaction)
        if recording is None:
            super().respond(transaction, response, now=now)
            return
        recording.add((Kind.RESPONDED, now, transaction, response))
        recorder.begin(recording, now=now)
        try:
            super().respond(transaction, response, now=now)
        finally:
            recorder.end()

    def fire(self, transaction: TransactionId, timer: Input, *, now: float) -> None:
        """Fire one timer of a transaction."""
        recorder = self._recorder
        recording = recorder.owners.get(transaction)
        if recording is None:
            super().fire(transaction, timer, now=now)
            return
        recording.add((Kind.FIRED, now, transaction, timer))
        recorder.begin(recording, now=now)
        try:
            super().fire(transaction, timer, now=now)
        finally:
            recorder.end()

    def fail(self, transaction: TransactionId, *, now: float) -> None:
        """End a transaction whose flow failed."""
        recorder = self._recorder
        recording = recorder.owners.get(transaction)
        if recording is None:
            super().fail(transaction, now=now)
            return
        recording.add((Kind.FAILED, now, transaction))
        recorder.begin(recording, now=now)
        try:
            super().fail(transaction, now=now)
        finally:
            recorder.end()

    def _index(self, transaction: Transaction) -> None:
        super()._index(transaction)
        self._recorder.started(transaction)

    def _unindex(self, transaction: Transaction) -> None:
        super()._unindex(transaction)
        if transaction.is_terminated:
            self._recorder.owners.pop(transaction.id, None)
