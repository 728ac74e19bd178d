from __future__ import annotations

from tests.vectors.files import read_rules
from tests.vectors.rules_page import PAGE, TABLE, render_page

COMMAND = "python -m tests.vectors.rules_page"


def test_the_page_lists_the_rules_that_there_are() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == render_page(page), f"run: {COMMAND}"


def test_every_provider_with_rules_has_a_table() -> None:
    tables = [found[2] for found in TABLE.finditer(PAGE.read_text(encoding="utf-8"))]
    assert sorted(tables) == sorted({rule.provider for rule in read_rules("calls")})


def test_a_table_is_made_from_the_rules() -> None:
    page = "a\n<!-- rules of zaluma: x -->\nold\n<!-- end of rules -->\nb"
    rendered = render_page(page)
    assert rendered.startswith("a\n<!-- rules of zaluma: x -->\n| id | rule | where | vectors |\n")
    assert rendered.endswith("|\n<!-- end of rules -->\nb")
    for rule in read_rules("calls"):
        assert (f"| {rule.id} | " in rendered) is (rule.provider == "zaluma")
