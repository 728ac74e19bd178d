"""An answer that comes when its call is over, as from below a proxy that forks."""

from __future__ import annotations

from sipcore.b2bua.call_events import SendAck, SendRequest
from sipcore.b2bua.settings import DEFAULT_SETTINGS
from sipcore.dialog.dialog import Dialog
from sipcore.limits import DEFAULT_LIMITS
from sipcore.transaction.events import ResponseReceived, TransactionFailed


def end_late_answer(event: ResponseReceived | TransactionFailed) -> list[SendAck | SendRequest]:
    """Acknowledge and end the dialog of a 2xx to an INVITE whose call is gone (§13.2.2.4).

    A repeat of it gets the same again, and the peer answers the second BYE with 481.
    """
    if not isinstance(event, ResponseReceived) or not event.response.is_success:
        return []
    if event.request.method != "INVITE":
        return []
    dialog = Dialog.from_response(event.request, event.response)
    ack = dialog.ack(event.request.cseq.number)
    # Behind whatever was said in the early dialog, which is forgotten.
    dialog.local_sequence += DEFAULT_SETTINGS.cseq_gap
    bye = dialog.request("BYE")
    for request in (ack, bye):
        request.add("max-forwards", str(DEFAULT_LIMITS.hops_max))
    owner = (event.owner[0], "late", dialog.remote_tag)
    return [SendAck(ack, event.flow), SendRequest(bye, event.flow, owner)]
