"""How messages find their transaction: RFC 3261 §17.1.3 and §17.2.3."""

from __future__ import annotations

from typing import Final

from sipcore.errors import RemoteError
from sipcore.message.message import Request, Response
from sipcore.transaction.events import TransactionId

MAGIC_COOKIE: Final = "z9hg4bk"


def server_key(request: Request, method: str) -> TransactionId:
    """Return the key of the server transaction of ``method`` that this request belongs to.

    A request of RFC 2543, whose branch has no magic cookie, is a RemoteError: no agent that
    sends one is left, and guessing its transaction from six headers invites collisions.

    The number in CSeq counts beyond §17.2.3: a repeat has the same one, and so have the CANCEL and
    the ACK of an INVITE. There are agents that answer a challenge under the branch of the request
    that was challenged, and would never get in.
    """
    via = request.via
    branch = via.branch
    if branch is None or branch[:7].lower() != MAGIC_COOKIE or len(branch) == 7:
        raise RemoteError("the branch in Via is not one of RFC 3261")
    return (branch, via.sent_by, str(request.cseq.number), method)


def client_key(response: Response) -> TransactionId:
    """Return the key of the client transaction that this response belongs to."""
    return (response.via.branch or "", response.cseq.method)
