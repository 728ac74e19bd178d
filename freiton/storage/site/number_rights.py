"""Proven rights of accounts to show numbers that are assigned elsewhere."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from freiton.routing.directory import NumberRight
from freiton.storage.schema import AccountRow, BlockRow, NumberRightRow, NumberRow
from freiton.storage.site.specs import NumberRightSpec
from freiton.storage.site_database import SiteError


class NumberRights:
    """The rights of the site, on one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, account: AccountRow, spec: NumberRightSpec) -> bool:
        """Enter a right, or the new proof of one; return whether it is new.

        A number that is assigned here needs no right where it belongs to the account, and cannot
        be anybody else's (TKG § 120 (1)).
        """
        owner = self._owner(spec.number)
        if owner is not None:
            title = f"{owner.name}@{owner.domain}"
            raise SiteError(f"{spec.number} is assigned to account {title}", field="number")
        row = self._find(account, spec.number)
        is_new = row is None
        if row is None:
            row = NumberRightRow(account_id=account.id, number=spec.number)
            self._session.add(row)
        row.document = spec.document
        row.verified_on = spec.verified_on
        row.expires_on = spec.expires_on
        row.is_business = spec.is_business
        self._session.flush()
        return is_new

    def remove(self, account: AccountRow, number: str) -> None:
        """Take a right away."""
        row = self._find(account, number)
        if row is None:
            raise SiteError(f"{account.name} has no right to show {number}", field="number")
        self._session.delete(row)
        self._session.flush()

    def _find(self, account: AccountRow, number: str) -> NumberRightRow | None:
        return self._session.scalar(
            select(NumberRightRow).where(
                NumberRightRow.account_id == account.id, NumberRightRow.number == number
            )
        )

    def _owner(self, number: str) -> AccountRow | None:
        single = self._session.scalar(select(NumberRow).where(NumberRow.number == number))
        if single is not None:
            return single.account
        starts = [number[:length] for length in range(1, len(number))]
        blocks = self._session.scalars(select(BlockRow).where(BlockRow.prefix.in_(starts)))
        return next(
            (
                one.account
                for one in blocks
                if len(number) - len(one.prefix) <= one.extension_digits
            ),
            None,
        )


def read_number_rights(session: Session) -> list[NumberRight]:
    """Return every right, expired ones too: the directory asks for a day."""
    rows = session.scalars(select(NumberRightRow).order_by(NumberRightRow.id))
    return [
        NumberRight(
            account_id=row.account_id,
            number=row.number,
            document=row.document,
            verified_on=row.verified_on,
            expires_on=row.expires_on,
            is_business=row.is_business,
        )
        for row in rows
    ]
