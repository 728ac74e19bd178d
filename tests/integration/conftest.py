"""One town for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.town import Town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A running switch with its site; nobody is registered yet."""
    town = Town(tmp_path)
    town.switch.start()
    yield town
    town.close()
