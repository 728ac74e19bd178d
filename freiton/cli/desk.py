"""What every command works with: the settings, the site in the state folder, the running switch."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Self

import typer

from freiton.calls.subscriptions import UnknownBooking, subscription_of, unknown_bookings
from freiton.cli.output import note
from freiton.config import Config, HostPort, Overrides, load_config
from freiton.config.rating_data import read_numbering, read_tariffs
from freiton.config.trunk_profiles import TrunkPreset, read_trunk_presets
from freiton.control import SOCKET_NAME, ControlClient, ControlError, SwitchNotRunning
from freiton.routing.directory import Account, Directory
from freiton.storage.charging_log_file import CHARGING_FOLDER
from freiton.storage.site.edit import SiteEdit
from freiton.storage.site.offer import Offer
from freiton.storage.site_store import SiteError, SiteStore
from rating.numbering import Numbering
from rating.pricing import BookedOption, Subscription, TariffPlan, Tariffs


class Desk:
    """The operator's place at one switch. Everything is read when a command first needs it."""

    def __init__(self, config_path: Path | None, state_folder: Path | None) -> None:
        self._config_path = config_path
        self._state_folder = state_folder

    @classmethod
    def of(cls, context: typer.Context) -> Self:
        """Return the desk that the root command has set up."""
        desk = context.find_object(cls)
        if desk is None:
            raise RuntimeError("the root command was not called")
        return desk

    def load_config(
        self,
        *,
        sip: HostPort | None = None,
        http: HostPort | None = None,
        log_level: str | None = None,
    ) -> Config:
        """Return the settings under what the command line says over them."""
        overrides = Overrides(
            state_folder=self._state_folder, sip=sip, http=http, log_level=log_level
        )
        return load_config(self._config_path, overrides)

    @cached_property
    def config(self) -> Config:
        """The settings."""
        return self.load_config()

    @cached_property
    def tariffs(self) -> Tariffs:
        """All price lists."""
        return read_tariffs(self.config)

    @cached_property
    def numbering(self) -> Numbering:
        """The number table."""
        return read_numbering(self.config)

    @cached_property
    def presets(self) -> Mapping[str, TrunkPreset]:
        """The profiles of carriers."""
        return read_trunk_presets(self.config.profiles.folder)

    @property
    def tariff_plan(self) -> TariffPlan:
        """The tariff that the settings choose."""
        return self.tariffs.plan(self.config.tariff.provider)

    @property
    def charging_folder(self) -> Path:
        """Where the charging log lies."""
        return self.config.state_folder / CHARGING_FOLDER

    @property
    def control(self) -> ControlClient:
        """The way to the switch that may run with this state folder."""
        return ControlClient(self.config.state_folder / SOCKET_NAME)

    def today(self) -> date:
        """Return the day in the calendar of the tariff."""
        return datetime.now(UTC).astimezone(self.tariff_plan.time_zone).date()

    def directory(self) -> Directory:
        """Return the whole site as the switch would see it; looking makes no new one."""
        if not self.has_site:
            folder = self.config.state_folder
            raise SiteError(f"there is no site in {folder} yet; `freiton site import` makes one")
        with self._store() as store:
            return store.load_directory(local_hosts=self.config.known_hosts)

    def account(self, reference: str, directory: Directory) -> Account:
        """Return the account called `name` or `name@domain`, or that has this number."""
        name, _, domain = reference.partition("@")
        account = directory.account_by_aor(name, domain or directory.default_domain)
        if account is None:
            raise SiteError(f"there is no account {reference}")
        return account

    def subscription(self, account: Account) -> Subscription:
        """Return what an account has booked, with its default plan; the tariffs know all of it."""
        problems = ", ".join(unknown_bookings(account, self.tariffs))
        if problems:
            raise UnknownBooking(f"account {account.name}@{account.domain}: {problems}")
        return subscription_of(account, self.tariffs, provider=self.config.tariff.provider)

    def limits_calls(self, booking: BookedOption) -> bool:
        """Return whether the count of an option limits the calls at once."""
        tariff = self.tariffs.plans.get(booking.provider)
        option = None if tariff is None else tariff.options.get(booking.option_id)
        return option is not None and option.concurrent_calls is not None

    @property
    def has_site(self) -> bool:
        """Whether there is a site in the state folder."""
        return (self.config.state_folder / "site.db").exists()

    @contextmanager
    def edit(self) -> Iterator[SiteEdit]:
        """Change the site, whole or not at all; a running switch then takes it over."""
        with self.edit_of_new_site() as site:
            yield site
        self._reload()

    @contextmanager
    def edit_of_new_site(self) -> Iterator[SiteEdit]:
        """Change a site that no switch can be running with yet, so that there is nobody to tell."""
        offer = Offer(self.tariffs, provider=self.config.tariff.provider)
        with self._store() as store, store.edit(today=self.today(), offer=offer) as site:
            yield site

    @contextmanager
    def _store(self) -> Iterator[SiteStore]:
        store = SiteStore.open(
            self.config.state_folder,
            domains=self.config.domains,
            provider=self.config.tariff.provider,
            presets=self.presets,
        )
        try:
            yield store
        finally:
            store.close()

    def _reload(self) -> None:
        try:
            self.control.call("reload")
        except SwitchNotRunning:
            note("No switch is running; the change holds from its next start.")
        except ControlError as error:
            raise ControlError(f"the change is stored, but not yet in force: {error}") from error
