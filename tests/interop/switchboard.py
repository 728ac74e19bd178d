"""A running switch with a small site, for foreign agents to be tried against."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.support.switch_process import SwitchProcess

DOMAIN: Final = "freiton.internal"
PASSWORD: Final = "only-for-tests"
SETTINGS: Final = f'domains = ["{DOMAIN}"]\n[shutdown]\ndeadline_s = 1\n'

ALICE: Final = "+493023125001"
BOB: Final = "+493023125002"

SITE: Final = f"""
customers = ["Interop"]

[[accounts]]
name = "alice"
customer = "Interop"
area_code = "30"
numbers = ["{ALICE}"]
devices = [
    {{ user = "alice-desk", password = "{PASSWORD}" }},
    {{ user = "alice-mobile", password = "{PASSWORD}" }},
]

[[accounts]]
name = "bob"
customer = "Interop"
area_code = "30"
numbers = ["{BOB}"]
devices = [{{ user = "bob-desk", password = "{PASSWORD}" }}]
"""


def found(
    folder: Path, *, trunks: str = "", settings: str = SETTINGS, has_own_listeners: bool = False
) -> SwitchProcess:
    """Return a switch with the site in place, not started yet."""
    site = folder / "site.toml"
    site.write_text(SITE + trunks)
    switch = SwitchProcess(folder, settings=settings, has_own_listeners=has_own_listeners)
    switch.cli("site", "import", str(site))
    return switch
