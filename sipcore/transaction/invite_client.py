"""The INVITE client transaction: RFC 3261 figure 5 as RFC 6026 §8.4 draws it anew."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sipcore.transaction.table import Action, Input, Machine, State, Step

_CALLING = State.CALLING
_PROCEEDING = State.PROCEEDING
_COMPLETED = State.COMPLETED
_ACCEPTED = State.ACCEPTED
_TERMINATED = State.TERMINATED

# A peer may answer at once: a final response cancels retransmission as a provisional one does.
_TO_COMPLETED = Step(
    _COMPLETED,
    (Action.STOP_RETRANSMISSION, Action.SEND_ACK, Action.PASS_RESPONSE, Action.START_D),
)
_TO_ACCEPTED = Step(
    _ACCEPTED, (Action.STOP_RETRANSMISSION, Action.PASS_RESPONSE, Action.START_M)
)  # fmt: skip
_FAILED = Step(_TERMINATED, (Action.TELL_TRANSPORT_FAILURE,))
_TIMED_OUT = Step(_TERMINATED, (Action.TELL_TIMEOUT,))

INVITE_CLIENT: Final = Machine(
    name="INVITE client transaction",
    source="RFC 3261 §17.1.1, RFC 6026 §8.4",
    start=Step(_CALLING, (Action.SEND_REQUEST, Action.START_A, Action.START_B)),
    table=MappingProxyType(
        {
            (_CALLING, Input.TIMER_A): Step(_CALLING, (Action.SEND_REQUEST, Action.DOUBLE_A)),
            (_CALLING, Input.TIMER_B): _TIMED_OUT,
            (_CALLING, Input.TRANSPORT_ERROR): _FAILED,
            (_CALLING, Input.SUCCESS): _TO_ACCEPTED,
            (_CALLING, Input.FAILURE): _TO_COMPLETED,
            (_CALLING, Input.PROVISIONAL): Step(
                _PROCEEDING,
                (
                    Action.STOP_RETRANSMISSION,
                    Action.PASS_RESPONSE,
                    Action.START_ABANDON,
                    Action.SEND_REMEMBERED_CANCEL,
                ),
            ),
            (_PROCEEDING, Input.PROVISIONAL): Step(_PROCEEDING, (Action.PASS_RESPONSE,)),
            (_PROCEEDING, Input.SUCCESS): _TO_ACCEPTED,
            (_PROCEEDING, Input.FAILURE): _TO_COMPLETED,
            (_COMPLETED, Input.FAILURE): Step(_COMPLETED, (Action.SEND_ACK,)),
            # The ACK failed; the user, who has the final response, could do nothing about it.
            (_COMPLETED, Input.TRANSPORT_ERROR): Step(_TERMINATED),
            (_COMPLETED, Input.TIMER_D): Step(_TERMINATED),
            (_ACCEPTED, Input.SUCCESS): Step(_ACCEPTED, (Action.PASS_RESPONSE,)),
            (_ACCEPTED, Input.TIMER_M): Step(_TERMINATED),
            # Not in the figure. §9.1: CANCEL is kept until a provisional response, and 64·T1 after
            # it the INVITE counts as cancelled, answered or not.
            (_CALLING, Input.CANCEL): Step(_CALLING),
            (_PROCEEDING, Input.CANCEL): Step(_PROCEEDING, (Action.SEND_CANCEL,)),
            (_PROCEEDING, Input.TIMER_ABANDON): _TIMED_OUT,
            # Not in the figure, since nothing is sent here: the connection closed on which alone
            # a peer behind a NAT could have answered.
            (_PROCEEDING, Input.TRANSPORT_ERROR): _FAILED,
        }
    ),
    absorbed=frozenset(
        {
            # Reordered on the way: it was sent before the final response.
            (_COMPLETED, Input.PROVISIONAL),
            (_ACCEPTED, Input.PROVISIONAL),
            # One of two branches of a fork below answered otherwise; the first final counts.
            (_COMPLETED, Input.SUCCESS),
            (_ACCEPTED, Input.FAILURE),
            # CANCEL has no effect on what has a final response (§9.1).
            (_COMPLETED, Input.CANCEL),
            (_ACCEPTED, Input.CANCEL),
            # Nothing is sent any more; a repeated 2xx may come over another connection.
            (_ACCEPTED, Input.TRANSPORT_ERROR),
        }
    ),
)
