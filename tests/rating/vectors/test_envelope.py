from __future__ import annotations

import json
from itertools import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rating.vectors import LINE_BYTES_MAX, LineProblem, Vector, envelope, read_vectors

LINE = b'{"id":"one","input":{}}\n'


def read(*lines: bytes) -> list[Vector | LineProblem]:
    return list(read_vectors(lines))


def message(*lines: bytes) -> str:
    (found,) = read(*lines)
    assert isinstance(found, LineProblem)
    return found.message


def test_a_vector_keeps_its_line_and_what_it_says() -> None:
    written = {"id": "a.b_c-1", "rules": ["EN-02"], "comment": "x\n", "input": {"a": 1}}
    (found,) = read(b"# comment\n", b" \r\n", json.dumps(written | {"output": {}}).encode())
    assert found == Vector(3, "a.b_c-1", ("EN-02",), "x\n", {"a": 1}, {})
    (found,) = read(json.dumps(written).encode())
    assert isinstance(found, Vector)
    assert found.output is None


def test_a_header_of_this_version_is_no_vector() -> None:
    header = b'{"format":"rating-vectors","version":1}\n'
    (found,) = read(b"# first\n", header, LINE)
    assert isinstance(found, Vector)
    _, late = read(LINE, header)
    assert late == LineProblem(2, "id is missing; expected an id of a-z 0-9 . _ -")


@pytest.mark.parametrize(
    "header",
    [
        b'{"format":"rating-vectors","version":2}',
        b'{"format":"rating-vectors","version":true}',
        b'{"format":"rating-vectors"}',
        b'{"format":"other","version":1}',
        b'{"format":"rating-vectors","version":1,"more":1}',
    ],
)
def test_after_another_header_nothing_is_read(header: bytes) -> None:
    assert "format" in message(header, LINE) or "rating-vectors" in message(header, LINE)


def test_a_bad_line_is_told_and_the_next_is_read() -> None:
    first, second, third = read(b"{\n", LINE, LINE)
    assert isinstance(first, LineProblem)
    assert isinstance(second, Vector)
    assert third == LineProblem(3, "id one stands in line 2 already")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"[]", "no JSON object"),
        (b"null", "no JSON object"),
        (b"\xff{}", "no UTF-8"),
        (b'\xef\xbb\xbf{"id":"one"}', "no JSON object"),
        (b'{"id":"one","id":"two","input":{}}', "key 'id' stands twice"),
        (b'{"id":"one","input":{"a":{"b":1,"b":1}}}', "key 'b' stands twice"),
        (b'{"id":"one","input":{"price":0.1}}', "'0.1' must stand in quotation marks"),
        (b'{"id":"one","input":{"price":1e3}}', "'1e3' must stand in quotation marks"),
        (b'{"id":"one","input":{"price":NaN}}', "'NaN' must stand in quotation marks"),
        (b'{"id":"one","input":{"n":1234567890123456}}', "is too long"),
        (b'{"id":"one","comment":"\\ud800","input":{}}', "half a surrogate pair"),
        (b'{"id":"one","\\udc00":1,"input":{}}', "half a surrogate pair"),
        (b'{"id":"One","input":{}}', "id must be an id of a-z 0-9 . _ -, not 'One'"),
        (b'{"id":"","input":{}}', "id must be"),
        (b'{"id":7,"input":{}}', "id must be"),
        (b'{"input":{}}', "id is missing"),
        (b'{"id":"one"}', "input is missing; expected an object"),
        (b'{"id":"one","input":[]}', "input must be an object, not []"),
        (b'{"id":"one","input":{},"output":1}', "output must be an object, not 1"),
        (b'{"id":"one","input":{},"expected":{}}', "unknown key 'expected'"),
        (b'{"id":"one","input":{},"rules":"EN-02"}', "rules must be a list"),
        (b'{"id":"one","input":{},"rules":["en"]}', "rules must be a list; each entry"),
        (b'{"id":"one","input":{},"comment":7}', "comment must be a text, not 7"),
        (b'{"a":' + b"[" * 9000, "too deep"),
    ],
)
def test_what_is_wrong_is_said(line: bytes, said: str) -> None:
    assert said in message(line)


def test_a_long_line_is_not_parsed() -> None:
    assert message(b" " * LINE_BYTES_MAX + LINE) == f"the line has more than {LINE_BYTES_MAX} bytes"
    assert isinstance(
        read(LINE.replace(b"\n", b" " * (LINE_BYTES_MAX - len(LINE)) + b"\n"))[0], Vector
    )


def test_there_is_an_end_to_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "VECTORS_MAX", 2)
    lines = (b'{"id":"%d","input":{}}' % number for number, _ in enumerate(repeat(0)))
    found = list(read_vectors(lines))
    assert found[2:] == [LineProblem(3, "more than 2 vectors")]


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_any_bytes_are_vectors_or_problems(lines: list[bytes]) -> None:
    assert all(isinstance(one, Vector | LineProblem) for one in read_vectors(lines))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    ),
    st.sampled_from(("id", "rules", "comment", "input", "output", "format", "other")),
)
def test_any_json_is_a_vector_or_a_problem(value: object, key: str) -> None:
    line = json.dumps({"id": "one", "input": {}} | {key: value}).encode()
    (found,) = read(line)
    assert found.line == 1
    if isinstance(found, LineProblem):
        assert found.message.isprintable()
