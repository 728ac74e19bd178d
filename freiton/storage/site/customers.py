"""Tenants and domains."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from freiton.storage.schema import AccountRow, CustomerRow, DomainRow
from freiton.storage.site_database import SiteError


class Customers:
    """The tenants of the site."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, name: str) -> CustomerRow | None:
        """Return the tenant of that name."""
        return self._session.scalar(select(CustomerRow).where(CustomerRow.name == name))

    def add(self, name: str) -> None:
        """Make a tenant."""
        if not self.put(name):
            raise SiteError(f"customer {name} exists already", field="name")

    def put(self, name: str) -> bool:
        """Make a tenant unless it exists; return whether it is new."""
        if self.find(name) is not None:
            return False
        self._session.add(CustomerRow(name=name))
        self._session.flush()
        return True

    def remove(self, name: str) -> None:
        """Take a tenant away; its accounts must have gone before."""
        row = self.find(name)
        if row is None:
            raise SiteError(f"there is no customer {name}", field="name")
        account = self._session.scalar(
            select(AccountRow).where(AccountRow.customer_id == row.id).limit(1)
        )
        if account is not None:
            raise SiteError(f"customer {name} still has account {account.name}@{account.domain}")
        self._session.delete(row)
        self._session.flush()


class Domains:
    """The domains that the site answers for, besides those of the switch's settings."""

    def __init__(self, session: Session, *, configured: tuple[str, ...]) -> None:
        """Take the domains of the settings as given; the first of them is the default."""
        self._session = session
        self._configured = configured

    @property
    def default(self) -> str:
        """The domain of accounts that name none."""
        return self._configured[0]

    def known(self, name: str) -> bool:
        """Return whether the switch answers for this domain."""
        return name in self._configured or self._session.get(DomainRow, name) is not None

    def add(self, name: str) -> None:
        """Answer for one more domain."""
        if not self.put(name):
            raise SiteError(f"domain {name} exists already", field="name")

    def put(self, name: str) -> bool:
        """Answer for a domain; return whether it is new."""
        if self.known(name):
            return False
        self._session.add(DomainRow(name=name))
        self._session.flush()
        return True

    def remove(self, name: str) -> None:
        """Answer no longer for a domain; its accounts must have gone before."""
        if name in self._configured:
            raise SiteError(f"domain {name} stands in the settings file; remove it there")
        row = self._session.get(DomainRow, name)
        if row is None:
            raise SiteError(f"there is no domain {name}", field="name")
        account = self._session.scalar(select(AccountRow).where(AccountRow.domain == name).limit(1))
        if account is not None:
            raise SiteError(f"domain {name} still has account {account.name}@{name}")
        self._session.delete(row)
        self._session.flush()
