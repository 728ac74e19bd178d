"""Every reading that a row or rule carries is explained in the documentation."""

from __future__ import annotations

import re
from pathlib import Path

from tests.rating.shipped import tariffs

ROOT = Path(__file__).parents[2]
READING = re.compile(r"\bR-[A-Z0-9]+(?:-[A-Z0-9]+)*")


def explained() -> set[str]:
    rows = (ROOT / "docs/tariffs.md").read_text().partition("### Readings")[2].splitlines()
    return {name for row in rows if row.startswith("|") for name in READING.findall(row[:40])}


def test_readings_of_the_data_are_explained() -> None:
    plan = tariffs().plan("tgnet")
    used = {name for option in plan.options.values() for name in option.readings}
    assert plan.on_net is not None
    used |= set(plan.on_net.readings)
    for price_list in plan.price_lists:
        used |= set(price_list.terms.readings)
        used |= {name for rate in price_list.rates for name in rate.readings}
    assert used
    assert used <= explained()


def test_readings_of_the_code_are_explained() -> None:
    used: set[str] = set()
    for room in ("pricing", "engine"):
        for path in (ROOT / "rating" / room).glob("*.py"):
            used |= set(re.findall(r'"(R-[A-Z0-9-]+)"', path.read_text()))
    assert {"R-VAT", "R-EMERG", "R-EMPTY-MOBILE"} <= used <= explained()
