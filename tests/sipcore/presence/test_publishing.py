"""PUBLISH: entity-tags, and documents that nobody can trust."""

from __future__ import annotations

import pytest

from sipcore.errors import RemoteError
from sipcore.limits import DEFAULT_LIMITS, PIDF_TEXT_CHARS_MAX, PIDF_TUPLES_MAX
from sipcore.message import Request
from sipcore.presence.pidf import Presence, PresenceTuple, render_presence
from sipcore.presence.pidf_reader import parse_presence
from sipcore.presence.publication import Publications, Published
from tests.support.phones import CountingIdentifiers

NOW = 100.0
PIDF = 'xmlns="urn:ietf:params:xml:ns:pidf"'
AWAY = Presence((PresenceTuple("t", False),), ("away",), (("en", "back soon"),))


def body(presence: Presence = AWAY) -> bytes:
    return render_presence("sip:alice@x", presence).body(0)


def publications() -> Publications:
    return Publications(CountingIdentifiers("p"))


def publish(
    kept: Publications, content: bytes = b"", *, etag: str = "", expires_s: int = 60,
    now: float = NOW, content_type: str = "application/pidf+xml",
) -> Published:  # fmt: skip
    request = Request("PUBLISH", "sip:alice@x", [("event", "presence")], content)
    if content:
        request.add("content-type", content_type)
    if etag:
        request.add("sip-if-match", etag)
    return kept.publish("1", request, expires_s=expires_s, now=now)


def etag_of(answer: Published) -> str:
    return dict(answer.fields)["sip-etag"]


def test_what_is_published_is_what_is_read() -> None:
    full = Presence(
        (PresenceTuple("a", True, "sip:alice@x", (("de", "da"),)), PresenceTuple("b", False)),
        ("meeting", "busy"),
        (("", "x < y"),),
    )
    assert parse_presence(body(full)) == full


def test_a_publication_lives_from_tag_to_tag() -> None:
    kept = publications()
    first = publish(kept, body())
    assert (first.status, first.has_changed) == (200, True)
    assert dict(first.fields)["expires"] == "60"
    assert list(kept.of("1")) == [AWAY]

    refreshed = publish(kept, etag=etag_of(first), now=NOW + 50)
    assert (refreshed.status, refreshed.has_changed) == (200, False)
    assert etag_of(refreshed) != etag_of(first)
    assert kept.expire(now=NOW + 61) == []
    assert list(kept.of("1")) == [AWAY]

    other = Presence((PresenceTuple("t", True),))
    changed = publish(kept, body(other), etag=etag_of(refreshed), now=NOW + 60)
    assert (changed.status, changed.has_changed) == (200, True)
    assert list(kept.of("1")) == [other]

    gone = publish(kept, etag=etag_of(changed), expires_s=0, now=NOW + 61)
    assert (gone.status, gone.has_changed) == (200, True)
    assert dict(gone.fields)["expires"] == "0"
    assert list(kept.of("1")) == []
    assert kept.next_deadline() is None


def test_a_tag_that_is_not_known_is_refused() -> None:
    kept = publications()
    first = publish(kept, body())
    publish(kept, etag=etag_of(first))
    assert publish(kept, etag=etag_of(first)).status == 412
    assert publish(kept, body(), etag="other").status == 412
    assert publish(kept, etag="a, b").status == 400
    assert kept.count == 1


def test_what_is_not_refreshed_expires() -> None:
    kept = publications()
    publish(kept, body())
    assert kept.next_deadline() == NOW + 60
    assert kept.expire(now=NOW + 60) == ["1"]
    assert kept.count == 0


def test_a_first_publication_has_a_body_of_the_right_type() -> None:
    kept = publications()
    assert publish(kept).status == 400
    refused = publish(kept, b"x", content_type="text/plain")
    assert (refused.status, refused.fields) == (415, (("accept", "application/pidf+xml"),))
    assert kept.count == 0


def test_the_publications_of_an_account_are_bounded() -> None:
    kept = publications()
    for _ in range(DEFAULT_LIMITS.publications_per_account_max):
        assert publish(kept, body()).status == 200
    assert publish(kept, body()).status == 403
    kept.forget("1")
    assert kept.count == 0


def test_a_publication_that_ends_at_once_is_not_kept() -> None:
    kept = publications()
    answer = publish(kept, body(), expires_s=0)
    assert (answer.status, answer.has_changed, kept.count) == (200, False, 0)


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE presence [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>
<presence xmlns="urn:ietf:params:xml:ns:pidf"><note>&b;</note></presence>"""
FETCHES = b"""<!DOCTYPE presence SYSTEM "file:///etc/passwd">
<presence xmlns="urn:ietf:params:xml:ns:pidf"/>"""


@pytest.mark.parametrize(
    "data",
    [
        LAUGHS,
        FETCHES,
        b"",
        b"nonsense",
        b"<presence/>",
        b"<other xmlns='urn:ietf:params:xml:ns:pidf'/>",
        f"<presence {PIDF}><note>&unknown;</note></presence>".encode(),
        f"<presence {PIDF}>".encode(),
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="no-such"?><presence/>',
        f"<presence {PIDF}>{'<a>' * 50}{'</a>' * 50}</presence>".encode(),
        f"<presence {PIDF}>{'<a/>' * 300}</presence>".encode(),
    ],
)
def test_a_hostile_document_is_refused(data: bytes) -> None:
    with pytest.raises(RemoteError) as caught:
        parse_presence(data)
    assert caught.value.status_hint == 400


def test_a_large_document_is_not_looked_at() -> None:
    with pytest.raises(RemoteError) as caught:
        parse_presence(b" " * (DEFAULT_LIMITS.publication_bytes_max + 1))
    assert caught.value.status_hint == 413


def test_of_what_is_read_only_the_listed_goes_on() -> None:
    tuples = "".join(
        f'<tuple id="{place}"><status><basic>open</basic><x xmlns="u:x">secret</x></status>'
        "<contact>javascript:alert(1)</contact></tuple>"
        for place in range(PIDF_TUPLES_MAX + 3)
    )
    data = (
        f'<presence {PIDF} xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"'
        ' xmlns:r="urn:ietf:params:xml:ns:pidf:rpid">'
        f'{tuples}<tuple id="z"/><note xml:lang="no lang">{"n" * 999}</note>'
        '<dm:person id="p"><r:activities><r:away/><r:away/><r:plotting/><tv/></r:activities>'
        "</dm:person></presence>"
    )
    found = parse_presence(data.encode())
    assert len(found.tuples) == PIDF_TUPLES_MAX
    assert found.tuples[0] == PresenceTuple("t0", True)
    assert found.notes == (("", "n" * PIDF_TEXT_CHARS_MAX),)
    assert found.activities == ("away",)
