"""Keeping the NAT of an idle phone open, so that it can still be called."""

from __future__ import annotations

from sipcore.identifiers import Identifiers
from sipcore.message.message import Message
from sipcore.registrar.binding import Binding
from sipcore.transport.flow import Outgoing


def keep_alive(binding: Binding, identifiers: Identifiers) -> Outgoing:
    """Return an OPTIONS to the device, to be sent as it is, outside of any transaction."""
    raise NotImplementedError


def is_keep_alive_answer(message: Message) -> bool:
    """Tell a device's answer to ``keep_alive``, which no transaction waits for."""
    raise NotImplementedError
