"""The tables of rules in ``docs/tariffs.md``: ``python -m tests.vectors.rules_page``.

Each stands between two markers; a test fails when it is not what this makes.
"""

from __future__ import annotations

import re

from tests.vectors.files import ROOT, Rule, read_rules

PAGE = ROOT / "docs" / "tariffs.md"
VECTORS_SHOWN = 4
TABLE = re.compile(r"(<!-- rules of (\w+): .*? -->\n).*?(<!-- end of rules -->)", re.DOTALL)


def render_page(page: str) -> str:
    """Return the page with every table as the rules are now."""
    return TABLE.sub(lambda found: f"{found[1]}{render_rules(found[2])}{found[3]}", page)


def render_rules(provider: str) -> str:
    """Return the table of one provider: first the rules of calls, then those of other charges."""
    rules = [
        rule
        for kind in ("calls", "charges")
        for rule in read_rules(kind)
        if rule.provider == provider
    ]
    rows = ("| id | rule | where | vectors |", "|---|---|---|---|", *map(_row, rules))
    return "".join(f"{row}\n" for row in rows)


def _row(rule: Rule) -> str:
    names = " ".join(f"`{name}`" for name in rule.vectors[:VECTORS_SHOWN])
    others = len(rule.vectors) - VECTORS_SHOWN
    if others > 0:
        names += f" and {others} more"
    cells = (rule.id, rule.text, rule.where, names)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    PAGE.write_text(render_page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
