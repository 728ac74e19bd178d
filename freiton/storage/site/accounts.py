"""The accounts of the site."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from freiton.storage.schema import AccountRow
from freiton.storage.site.customers import Customers, Domains
from freiton.storage.site.plans import Plans
from freiton.storage.site.specs import DEFAULT_CUSTOMER, AccountSpec
from freiton.storage.site_database import SiteError


class Accounts:
    """Accounts, called `name` in the default domain or `name@domain`."""

    def __init__(
        self, session: Session, customers: Customers, domains: Domains, plans: Plans
    ) -> None:
        self._session = session
        self._customers = customers
        self._domains = domains
        self._plans = plans

    def get(self, reference: str) -> AccountRow:
        """Return an account; raises SiteError when there is none."""
        name, _, domain = reference.partition("@")
        row = self._find(name, domain.lower() or self._domains.default)
        if row is None:
            place = domain.lower() or self._domains.default
            raise SiteError(f"there is no account {name} in domain {place}", field="account")
        return row

    def add(self, spec: AccountSpec) -> AccountRow:
        """Make an account."""
        domain = spec.domain or self._domains.default
        if self._find(spec.name, domain) is not None:
            raise SiteError(f"account {spec.name}@{domain} exists already", field="name")
        return self.put(spec)[0]

    def change(self, spec: AccountSpec) -> AccountRow:
        """Give an account the fields that were named."""
        self.get(f"{spec.name}@{spec.domain or self._domains.default}")
        return self.put(spec)[0]

    def put(self, spec: AccountSpec) -> tuple[AccountRow, bool]:
        """Make an account or give it the fields that were named; return whether it is new.

        The main number is not looked at here: it can only be one that the account has already.
        """
        domain = spec.domain or self._domains.default
        if not self._domains.known(domain):
            raise SiteError(f"there is no domain {domain}; add it first", field="domain")
        row = self._find(spec.name, domain)
        is_new = row is None
        if row is None:
            row = AccountRow(name=spec.name, domain=domain)
        kind_before = row.kind
        if is_new or "customer" in spec.model_fields_set:
            self._belong(row, spec.customer)
        for field, value in _columns(spec).items():
            if is_new or field in spec.model_fields_set:
                setattr(row, field, value)
        if is_new or "daily_limit" in spec.model_fields_set:
            row.daily_limit_micros = spec.daily_limit
        if is_new:
            row.main_number = None
            self._session.add(row)
        if not is_new and row.kind != kind_before:
            self._plans.check_kind(row)
        self._session.flush()
        return row, is_new

    def remove(self, reference: str) -> None:
        """Take an account away with its devices, numbers and options."""
        self._session.delete(self.get(reference))
        self._session.flush()

    def _find(self, name: str, domain: str) -> AccountRow | None:
        return self._session.scalar(
            select(AccountRow).where(AccountRow.name == name, AccountRow.domain == domain)
        )

    def _belong(self, row: AccountRow, name: str) -> None:
        if name == DEFAULT_CUSTOMER:
            self._customers.put(name)
        customer = self._customers.find(name)
        if customer is None:
            raise SiteError(f"there is no customer {name}; add it first", field="customer")
        if row.customer_id != customer.id and (row.numbers or row.blocks):
            raise SiteError(f"{row.name} has numbers and stays with its customer", field="customer")
        row.customer_id = customer.id


def _columns(spec: AccountSpec) -> dict[str, Any]:
    """Return the fields that are stored as they are said."""
    return {
        "kind": spec.kind.value,
        "country_code": spec.country_code,
        "area_code": spec.area_code,
        "contacts_max": spec.contacts_max,
        "channels": spec.channels,
        "charging": spec.charging.value,
        "premium_allowed": spec.premium_allowed,
        "non_eu_allowed": spec.non_eu_allowed,
        "clir": spec.clir,
        "rejects_anonymous": spec.rejects_anonymous,
        "is_call_centre": spec.is_call_centre,
        "channel_refusal_status": spec.channel_refusal_status,
        "credit_refusal_status": spec.credit_refusal_status,
        "short_numbers": spec.short_numbers,
        "algorithms": list(spec.algorithms),
        "ring_s": spec.ring_s,
        "language": spec.language,
        "enabled": spec.enabled,
    }
