"""The non-INVITE server transaction: RFC 3261 figure 8."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sipcore.transaction.table import Action, Input, Machine, State, Step

_TRYING = State.TRYING
_PROCEEDING = State.PROCEEDING
_COMPLETED = State.COMPLETED
_TERMINATED = State.TERMINATED

_TO_COMPLETED = Step(_COMPLETED, (Action.SEND_RESPONSE, Action.START_J))
_TO_PROCEEDING = Step(_PROCEEDING, (Action.SEND_RESPONSE,))

NON_INVITE_SERVER: Final = Machine(
    name="non-INVITE server transaction",
    source="RFC 3261 §17.2.2",
    start=Step(_TRYING, (Action.PASS_REQUEST, Action.START_F)),
    table=MappingProxyType(
        {
            (_TRYING, Input.PROVISIONAL): _TO_PROCEEDING,
            (_TRYING, Input.FINAL): _TO_COMPLETED,
            (_PROCEEDING, Input.REQUEST): Step(_PROCEEDING, (Action.SEND_RESPONSE_AGAIN,)),
            (_PROCEEDING, Input.PROVISIONAL): _TO_PROCEEDING,
            (_PROCEEDING, Input.TRANSPORT_ERROR): Step(_TERMINATED),
            (_PROCEEDING, Input.FINAL): _TO_COMPLETED,
            (_COMPLETED, Input.REQUEST): Step(_COMPLETED, (Action.SEND_RESPONSE_AGAIN,)),
            (_COMPLETED, Input.TRANSPORT_ERROR): Step(_TERMINATED),
            (_COMPLETED, Input.TIMER_J): Step(_TERMINATED),
            # Not in the figure: the client's timer F has fired too, so that an answer would come
            # too late for anybody (RFC 4320 §4.2).
            (_TRYING, Input.TIMER_F): Step(_TERMINATED),
            (_PROCEEDING, Input.TIMER_F): Step(_TERMINATED),
        }
    ),
    absorbed=frozenset(
        {
            # A retransmission while the user is at work.
            (_TRYING, Input.REQUEST),
            # Nothing was sent that could have failed.
            (_TRYING, Input.TRANSPORT_ERROR),
            # The user answered twice; "any other final responses MUST be discarded".
            (_COMPLETED, Input.PROVISIONAL),
            (_COMPLETED, Input.FINAL),
        }
    ),
)
