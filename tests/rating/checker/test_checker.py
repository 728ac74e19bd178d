"""The engine against the slow checker, on calls that nobody chose."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from rating.vectors import answer_call_vector, read_call_input
from tests.rating.checker.answer import answer as answer_slowly
from tests.rating.checker.files import providers, tariff
from tests.rating.checker.make_calls import make_call
from tests.rating.shipped import numbering, tariffs

HERE = Path(__file__).parent
CALLS = 25_000
SEEDS = range(4)
LONG_SEEDS = range(100, 140)
NEEDED = {"provider", "plan", "answered_at", "duration_s"}

Json = dict[str, Any]


def answer_by_engine(call: Json) -> Json:
    return dict(answer_call_vector(read_call_input(call), tariffs(), numbering()).to_json())


def differs(call: Json, answer: Callable[[Json], Json] = answer_by_engine) -> bool:
    try:
        return answer(call) != answer_slowly(call)
    except Exception:  # a smaller call may be none
        return False


def smaller(call: Json) -> Iterator[Json]:
    """Give calls that lack one thing of a call."""
    for key in sorted(call.keys() - NEEDED):
        yield {name: value for name, value in call.items() if name != key}
    for key in ("options", "allowance_used"):
        for lost in range(len(call.get(key, []))):
            kept = [one for number, one in enumerate(call[key]) if number != lost]
            yield call | {key: kept if key == "options" else {one: call[key][one] for one in kept}}


def shrink(call: Json, is_wrong: Callable[[Json], bool]) -> Json:
    for candidate in smaller(call):
        if is_wrong(candidate):
            return shrink(candidate, is_wrong)
    return call


def compare(seed: int, answer: Callable[[Json], Json] = answer_by_engine) -> Counter[str]:
    """Compare so many calls; return what was met among them."""
    random, met = Random(seed), Counter[str]()  # noqa: S311 - to be repeated
    for number in range(CALLS):
        call = make_call(random)
        slow, fast = answer_slowly(call), answer(call)
        if slow != fast:
            small = shrink(call, partial(differs, answer=answer))
            vector = {"id": f"seed-{seed}-{number}", "input": small, "output": answer_slowly(small)}
            pytest.fail(f"{json.dumps(vector)}\nthe engine says {answer(small)}")
        met[f"{call['provider']} {call['plan']}"] += 1
        met[f"reason {slow['reason']}"] += 1
        met[f"flat {slow.get('flat')}"] += 1
        met.update(f"allowance {option}" for option in slow.get("allowance_s", {}))
    return met


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
def test_engine_and_checker_agree(seed: int) -> None:
    met = compare(seed)
    assert met["reason None"] > CALLS // 3
    for provider in providers():
        rules = tariff(provider)
        assert all(met[f"{provider} {plan['id']}"] for plan in rules["plan"])
        for option in rules.get("option", []):
            if option["kind"] in ("flat", "allowance"):
                assert met[f"{option['kind']} {option['id']}"], option["id"]
    reasons = ("no_row", "external_price", "before_list", "no_plan", "premium_abroad", "unknown")
    assert all(met[f"reason {reason}"] for reason in reasons), met
    assert all(met[f"flat {flat}"] for flat in ("own_network", "internal", "by_law")), met


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", LONG_SEEDS)
def test_engine_and_checker_agree_a_million_times(seed: int) -> None:
    compare(seed)


def test_a_failure_is_told_as_the_smallest_call() -> None:
    call: Json = dict.fromkeys((*NEEDED, "dialled", "callee"), "any")
    call |= {"options": [{"id": "a"}, {"id": "b"}], "running_calls": 2}

    def is_wrong(one: Json) -> bool:
        return {"id": "b"} in one.get("options", [])

    assert shrink(call, is_wrong).keys() == NEEDED | {"options"}
    assert shrink(call, is_wrong)["options"] == [{"id": "b"}]


def test_a_difference_fails_with_its_seed_and_its_vector() -> None:
    def answer_wrongly(call: Json) -> Json:
        found = answer_slowly(call)
        return found | {"flat": "FLAT.FR"} if found.get("flat") == "FLAT.DE" else found

    with pytest.raises(pytest.fail.Exception) as failed:
        compare(7, answer_wrongly)
    vector = json.loads(str(failed.value).partition("\n")[0])
    assert vector["id"].startswith("seed-7-")
    assert vector["input"].keys() == NEEDED | {"dialled", "options"}
    assert vector["output"]["flat"] == "FLAT.DE"


@pytest.mark.parametrize("path", sorted(HERE.glob("*.py")), ids=lambda path: path.name)
def test_the_checker_shares_no_code_with_the_engine(path: Path) -> None:
    imported = {
        name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom | ast.Import)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [a.name for a in node.names]
        )
    }
    uses_engine = any(name.split(".")[0] in ("rating", "freiton") for name in imported)
    assert uses_engine is (path == Path(__file__))
