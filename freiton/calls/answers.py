"""The response that some request deserves, before it is built."""

from __future__ import annotations

from freiton.routing.refusals import RefusalCause

Fields = tuple[tuple[str, str], ...]


class Answer:
    """A status with its fields; ``cause`` is set when it is a refusal of the table."""

    __slots__ = ("cause", "fields", "reason", "status")

    def __init__(
        self,
        status: int,
        reason: str | None = None,
        fields: Fields = (),
        *,
        cause: RefusalCause | None = None,
    ) -> None:
        self.status = status
        self.reason = reason
        self.fields = fields
        self.cause = cause

    def __repr__(self) -> str:
        return f"<Answer {self.status} {self.cause or ''}>"
