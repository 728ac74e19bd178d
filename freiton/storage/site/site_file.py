"""A whole site in one TOML file: read, checked and put in place, or refused as a whole.

The file may be imported again and again. What it names is made as it says, a field or thing that
it does not name stays as it is, and a password that it does not give is made at random once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from freiton.config.problems import Location, Problem, TomlFile, validate
from freiton.config.texts import HostName
from freiton.storage.schema import AccountRow
from freiton.storage.site.devices import IssuedPassword
from freiton.storage.site.edit import SiteEdit
from freiton.storage.site.specs import (
    E164,
    AccountSpec,
    BlockSpec,
    Count,
    CustomerName,
    DeviceSpec,
    OptionSpec,
    PlanSpec,
    Spec,
    TrunkSpec,
)
from freiton.storage.site_database import SiteError

_TABLES: Final = frozenset({"accounts", "blocks", "devices", "trunks"})


def _named(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


class AccountEntry(AccountSpec):
    """An account with all that belongs to it; a plan or option may be its mere name."""

    numbers: tuple[E164, ...] = ()
    blocks: tuple[BlockSpec, ...] = ()
    plan: Annotated[PlanSpec | None, BeforeValidator(_named)] = None
    flatrates: Count | None = None
    options: tuple[Annotated[OptionSpec, BeforeValidator(_named)], ...] = ()
    devices: tuple[DeviceSpec, ...] = ()


class SiteFile(Spec):
    """What a site file may hold."""

    domains: tuple[HostName, ...] = ()
    customers: tuple[CustomerName, ...] = ()
    accounts: Annotated[tuple[AccountEntry, ...], Field(max_length=200_000)] = ()
    trunks: Annotated[tuple[TrunkSpec, ...], Field(max_length=1000)] = ()


@dataclass(slots=True)
class ImportReport:
    """What an import has made that was not there."""

    new: dict[str, int] = field(default_factory=dict)
    passwords: list[IssuedPassword] = field(default_factory=list)

    def count(self, kind: str, *, is_new: bool) -> None:
        """Count one thing of a kind, such as "account", when it is new."""
        if is_new:
            self.new[kind] = self.new.get(kind, 0) + 1


def import_site(path: Path, site: SiteEdit) -> ImportReport:
    """Put a site file in place; raises ConfigError with all problems.

    The transaction is the caller's: the exception must end it.
    """
    file = TomlFile(path)
    content = validate(SiteFile, file.values)
    if not isinstance(content, SiteFile):
        raise file.error(content)
    task = _Import(site)
    task.run(content)
    if task.problems:
        raise file.error(task.problems)
    return task.report


class _Import:
    """One pass over a site file, collecting problems instead of stopping at the first."""

    def __init__(self, site: SiteEdit) -> None:
        self._site = site
        self.problems: list[Problem] = []
        self.report = ImportReport()

    def run(self, content: SiteFile) -> None:
        for place, domain in enumerate(content.domains):
            with self._at("domains", place):
                self.report.count("domain", is_new=self._site.domains.put(domain))
        for place, customer in enumerate(content.customers):
            with self._at("customers", place):
                self.report.count("customer", is_new=self._site.customers.put(customer))
        for place, entry in enumerate(content.accounts):
            with self._at("accounts", place):
                row, is_new = self._site.accounts.put(entry)
                self.report.count("account", is_new=is_new)
                self._belongings(row, entry, ("accounts", place))
        for place, trunk in enumerate(content.trunks):
            with self._at("trunks", place):
                self.report.count("trunk", is_new=self._site.trunks.put(trunk))

    def _belongings(self, row: AccountRow, entry: AccountEntry, at: Location) -> None:
        for place, number in enumerate(entry.numbers):
            with self._at(*at, "numbers", place):
                self.report.count("number", is_new=self._site.numbers.put(row, number))
        for place, block in enumerate(entry.blocks):
            with self._at(*at, "blocks", place):
                self.report.count("block", is_new=self._site.numbers.put_block(row, block))
        if entry.main_number is not None:
            with self._at(*at):
                self._site.numbers.set_main(row, entry.main_number)
        self._contract(row, entry, at)
        for place, device in enumerate(entry.devices):
            with self._at(*at, "devices", place):
                is_new, issued = self._site.devices.put(row, device)
                self.report.count("device", is_new=is_new)
                if issued is not None:
                    self.report.passwords.append(issued)

    def _contract(self, row: AccountRow, entry: AccountEntry, at: Location) -> None:
        if entry.plan is not None:
            with self._at(*at, "plan"):
                self.report.count("plan", is_new=self._site.plans.put(row, entry.plan))
        if entry.flatrates is not None:
            with self._at(*at, "flatrates"):
                flatrate = self._site.options.flatrate(row)
                self._site.options.set_count(row, flatrate, entry.flatrates)
        for place, option in enumerate(entry.options):
            with self._at(*at, "options", place):
                self._site.options.set_count(row, option.name, option.count)

    @contextmanager
    def _at(self, *location: str | int) -> Iterator[None]:
        try:
            yield
        except SiteError as error:
            is_table = len(location) > 1 and location[-2] in _TABLES
            field_of_table = (error.field,) if is_table and error.field else ()
            self.problems.append(Problem(str(error), (*location, *field_of_table)))
