"""Who may watch whom, and lists of lamps: read for the directory, changed for the operator."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from freiton.routing.watching import LampList, WatchedBy, Watching, WatchSettings
from freiton.storage.schema import AccountRow
from freiton.storage.site_database import SiteError
from freiton.storage.watching_tables import (
    LampListRow,
    LampRow,
    WatchSettingRow,
    WatchVerdictRow,
)
from sipcore.limits import DEFAULT_LIMITS


class WatchRules:
    """The rules of one site, on one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def set(
        self, account: AccountRow, *, watched_by: WatchedBy | None, shows_remote: bool | None
    ) -> None:
        """Change what an account says of all who watch it; None leaves it as it is."""
        row = self._session.get(WatchSettingRow, account.id)
        if row is None:
            row = WatchSettingRow(
                account_id=account.id, watched_by=WatchedBy.COLLEAGUES.value, shows_remote=False
            )
            self._session.add(row)
        if watched_by is not None:
            row.watched_by = watched_by.value
        if shows_remote is not None:
            row.shows_remote = shows_remote
        self._session.flush()

    def decide(self, account: AccountRow, watcher: AccountRow, *, is_allowed: bool | None) -> None:
        """Decide about one watcher; None takes the decision back."""
        if account.id == watcher.id:
            raise SiteError(f"{account.name} may always watch itself", field="watcher")
        row = self._session.get(WatchVerdictRow, (account.id, watcher.id))
        if is_allowed is None:
            if row is not None:
                self._session.delete(row)
        elif row is None:
            self._session.add(
                WatchVerdictRow(account_id=account.id, watcher_id=watcher.id, is_allowed=is_allowed)
            )
        else:
            row.is_allowed = is_allowed
        self._session.flush()

    def put_list(self, account: AccountRow, name: str, members: list[AccountRow]) -> None:
        """Make a list of lamps, or give it these members; raises SiteError."""
        if len(members) > DEFAULT_LIMITS.list_entries_max:
            raise SiteError(
                f"a list has at most {DEFAULT_LIMITS.list_entries_max} lamps", field="members"
            )
        taken = self._session.scalar(
            select(AccountRow).where(AccountRow.name == name, AccountRow.domain == account.domain)
        )
        if taken is not None:
            raise SiteError(f"{name} is an account; a list needs a name of its own", field="name")
        row = self._list(account, name)
        if row is None:
            row = LampListRow(account_id=account.id, name=name)
            self._session.add(row)
            self._session.flush()
        self._session.execute(delete(LampRow).where(LampRow.list_id == row.id))
        distinct = dict.fromkeys(member.id for member in members)
        for place, member_id in enumerate(distinct):
            self._session.add(LampRow(list_id=row.id, place=place, account_id=member_id))
        self._session.flush()

    def remove_list(self, account: AccountRow, name: str) -> None:
        """Take a list away."""
        row = self._list(account, name)
        if row is None:
            raise SiteError(f"{account.name} has no list {name}", field="name")
        self._session.delete(row)
        self._session.flush()

    def _list(self, account: AccountRow, name: str) -> LampListRow | None:
        return self._session.scalar(
            select(LampListRow).where(
                LampListRow.account_id == account.id, LampListRow.name == name
            )
        )


def read_watching(session: Session) -> Watching:
    """Return all rules of the site."""
    members: dict[int, list[int]] = {}
    for lamp in session.scalars(select(LampRow).order_by(LampRow.list_id, LampRow.place)):
        members.setdefault(lamp.list_id, []).append(lamp.account_id)
    return Watching(
        settings={
            row.account_id: WatchSettings(
                watched_by=WatchedBy(row.watched_by), shows_remote=row.shows_remote
            )
            for row in session.scalars(select(WatchSettingRow))
        },
        verdicts={
            (row.account_id, row.watcher_id): row.is_allowed
            for row in session.scalars(select(WatchVerdictRow))
        },
        lists=[
            LampList(
                id=row.id,
                account_id=row.account_id,
                name=row.name,
                members=tuple(members.get(row.id, ())),
            )
            for row in session.scalars(select(LampListRow).order_by(LampListRow.id))
        ],
    )
