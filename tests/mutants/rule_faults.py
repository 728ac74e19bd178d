"""The faults that rules of the price documents name themselves: edits of code that remove a rule.

Edits of data are no faults of this kind; ``tests/vectors/test_rules.py`` makes them in memory.
"""

from __future__ import annotations

from tests.mutants.faults import Fault
from tests.vectors.files import Rule, read_rules

KINDS = {"calls": "test_call", "charges": "test_charge"}


def rule_faults() -> tuple[Fault, ...]:
    """Give a fault for each edit of code; the vectors of its rule must notice it."""
    return tuple(
        Fault(f"{rule.id}-{number}", mutant.file, mutant.old, mutant.new, _tests(rule))
        for kind in KINDS
        for rule in read_rules(kind)
        for number, mutant in enumerate(rule.mutants, start=1)
        if not mutant.is_of_data
    )


def _tests(rule: Rule) -> tuple[str, ...]:
    test = f"tests/vectors/test_vectors.py::{KINDS[rule.kind]}"
    return tuple(f"{test}[{name}]" for name in rule.vectors)
