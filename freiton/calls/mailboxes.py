"""How many voice messages wait for each account, as whoever keeps them says.

The switch has no voice mail of its own: the counts come from outside (`freiton mailbox set`) and
are what message-summary tells.
"""

from __future__ import annotations

from typing import Final

from sipcore.presence.message_summary import Mailbox

EMPTY: Final = Mailbox()


class Mailboxes:
    """The counts by account id; an account without any has an empty mailbox."""

    def __init__(self) -> None:
        self._mailboxes: dict[int, Mailbox] = {}

    def of(self, account_id: int) -> Mailbox:
        """Return the counts of an account."""
        return self._mailboxes.get(account_id, EMPTY)

    def put(self, account_id: int, mailbox: Mailbox) -> None:
        """Take over the counts of an account."""
        if mailbox == EMPTY:
            self._mailboxes.pop(account_id, None)
        else:
            self._mailboxes[account_id] = mailbox
