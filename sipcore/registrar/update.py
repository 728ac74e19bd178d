"""What a REGISTER does to the bindings of one address-of-record (RFC 3261 §10.3)."""

from __future__ import annotations

from dataclasses import dataclass

from sipcore.message.message import Request
from sipcore.registrar.binding import Binding
from sipcore.transport.flow import Flow


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarLimits:
    """What the registrar grants; ``contacts_max`` counts the bindings of one address-of-record."""

    min_expires_s: int = 60
    max_expires_s: int = 3600
    default_expires_s: int = 3600
    contacts_max: int = 10


class BindingChanges:
    """A REGISTER that succeeded; ``bindings`` are all that hold from now on."""

    __slots__ = ("added", "bindings", "refreshed", "removed")

    def __init__(
        self,
        bindings: tuple[Binding, ...],
        *,
        added: tuple[Binding, ...] = (),
        refreshed: tuple[Binding, ...] = (),
        removed: tuple[Binding, ...] = (),
    ) -> None:
        self.bindings = bindings
        self.added = added
        self.refreshed = refreshed
        self.removed = removed


class Refusal:
    """A REGISTER that changed nothing, and the response it gets."""

    __slots__ = ("fields", "reason", "status")

    def __init__(self, status: int, reason: str, fields: tuple[tuple[str, str], ...] = ()) -> None:
        self.status = status
        self.reason = reason
        self.fields = fields


def update_bindings(
    bindings: tuple[Binding, ...],
    request: Request,
    flow: Flow,
    *,
    limits: RegistrarLimits,
    now: float,
) -> BindingChanges | Refusal:
    """Apply one REGISTER, whole or not at all.

    The caller has checked domain, Require, credentials and the right to this address-of-record
    (steps 1 to 5). Raises RemoteError when a header of the request cannot be read.
    """
    raise NotImplementedError


def response_fields(
    changes: BindingChanges, request: Request, *, now: float
) -> list[tuple[str, str]]:
    """Return the fields of the 200: every binding with its remaining seconds, and its Path."""
    raise NotImplementedError
