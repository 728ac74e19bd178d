"""Message summaries (RFC 3842 §5): how many voice messages wait."""

from __future__ import annotations

from dataclasses import dataclass

from sipcore.presence.document import Document
from sipcore.presence.packages import MESSAGE_SUMMARY, PACKAGES


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Voice messages, the urgent ones among them counted a second time."""

    new: int = 0
    old: int = 0
    new_urgent: int = 0
    old_urgent: int = 0


def render_message_summary(entity: str, mailbox: Mailbox) -> Document:
    """Return the summary of an account, whose URI is ``entity``."""
    lines = [
        f"Messages-Waiting: {'yes' if mailbox.new else 'no'}",
        f"Message-Account: {entity}",
        f"Voice-Message: {mailbox.new}/{mailbox.old} ({mailbox.new_urgent}/{mailbox.old_urgent})",
    ]
    text = "".join(f"{line}\r\n" for line in lines)
    return Document(PACKAGES[MESSAGE_SUMMARY].content_type, text)
