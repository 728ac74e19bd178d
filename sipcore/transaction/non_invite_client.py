"""The non-INVITE client transaction: RFC 3261 figure 6."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sipcore.transaction.table import Action, Input, Machine, State, Step

_TRYING = State.TRYING
_PROCEEDING = State.PROCEEDING
_COMPLETED = State.COMPLETED
_TERMINATED = State.TERMINATED

_TO_COMPLETED = Step(
    _COMPLETED, (Action.STOP_RETRANSMISSION, Action.PASS_RESPONSE, Action.START_K)
)  # fmt: skip
_FAILED = Step(_TERMINATED, (Action.TELL_TRANSPORT_FAILURE,))
_TIMED_OUT = Step(_TERMINATED, (Action.TELL_TIMEOUT,))

NON_INVITE_CLIENT: Final = Machine(
    name="non-INVITE client transaction",
    source="RFC 3261 §17.1.2",
    start=Step(_TRYING, (Action.SEND_REQUEST, Action.START_E, Action.START_F)),
    table=MappingProxyType(
        {
            (_TRYING, Input.TIMER_E): Step(_TRYING, (Action.SEND_REQUEST, Action.DOUBLE_E)),
            (_TRYING, Input.TIMER_F): _TIMED_OUT,
            (_TRYING, Input.TRANSPORT_ERROR): _FAILED,
            (_TRYING, Input.FINAL): _TO_COMPLETED,
            (_TRYING, Input.PROVISIONAL): Step(_PROCEEDING, (Action.PASS_RESPONSE,)),
            (_PROCEEDING, Input.TIMER_E): Step(
                _PROCEEDING, (Action.SEND_REQUEST, Action.START_E_AT_T2)
            ),
            (_PROCEEDING, Input.TIMER_F): _TIMED_OUT,
            (_PROCEEDING, Input.TRANSPORT_ERROR): _FAILED,
            (_PROCEEDING, Input.PROVISIONAL): Step(_PROCEEDING, (Action.PASS_RESPONSE,)),
            (_PROCEEDING, Input.FINAL): _TO_COMPLETED,
            (_COMPLETED, Input.FINAL): Step(_COMPLETED),
            (_COMPLETED, Input.TIMER_K): Step(_TERMINATED),
        }
    ),
    absorbed=frozenset(
        {
            # Reordered on the way: it was sent before the final response.
            (_COMPLETED, Input.PROVISIONAL),
            # Nothing is sent any more.
            (_COMPLETED, Input.TRANSPORT_ERROR),
        }
    ),
)
