"""The INVITE server transaction: RFC 3261 figure 7 as RFC 6026 §8.5 draws it anew."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sipcore.transaction.table import Action, Input, Machine, State, Step

_PROCEEDING = State.PROCEEDING
_COMPLETED = State.COMPLETED
_CONFIRMED = State.CONFIRMED
_ACCEPTED = State.ACCEPTED
_TERMINATED = State.TERMINATED

INVITE_SERVER: Final = Machine(
    name="INVITE server transaction",
    source="RFC 3261 §17.2.1, RFC 6026 §8.5",
    start=Step(_PROCEEDING, (Action.PASS_REQUEST, Action.START_TRYING, Action.START_ABANDON)),
    table=MappingProxyType(
        {
            (_PROCEEDING, Input.REQUEST): Step(_PROCEEDING, (Action.SEND_RESPONSE_AGAIN,)),
            (_PROCEEDING, Input.TIMER_TRYING): Step(_PROCEEDING, (Action.SEND_TRYING,)),
            (_PROCEEDING, Input.PROVISIONAL): Step(
                _PROCEEDING, (Action.STOP_RETRANSMISSION, Action.SEND_RESPONSE)
            ),
            (_PROCEEDING, Input.SUCCESS): Step(
                _ACCEPTED, (Action.STOP_RETRANSMISSION, Action.SEND_RESPONSE, Action.START_L)
            ),
            (_PROCEEDING, Input.FAILURE): Step(
                _COMPLETED,
                (
                    Action.STOP_RETRANSMISSION,
                    Action.SEND_RESPONSE,
                    Action.START_G,
                    Action.START_H,
                ),
            ),
            # A transport error leaves the machine where it is: the response may still arrive by
            # another way, and who never gets it falls silent, which other timers notice.
            (_PROCEEDING, Input.TRANSPORT_ERROR): Step(_PROCEEDING),
            (_COMPLETED, Input.REQUEST): Step(_COMPLETED, (Action.SEND_RESPONSE_AGAIN,)),
            (_COMPLETED, Input.TIMER_G): Step(
                _COMPLETED, (Action.SEND_RESPONSE_AGAIN, Action.DOUBLE_G)
            ),
            (_COMPLETED, Input.TRANSPORT_ERROR): Step(_COMPLETED),
            (_COMPLETED, Input.ACK): Step(_CONFIRMED, (Action.STOP_RETRANSMISSION, Action.START_I)),
            (_COMPLETED, Input.TIMER_H): Step(_TERMINATED, (Action.TELL_ACK_MISSING,)),
            (_CONFIRMED, Input.TIMER_I): Step(_TERMINATED),
            (_ACCEPTED, Input.REQUEST): Step(_ACCEPTED),
            (_ACCEPTED, Input.TRANSPORT_ERROR): Step(_ACCEPTED),
            (_ACCEPTED, Input.ACK): Step(_ACCEPTED, (Action.PASS_ACK,)),
            (_ACCEPTED, Input.SUCCESS): Step(_ACCEPTED, (Action.SEND_RESPONSE,)),
            (_ACCEPTED, Input.TIMER_L): Step(_TERMINATED),
            # Not in the figure: nobody answered, so that nothing would ever end it.
            (_PROCEEDING, Input.TIMER_ABANDON): Step(_TERMINATED),
        }
    ),
    absorbed=frozenset(
        {
            # An ACK for a response that was never sent.
            (_PROCEEDING, Input.ACK),
            # A second ACK is what this state waits for; the INVITE was overtaken by its ACK.
            (_CONFIRMED, Input.ACK),
            (_CONFIRMED, Input.REQUEST),
            (_CONFIRMED, Input.TRANSPORT_ERROR),
            # The user answered twice; the first final response counts.
            *(
                (state, given)
                for state in (_COMPLETED, _CONFIRMED)
                for given in (Input.PROVISIONAL, Input.SUCCESS, Input.FAILURE)
            ),
            (_ACCEPTED, Input.PROVISIONAL),
            (_ACCEPTED, Input.FAILURE),
        }
    ),
)
