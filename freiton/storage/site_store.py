"""The site in the state folder: read as a directory, changed in transactions."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Self

from freiton.config.trunk_profiles import TrunkPreset, read_trunk_presets
from freiton.routing.directory import Directory
from freiton.storage.secrets_box import SecretsBox, SecretsError
from freiton.storage.site.edit import SiteEdit
from freiton.storage.site.offer import Offer
from freiton.storage.site.read import read_directory
from freiton.storage.site_database import SiteDatabase, SiteError

__all__ = ["SiteError", "SiteStore"]


class SiteStore:
    """Customers, accounts with all that is theirs, and trunks, in `site.db` and `secret.key`."""

    def __init__(
        self,
        database: SiteDatabase,
        box: SecretsBox,
        domains: tuple[str, ...],
        presets: Mapping[str, TrunkPreset],
    ) -> None:
        self._database = database
        self._box = box
        self._domains = domains
        self._presets = presets

    @classmethod
    def open(
        cls,
        state_folder: Path,
        *,
        domains: tuple[str, ...],
        provider: str,
        presets: Mapping[str, TrunkPreset] | None = None,
    ) -> Self:
        """Open the site of a state folder, or make an empty one.

        `domains` are those of the settings, the default one first, and so is the `provider` of
        accounts without a booked plan. `presets` are the profiles of trunks, the shipped ones when
        none are given. Raises SiteError or SecretsError; a site whose key is gone
        is not opened with a new one.
        """
        _make_folder(state_folder)
        site, key = state_folder / "site.db", state_folder / "secret.key"
        if key.exists():
            box = SecretsBox.open(key)
        elif site.exists():
            raise SecretsError(f"{key} is missing; without it {site} cannot be read")
        else:
            box = SecretsBox.create(key)
        return cls(
            SiteDatabase(site, provider=provider),
            box,
            domains,
            read_trunk_presets() if presets is None else presets,
        )

    @contextmanager
    def edit(self, *, today: date, offer: Offer) -> Iterator[SiteEdit]:
        """Change the site: all that is done in the block, or nothing of it.

        `today` is the local date of the tariff calendar, `offer` what can be booked.
        """
        with self._database.transaction() as session:
            yield SiteEdit(
                session,
                self._box,
                domains=self._domains,
                today=today,
                offer=offer,
                presets=self._presets,
            )

    def load_directory(self, *, local_hosts: Iterable[str] = ()) -> Directory:
        """Return a consistent view of the whole site.

        `local_hosts` are further names of the default domain, such as listeners' addresses.
        """
        with self._database.transaction() as session:
            return read_directory(
                session,
                self._box,
                domains=self._domains,
                local_hosts=local_hosts,
                presets=self._presets,
            )

    def key_for(self, purpose: str) -> bytes:
        """Return a key of this site for one purpose; it lasts as long as `secret.key` does."""
        return self._box.key_for(purpose)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SiteError(f"{folder} cannot be made: {error.strerror}") from error
