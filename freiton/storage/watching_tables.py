"""The tables of who watches whom; beside those of `schema.py`, and as much part of the site.

The rows hang on accounts and go with them: SQLite does that, so that removing an account needs to
know nothing of lamps.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from freiton.storage.schema import Table

_ACCOUNT = "account.id"


class WatchSettingRow(Table):
    """What an account says of all who watch it; without a row the defaults hold."""

    __tablename__ = "watch_setting"
    __table_args__: Any = ({},)

    account_id: Mapped[int] = mapped_column(
        ForeignKey(_ACCOUNT, ondelete="CASCADE"), primary_key=True
    )
    watched_by: Mapped[str]
    shows_remote: Mapped[bool]


class WatchVerdictRow(Table):
    """What was decided about one watcher of an account."""

    __tablename__ = "watch_verdict"
    __table_args__: Any = ({},)

    account_id: Mapped[int] = mapped_column(
        ForeignKey(_ACCOUNT, ondelete="CASCADE"), primary_key=True
    )
    watcher_id: Mapped[int] = mapped_column(
        ForeignKey(_ACCOUNT, ondelete="CASCADE"), primary_key=True
    )
    is_allowed: Mapped[bool]


class LampListRow(Table):
    """A list of lamps that an account keeps under a name."""

    __tablename__ = "lamp_list"
    __table_args__ = (UniqueConstraint("account_id", "name"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey(_ACCOUNT, ondelete="CASCADE"))
    name: Mapped[str]


class LampRow(Table):
    """One lamp of a list; ``place`` counts from 0."""

    __tablename__ = "lamp"
    __table_args__: Any = ({},)

    list_id: Mapped[int] = mapped_column(
        ForeignKey("lamp_list.id", ondelete="CASCADE"), primary_key=True
    )
    place: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey(_ACCOUNT, ondelete="CASCADE"))
