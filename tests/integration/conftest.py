"""One town for each test; its site is made once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.town import Founded, Town, found


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Founded:
    """The site, before any call."""
    return found(tmp_path_factory.mktemp("founded"))


@pytest.fixture
def quiet_town(tmp_path: Path, founded: Founded) -> Iterator[Town]:
    """A switch with its site that is not started yet."""
    town = Town(tmp_path, founded)
    yield town
    town.close()


@pytest.fixture
def town(quiet_town: Town) -> Town:
    """A running switch with its site; nobody is registered yet."""
    quiet_town.switch.start()
    return quiet_town
