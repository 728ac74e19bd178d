"""Single numbers and blocks: who has which, and that nobody gets a stranger's."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from freiton.routing.directory import NumberBlock
from freiton.storage.schema import AccountRow, BlockRow, NumberRow
from freiton.storage.site.specs import BlockSpec
from freiton.storage.site_database import SiteError


class Numbers:
    """The numbers of the site.

    One customer may give single extensions of a block to other accounts of theirs; a stranger's
    number inside a block, or a block around it, is refused.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, account: AccountRow, number: str) -> None:
        """Assign a number; the first becomes the main number."""
        if not self.put(account, number):
            raise SiteError(f"{number} is a number of {account.name} already", field="number")

    def put(self, account: AccountRow, number: str) -> bool:
        """Assign a number unless the account has it; return whether it is new."""
        row = self._single(number)
        if row is not None:
            if row.account_id != account.id:
                raise SiteError(
                    f"{number} belongs to account {_title(row.account)}", field="number"
                )
            return False
        for block in self._foreign_blocks(account, around=number):
            if _as_block(block).holds(number):
                raise SiteError(
                    f"{number} lies in block {block.prefix} of {_title(block.account)},"
                    " another customer's",
                    field="number",
                )
        account.numbers.append(NumberRow(number=number))
        account.main_number = account.main_number or number
        self._session.flush()
        return True

    def remove(self, number: str) -> None:
        """Take a number from its account; another one becomes the main number."""
        row = self._single(number)
        if row is None:
            raise SiteError(f"{number} is no account's number", field="number")
        account = row.account
        account.numbers.remove(row)
        self._session.flush()
        self._mend_main_number(account)

    def add_block(self, account: AccountRow, spec: BlockSpec) -> None:
        """Assign a block of extensions; its -0 becomes the main number when there is none."""
        if not self.put_block(account, spec):
            raise SiteError(f"{account.name} has block {spec.prefix} already", field="prefix")

    def put_block(self, account: AccountRow, spec: BlockSpec) -> bool:
        """Assign a block or give it its number of digits; return whether it is new."""
        row = self._block(spec.prefix)
        if row is not None and row.account_id != account.id:
            raise SiteError(
                f"block {spec.prefix} belongs to account {_title(row.account)}", field="prefix"
            )
        block = NumberBlock(account_id=account.id, prefix=spec.prefix, extension_digits=spec.digits)
        self._refuse_strangers_in(block, account)
        if row is not None:
            row.extension_digits = spec.digits
            self._session.flush()
            self._mend_main_number(account)
            return False
        account.blocks.append(BlockRow(prefix=spec.prefix, extension_digits=spec.digits))
        account.main_number = account.main_number or f"{spec.prefix}0"
        self._session.flush()
        return True

    def remove_block(self, prefix: str) -> None:
        """Take a block from its account; another number becomes the main number."""
        row = self._block(prefix)
        if row is None:
            raise SiteError(f"there is no block {prefix}", field="prefix")
        account = row.account
        account.blocks.remove(row)
        self._session.flush()
        self._mend_main_number(account)

    def set_main(self, account: AccountRow, number: str) -> None:
        """Choose the number that stands for the account; it must be one of its own."""
        if not _has(account, number):
            raise SiteError(f"{number} is no number of {_title(account)}", field="main_number")
        account.main_number = number
        self._session.flush()

    def _mend_main_number(self, account: AccountRow) -> None:
        if account.main_number is None or _has(account, account.main_number):
            return
        candidates = [row.number for row in account.numbers]
        candidates += [f"{row.prefix}0" for row in account.blocks]
        account.main_number = candidates[0] if candidates else None
        self._session.flush()

    def _refuse_strangers_in(self, block: NumberBlock, account: AccountRow) -> None:
        for number in self._foreign_numbers(account, within=block.prefix):
            if block.holds(number.number):
                raise SiteError(
                    f"block {block.prefix} would hold {number.number} of {_title(number.account)},"
                    " another customer's",
                    field="prefix",
                )
        for other in self._foreign_blocks(account, around=block.prefix):
            if _overlap(block, _as_block(other)):
                raise SiteError(
                    f"block {block.prefix} overlaps {other.prefix} of {_title(other.account)},"
                    " another customer's",
                    field="prefix",
                )

    def _single(self, number: str) -> NumberRow | None:
        return self._session.scalar(select(NumberRow).where(NumberRow.number == number))

    def _block(self, prefix: str) -> BlockRow | None:
        return self._session.scalar(select(BlockRow).where(BlockRow.prefix == prefix))

    def _foreign_numbers(self, account: AccountRow, *, within: str) -> Iterator[NumberRow]:
        query = (
            select(NumberRow)
            .join(AccountRow)
            .where(
                AccountRow.customer_id != account.customer_id, NumberRow.number.startswith(within)
            )
        )
        return iter(self._session.scalars(query))

    def _foreign_blocks(self, account: AccountRow, *, around: str) -> Iterator[BlockRow]:
        """Yield other customers' blocks whose prefix starts this text, or is started by it."""
        starts = [around[:length] for length in range(1, len(around) + 1)]
        query = (
            select(BlockRow)
            .join(AccountRow)
            .where(
                AccountRow.customer_id != account.customer_id,
                BlockRow.prefix.in_(starts) | BlockRow.prefix.startswith(around),
            )
        )
        return iter(self._session.scalars(query))


def _has(account: AccountRow, number: str) -> bool:
    if any(row.number == number for row in account.numbers):
        return True
    return any(_as_block(row).holds(number) for row in account.blocks)


def _as_block(row: BlockRow) -> NumberBlock:
    return NumberBlock(
        account_id=row.account_id, prefix=row.prefix, extension_digits=row.extension_digits
    )


def _overlap(one: NumberBlock, other: NumberBlock) -> bool:
    """Return whether some number lies in both."""
    outer, inner = sorted((one, other), key=lambda block: len(block.prefix))
    return outer.prefix == inner.prefix or outer.holds(f"{inner.prefix}0")


def _title(account: AccountRow) -> str:
    return f"{account.name}@{account.domain}"
