"""Commands of calls, proxy and carriers, performed on the transaction layer."""

from __future__ import annotations

from collections.abc import Iterable

from sipcore.transaction.commands import SendAck, SendCancel, SendRequest, SendResponse
from sipcore.transaction.layer import TransactionLayer

WireCommand = SendRequest | SendCancel | SendAck | SendResponse


def perform(command: WireCommand, layer: TransactionLayer, *, now: float) -> None:
    """Do what one command says."""
    if isinstance(command, SendResponse):
        layer.respond(command.transaction, command.response, now=now)
    elif isinstance(command, SendRequest):
        layer.request(
            command.request, command.flow, owner=command.owner, mark=command.mark, now=now
        )
    elif isinstance(command, SendAck):
        layer.send_ack(command.request, command.flow, branch=command.branch, now=now)
    else:
        layer.cancel(command.owner, fields=list(command.fields), now=now)


def perform_all(commands: Iterable[WireCommand], layer: TransactionLayer, *, now: float) -> None:
    """Do what several commands say, in their order."""
    for command in commands:
        perform(command, layer, now=now)
