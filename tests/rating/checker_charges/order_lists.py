"""What no price list lets anybody order, read from the raw rows."""

from __future__ import annotations

from typing import Any

from tests.rating.checker_charges.sheets import BEGINS, orders, rows

Json = dict[str, Any]
Found = list[tuple[str, list[str], int]]
REFUSING = ("included", "unavailable", "impossible", "on_request")
NOT_ORDERABLE = "not-orderable"


def not_orderable(question: Json, lines: list[Json], after: dict[str, int]) -> Found:
    """Find lines without a row for their plan, or with a row that has a word for no."""
    provider = question["provider"]
    header = orders(provider)["charge_list"][0]["line"]
    found: Found = []
    for one in lines:
        item = one["item"]
        if one.get("count", 1) <= 0 or item in orders(provider).get("items_without_fee", []):
            continue
        sheet = [row for row in rows(provider, "fees.csv") if is_for(row, item, one.get("plan"))]
        if question["on"] < BEGINS[provider] or not sheet:
            found.append((NOT_ORDERABLE, [item], header))
            continue
        for row in sheet:
            refuses = row["once"] in REFUSING or row["monthly"] in REFUSING
            if refuses and is_reached(row, after[item]):
                found.append((NOT_ORDERABLE, [item], int(row["line"])))
    return found


def is_for(row: dict[str, str], item: str, plan: str | None) -> bool:
    plans = (row.get("plans") or "").split()
    return row["item"] == item and row["billing"] != "reduction" and (not plans or plan in plans)


def is_reached(row: dict[str, str], count: int) -> bool:
    """Tell whether so many units need the row; a team of many needs that of its size only."""
    first = int(row["from_count"] or 1)
    if row["billing"] == "team" and row["to_count"] and count > int(row["to_count"]):
        return False
    return count >= first
