"""The telephone company of the demo: the shipped demo site, with simulated carriers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from freiton.config import Config, HostPort, shipped
from freiton.config.rating_data import read_tariffs
from freiton.config.settings import Http, Listener, Transport
from freiton.storage.site.edit import SiteEdit
from freiton.storage.site.offer import Offer
from freiton.storage.site.site_file import import_site
from freiton.storage.site.specs import TrunkSpec
from freiton.storage.site_store import SiteStore
from rating.pricing import TariffPlan
from sipcore.transport.flow import Address

_FREE: Final = HostPort("127.0.0.1", 0)
"""Port 0: whatever is free, so that a demo disturbs no switch on this machine."""


def own_config(config: Config, state_folder: Path) -> Config:
    """Return the settings with sockets and a state folder of the demo's own."""
    listener = Listener(name="udp", transport=Transport.UDP, listen=_FREE)
    return config.model_copy(
        update={
            "state_folder": state_folder,
            "listeners": (listener,),
            "http": Http(listen=_FREE),
        }
    )


class Company:
    """The site in the state folder, changed as the operator's commands change it."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._tariffs = read_tariffs(config)

    @property
    def plan(self) -> TariffPlan:
        """The tariff."""
        return self._tariffs.plan(self._config.tariff.provider)

    def found(self, carriers: Mapping[str, Address]) -> dict[str, str]:
        """Put the demo site in place; return the new password of each device."""
        with self._edit() as site:
            report = import_site(shipped("demo", "site.toml"), site)
            for name, (host, port) in carriers.items():
                known = site.trunks.described(name)
                address = {"host": HostPort(host, port), "domain": None, "sources": None}
                site.trunks.put(TrunkSpec.model_validate({**known, **address}))
        return {issued.user: issued.password for issued in report.passwords}

    def book_flatrate(self, account: str) -> None:
        """Book one more flatrate."""
        with self._edit() as site:
            row = site.accounts.get(account)
            site.options.book(row, site.options.flatrate(row))

    def account_ids(self) -> dict[str, str]:
        """Return what stands for each account in records, by its name."""
        store = self._open()
        try:
            return {one.name: str(one.id) for one in store.load_directory().accounts}
        finally:
            store.close()

    def trunk_ids(self) -> dict[str, str]:
        """Return what stands for each trunk in records, by its name."""
        store = self._open()
        try:
            return {one.name: str(one.id) for one in store.load_directory().trunks}
        finally:
            store.close()

    def _open(self) -> SiteStore:
        return SiteStore.open(
            self._config.state_folder,
            domains=self._config.domains,
            provider=self._config.tariff.provider,
        )

    def _today(self) -> date:
        return datetime.now(UTC).astimezone(self.plan.time_zone).date()

    @contextmanager
    def _edit(self) -> Iterator[SiteEdit]:
        offer = Offer(self._tariffs, provider=self._config.tariff.provider)
        store = self._open()
        try:
            with store.edit(today=self._today(), offer=offer) as site:
                yield site
        finally:
            store.close()
