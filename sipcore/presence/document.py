"""A rendered state with a hole for the version, which each subscription counts by itself.

A lamp's document is the same for all who watch it but for that number, so it is rendered once per
state and filled in per subscriber.
"""

from __future__ import annotations


class Document:
    """A body of a NOTIFY; without a tail it carries no version."""

    __slots__ = ("_head", "_tail", "content_type")

    def __init__(self, content_type: str, head: str, tail: str = "") -> None:
        self.content_type = content_type
        self._head = head.encode()
        self._tail = tail.encode()

    def body(self, version: int) -> bytes:
        """Return the bytes for a subscription that is at this version."""
        if not self._tail:
            return self._head
        return b"%b%d%b" % (self._head, version, self._tail)

    def __len__(self) -> int:
        return len(self._head) + len(self._tail)
