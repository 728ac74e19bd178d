"""The log: one JSON object a line, and no whole telephone number in any of them."""

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from freiton.logs import TEXT_MAX, adopt_library_logs, mask_number, open_log

NUMBER = "+493012345678"


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def logged(**fields: Any) -> dict[str, Any]:
    stream = io.StringIO()
    open_log("info", stream=stream).info("call ended", **fields)
    (line,) = lines(stream)
    return line


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_is_json_with_its_time_and_level() -> None:
    line = logged(call="a1-7f3c", status=200, talk_s=12.5, trunk=None)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "call ended",
        "level": "info",
        "call": "a1-7f3c",
        "status": 200,
        "talk_s": 12.5,
        "trunk": None,
    }


def test_less_than_the_configured_level_is_not_written() -> None:
    stream = io.StringIO()
    log = open_log("warning", stream=stream)
    log.debug("nothing")
    log.info("nothing")
    log.warning("something")
    assert [line["event"] for line in lines(stream)] == ["something"]


@pytest.mark.parametrize(("text", "masked"), [
    (NUMBER, "+493012345***"),
    ("030 123 45-67", "030 123 4*-**"),
    ("sip:+493012345678@pbx.example;user=phone", "sip:+493012345***@pbx.example;user=phone"),
    ("tel:+49(0)30/1234-567", "tel:+49(0)30/1234-***"),
    ("sip:%2B49%33012345678@x", "sip:+493012345***@x"),
    ("from 0171234567 to 0301234567", "from 0171234*** to 0301234***"),
    ("call to 112", "call to 112"),
    ("short 12345", "short 12345"),
    ("10.20.30.40:5060", "10.20.30.40:5060"),
    ("[2001:db8::1]:5060", "[2001:db8::1]:5060"),
    ("٠٣٠١٢٣٤٥٦", "٠٣٠١٢٣***"),
])  # fmt: skip
def test_a_number_loses_its_last_three_digits(text: str, masked: str) -> None:
    assert mask_number(text) == masked


def test_numbers_are_masked_wherever_they_stand() -> None:
    class Peer:
        def __repr__(self) -> str:
            return f"<Peer {NUMBER}>"

    line = logged(
        caller=NUMBER,
        parties=[NUMBER, (NUMBER, {NUMBER})],
        raw=NUMBER.encode(),
        nested={"deep": {NUMBER: NUMBER}},
        peer=Peer(),
    )
    assert NUMBER[-8:] not in json.dumps(line)
    assert line["nested"] == {"deep": {"+493012345***": "+493012345***"}}
    assert line["raw"] == "b'+493012345***'"


def test_a_traceback_is_masked_too() -> None:
    stream = io.StringIO()
    log = open_log("info", stream=stream)
    try:
        int(NUMBER + "x")
    except ValueError:
        log.exception("call failed")
    (line,) = lines(stream)
    assert "with base 10: '+493012345***x'" in line["exception"]
    assert NUMBER[-8:] not in stream.getvalue()


def test_our_own_identifiers_stay_whole() -> None:
    assert logged(call="20261122000017")["call"] == "20261122000017"


def test_a_peer_does_not_decide_how_long_a_line_is() -> None:
    assert len(logged(agent="x" * 1_000_000)["agent"]) == TEXT_MAX


DIGITS = st.text("0123456789", min_size=7, max_size=15)
AROUND = st.text(max_size=12).filter(lambda text: not re.search(r"[\d%]", text))


@given(AROUND, DIGITS, AROUND)
@example("sip:", "493012345678", "@x")
@example("\u2028", "493012345678", "\ud800")  # a line break to some readers; not writable as UTF-8
def test_no_full_number_passes(before: str, digits: str, after: str) -> None:
    line = json.dumps(logged(text=before + digits + after, many=[digits]))
    assert digits not in line
    assert digits[:-3] + "***" in line


@given(DIGITS, st.lists(st.sampled_from(["", " ", "-", "/", " (", ") ", " - "]), min_size=15))
def test_separators_hide_no_number(digits: str, separators: list[str]) -> None:
    written = digits[0] + "".join(
        gap + digit for gap, digit in zip(separators, digits[1:], strict=False)
    )
    assert re.sub(r"\D", "", mask_number(written)) == digits[:-3]


def test_library_logs_take_the_same_way(root_logger: logging.Logger) -> None:
    stream = io.StringIO()
    adopt_library_logs("debug", stream=stream)
    logging.getLogger("aiohttp.server").error("bad request from %s", NUMBER)
    logging.getLogger("asyncio").debug("chatter")
    (line,) = lines(stream)
    assert line["event"] == "bad request from +493012345***"
    assert line["logger"] == "aiohttp.server"
    assert line["level"] == "error"
