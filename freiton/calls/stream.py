"""What is told of a running call, one report at a time: admit, answer, tick, end."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["admit", "refuse", "answer", "join", "tick", "end"]


class CallReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened to a call.

    Numbers come whole; who shows or writes them to other than the operator's own terminal masks
    them. ``account`` is a name. ``cost_micros`` is the price up to this instant with its tax,
    from the same function as the final charge; ``talk_s`` counts from the answer.
    ``plan`` is that of who pays, ``allowance_s`` the charged seconds that allowances paid.
    """

    kind: Kind
    call_id: str
    at: str
    account: str = ""
    call_kind: str = ""
    calling_number: str = ""
    called_number: str = ""
    talk_s: float = 0.0
    cost_micros: int | None = None
    price: str = ""
    plan: str = ""
    allowance_s: int = 0
    joined_to: str = ""
    """The call that it is one conversation with, by its id; of an ended one all there were."""
    referred_by: str = ""
    """The call whose party asked for this one by a transfer."""
    cause: str = ""
    status: int = 0
