"""The SIPp scenarios as files: what SIPp itself would notice too late or not at all."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.support.sipp import SCENARIOS

FILES = sorted(SCENARIOS.rglob("*.xml"))
README = (SCENARIOS / "README.md").read_text()
MESSAGES = frozenset({"send", "recv", "pause", "nop", "timewait"})


def name_of(path: Path) -> str:
    return str(path.relative_to(SCENARIOS))


def messages(path: Path) -> list[ET.Element]:
    root = ET.fromstring(path.read_text())  # noqa: S314  # our own files
    return [element for element in root if element.tag in MESSAGES]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_the_readme_tells_how_to_run_it(path: Path) -> None:
    assert f"`{name_of(path)}`" in README


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_is_named_for_its_role(path: Path) -> None:
    first = messages(path)[0]
    assert first.tag == {"uac": "send", "uas": "recv"}[path.stem.split("-")[0]]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_call_ids_are_bare(path: Path) -> None:
    for value in re.findall(r"^Call-ID: (.*)$", path.read_text(), re.MULTILINE):
        assert value == "[call_id]"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_an_ack_or_cancel_has_the_branch_of_its_invite(path: Path) -> None:
    sent = messages(path)
    for place, message in enumerate(sent):
        for back in re.findall(r"\[branch-(\d+)\]", message.text or ""):
            method, uri, number = _start(message)
            of = _start(sent[place - int(back)])
            assert method in {"ACK", "CANCEL"}
            assert of == ("INVITE", uri, number)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_an_answer_copies_what_the_dialog_needs(path: Path) -> None:
    for message in messages(path):
        text = (message.text or "").strip()
        if re.match(r"SIP/2\.0 (180|200)", text) and "Contact:" in text:
            assert "[last_Record-Route:]" in text


def _start(message: ET.Element) -> tuple[str, str, str]:
    text = (message.text or "").strip()
    match = re.match(r"(\w+) (\S+) SIP/2\.0\n(?:.*\n)*?CSeq: (\d+) \1$", text, re.MULTILINE)
    assert match, text[:60]
    return match[1], match[2], match[3]
