"""What stands in the bodies of NOTIFY requests, read with a reader that is not ours."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import HTTP
from xml.etree import ElementTree as ET

import pytest

from sipcore.presence.dialog_info import (
    DialogElement,
    DialogState,
    Direction,
    render_dialog_info,
)
from sipcore.presence.document import Document
from sipcore.presence.message_summary import Mailbox, render_message_summary
from sipcore.presence.pidf import Presence, PresenceTuple, render_presence
from sipcore.presence.registration_info import ContactElement, render_registration_info
from sipcore.presence.resource_list import ResourceState, render_list
from sipcore.presence.xml_text import escape

ALICE = "sip:alice@freiton.example"
DI = "{urn:ietf:params:xml:ns:dialog-info}"
RI = "{urn:ietf:params:xml:ns:reginfo}"
PI = "{urn:ietf:params:xml:ns:pidf}"
RL = "{urn:ietf:params:xml:ns:rlmi}"
NASTY = "<&\"'>\x00\ud800 \n\t\x7f\U0001f4de]]>"


def read(document: Document, version: int = 0) -> ET.Element:
    return ET.fromstring(document.body(version))  # noqa: S314 - written by us


def text(parent: ET.Element, path: str) -> str:
    found = parent.find(path)
    assert found is not None, path
    return found.text or ""


@pytest.mark.parametrize("value", [NASTY, "a\ud83d", "\ufffe", "\x0b"])
def test_no_text_becomes_markup(value: str) -> None:
    element = ET.fromstring(f'<a b="{escape(value)}">{escape(value)}</a>')  # noqa: S314
    expected = "".join(
        one if one in "\t\n" or (one >= " " and one not in "\ud800\ud83d\ufffe") else "\ufffd"
        for one in value
    )
    assert element.text == expected
    assert element.get("b") == expected


def test_an_idle_account_has_an_empty_document() -> None:
    root = read(render_dialog_info(ALICE, ()), 7)
    assert root.tag == f"{DI}dialog-info"
    assert root.attrib == {"version": "7", "state": "full", "entity": ALICE}
    assert len(root) == 0


def test_a_ringing_call_says_how_to_pick_it_up() -> None:
    dialog = DialogElement(
        "d1", Direction.RECIPIENT, DialogState.EARLY, "c&1", "theirs", "ours", "sip:bob@x"
    )
    found = read(render_dialog_info(ALICE, [dialog])).find(f"{DI}dialog")
    assert found is not None
    assert found.attrib == {
        "id": "d1", "call-id": "c&1", "local-tag": "theirs", "remote-tag": "ours",
        "direction": "recipient",
    }  # fmt: skip
    assert text(found, f"{DI}state") == "early"
    assert text(found, f"{DI}local/{DI}identity") == ALICE
    assert text(found, f"{DI}remote/{DI}identity") == "sip:bob@x"


def test_who_is_on_the_other_side_is_left_out_unless_given() -> None:
    dialog = DialogElement("d1", Direction.INITIATOR, DialogState.TRYING)
    found = read(render_dialog_info(ALICE, [dialog])).find(f"{DI}dialog")
    assert found is not None
    assert found.attrib == {"id": "d1", "direction": "initiator"}
    assert found.find(f"{DI}remote") is None


def test_equal_states_share_what_is_rendered() -> None:
    document = render_dialog_info(ALICE, ())
    assert document.body(1).replace(b'version="1"', b'version="22"') == document.body(22)
    assert len(document.body(1)) == len(document) + 1


def test_a_message_summary() -> None:
    body = render_message_summary(ALICE, Mailbox(2, 8, 1, 0)).body(5)
    assert body == (
        b"Messages-Waiting: yes\r\nMessage-Account: sip:alice@freiton.example\r\n"
        b"Voice-Message: 2/8 (1/0)\r\n"
    )
    assert render_message_summary(ALICE, Mailbox(0, 3)).body(0).startswith(b"Messages-Waiting: no")


def test_a_registration() -> None:
    contacts = [
        ContactElement("sip:a@192.0.2.1", 60, 500, "c1", 7, "<urn:uuid:1>"),
        ContactElement("sip:a@192.0.2.2", 0, ended_by="expired"),
    ]
    root = read(render_registration_info(ALICE, "r1", contacts), 3)
    assert root.attrib == {"version": "3", "state": "full"}
    registration = root.find(f"{RI}registration")
    assert registration is not None
    assert registration.attrib == {"aor": ALICE, "id": "r1", "state": "active"}
    first, second = registration.findall(f"{RI}contact")
    assert (first.get("state"), first.get("event"), first.get("q")) == (
        "active",
        "registered",
        "0.5",
    )
    assert (first.get("callid"), first.get("cseq"), first.get("expires")) == ("c1", "7", "60")
    assert text(first, f"{RI}uri") == "sip:a@192.0.2.1"
    assert text(first, f"{RI}unknown-param") == '"<urn:uuid:1>"'
    assert (second.get("state"), second.get("event")) == ("terminated", "expired")
    assert first.get("id") != second.get("id")
    again = read(render_registration_info(ALICE, "r1", contacts[:1]))
    found = again.find(f".//{RI}contact")
    assert found is not None
    assert found.get("id") == first.get("id")


@pytest.mark.parametrize(
    ("contacts", "state"),
    [([], "init"), ([ContactElement("sip:a@b", 0, ended_by="expired")], "terminated")],
)
def test_nobody_registered(contacts: list[ContactElement], state: str) -> None:
    found = read(render_registration_info(ALICE, "r1", contacts)).find(f"{RI}registration")
    assert found is not None
    assert found.get("state") == state


def test_presence() -> None:
    presence = Presence(
        (PresenceTuple("t1", True, "sip:alice@x", (("de", "da"), ("", "<b>"))),),
        ("on-the-phone",),
        (("", "in Berlin"),),
    )
    root = read(render_presence(ALICE, presence))
    assert root.get("entity") == ALICE
    assert text(root, f"{PI}tuple/{PI}status/{PI}basic") == "open"
    assert [one.text for one in root.findall(f"{PI}tuple/{PI}note")] == ["da", "<b>"]
    assert text(root, f"{PI}note") == "in Berlin"
    rpid = "{urn:ietf:params:xml:ns:pidf:rpid}"
    assert root.find(f".//{rpid}activities/{rpid}on-the-phone") is not None


def test_a_list_is_one_body_with_a_part_for_each() -> None:
    resources = [
        ResourceState("r1", ALICE, "active", document=render_dialog_info(ALICE, ())),
        ResourceState("r2", "sip:x@y", "terminated", "rejected"),
        ResourceState(
            "r3", "sip:z@y", "active", document=render_dialog_info("sip:z@y", ()), is_told=False
        ),
    ]
    made = render_list(
        "sip:team@x", resources, version=4, is_full=True, boundary="b1", domain="x.example"
    )
    head = f"Content-Type: {made.content_type}\r\n\r\n".encode()
    message = message_from_bytes(head + made.body, policy=HTTP)
    assert message.is_multipart()
    meta, *parts = message.iter_parts()
    assert meta["Content-ID"] == message.get_param("start")
    assert meta.get_content_type() == message.get_param("type") == "application/rlmi+xml"
    root = ET.fromstring(meta.get_content())  # noqa: S314
    assert root.attrib == {"uri": "sip:team@x", "version": "4", "fullState": "true"}
    first, second, third = root.findall(f"{RL}resource")
    shown, denied = first.find(f"{RL}instance"), second.find(f"{RL}instance")
    assert shown is not None
    assert denied is not None
    assert denied.attrib == {"id": "r2", "state": "terminated", "reason": "rejected"}
    assert third.find(f"{RL}instance") is None
    assert len(parts) == 1
    assert parts[0]["Content-ID"] == f"<{shown.get('cid')}>"
    body = parts[0].get_content()
    assert ET.fromstring(body).get("version") == "4"  # noqa: S314
