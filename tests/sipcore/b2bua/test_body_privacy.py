"""A hidden caller's bodies: the target gets a session without names, and nothing else."""

from __future__ import annotations

import pytest

from sipcore.b2bua.body import Body
from sipcore.b2bua.body_privacy import conceal
from sipcore.b2bua.call_events import Exhausted, Target
from sipcore.message.message import Request
from tests.support.phones import Network

SDP = (
    b"v=0\r\no=alice 1 1 IN IP4 198.51.100.1\r\ns=Alice\r\ne=alice@example.org\r\n"
    b"c=IN IP4 198.51.100.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
)
HIDDEN = (
    b"v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\n"
    b"c=IN IP4 198.51.100.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
)
NEXT = SDP.replace(b"alice 1 1", b"alice 1 2")
NEXT_HIDDEN = HIDDEN.replace(b"- 1 1", b"- 1 2")
DTMF = b"Signal=5\r\nDuration=160\r\n"


def part(content: bytes, media_type: bytes = b"application/sdp", head: bytes = b"") -> bytes:
    return b"--b\r\nContent-Type: " + media_type + b"\r\n" + head + b"\r\n" + content + b"\r\n"


def conceal_text(content: bytes, content_type: str, *fields: tuple[str, str]) -> Body | None:
    return conceal(Body(content, (("content-type", content_type), *fields)))


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (SDP, "application/sdp"),
        (SDP, "Application / SDP;charset=utf-8"),
        (part(SDP) + b"--b--\r\n", "multipart/mixed;boundary=b"),
        (part(b"Alice", b"text/plain") + part(SDP) + b"--b--", 'multipart/mixed; boundary="b"'),
        (b"Alice\r\n" + part(SDP[:-2]) + b"--b--\r\nAlice", "multipart/mixed;x=y;boundary=b"),
        (
            b"--b\n\nAlice\n--b\ncontent-type:application/sdp\n\n" + SDP,
            "multipart/mixed;boundary=b",
        ),
    ],
)
def test_only_the_session_is_left_and_names_nobody(content: bytes, content_type: str) -> None:
    body = conceal_text(content, content_type)
    assert body is not None
    assert body.content == HIDDEN
    assert body.has_sdp
    if "multipart" in content_type:
        assert body.fields == (("content-type", "application/sdp"),)


@pytest.mark.parametrize(
    ("content", "content_type", "encoding"),
    [
        (b"Alice", "text/plain", None),
        (b"<xml>Alice</xml>", "application/pidf+xml", None),
        (SDP, "application/sdp", "gzip"),
        (b"i=Alice\r\n", "application/sdp", None),
        (b"Signal=5\r\nAlice", "application/dtmf-relay", None),
        (part(SDP) + b"--b--", "multipart/mixed", None),
        (part(SDP) + b"--b--", "multipart/mixed;boundary=c", None),
        (part(SDP) + part(SDP) + b"--b--", "multipart/alternative;boundary=b", None),
        (
            part(SDP, head=b"Content-Transfer-Encoding: base64\r\n"),
            "multipart/mixed;boundary=b",
            None,
        ),
        (part(SDP) + b"--b--Alice", "multipart/mixed;boundary=b", None),
        (part(SDP, head=b"Content-Encoding: gzip\r\n"), "multipart/mixed;boundary=b", None),
        (part(part(SDP), b"multipart/mixed"), "multipart/mixed;boundary=c", None),
    ],
)
def test_what_cannot_be_read_is_not_passed(
    content: bytes, content_type: str, encoding: str | None
) -> None:
    fields = () if encoding is None else (("content-encoding", encoding),)
    assert conceal_text(content, content_type, *fields) is None


@pytest.mark.parametrize("content", [DTMF, b"5", b"signal = 11\nduration = 100", b"#"])
def test_a_key_names_nobody(content: bytes) -> None:
    body = conceal_text(content, "application/dtmf-relay")
    assert body is not None
    assert body.content == content


class Hidden(Network):
    """Alice calls bob without telling him who she is."""

    def target(self, name: str, **options: float | str) -> Target:  # type: ignore[override]
        target = super().target(name)
        target.hides_caller = True
        return target

    def connect(self) -> None:
        self.dial(body=SDP)
        self.bob.ring()
        self.bob.answer()


@pytest.fixture
def net() -> Hidden:
    network = Hidden()
    network.connect()
    assert network.alice.finals() == [200]
    return network


def told(requests: list[Request]) -> bytes:
    return requests[-1].body


def test_the_invite_names_nobody_and_the_answer_is_as_it_was(net: Hidden) -> None:
    assert net.bob.call_offered().request.body == HIDDEN
    assert net.alice.last_response().body == net.bob.sdp


@pytest.mark.parametrize("is_resumed", [False, True])
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_later_offer_names_nobody(net: Hidden, method: str, is_resumed: bool) -> None:
    if is_resumed:
        net.switch.restart()
    net.alice.say(method, body=NEXT)
    assert told(net.bob.requests(method)) == NEXT_HIDDEN
    assert net.alice.finals(method)[-1] == 200
    # The same offer again is a refresh: it was kept as the caller wrote it, and ends at us.
    count = len(net.bob.requests(method))
    net.alice.say(method, body=NEXT)
    assert len(net.bob.requests(method)) == count


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_an_answer_to_the_targets_offer_names_nobody(net: Hidden, method: str) -> None:
    net.bob.say(method, body=net.bob.sdp.replace(b"sendrecv", b"sendonly"))
    response = net.bob.last_response(method)
    assert response.status == 200
    assert b"s=-\r\n" in response.body
    assert b"o=- " in response.body
    assert b"alice" not in response.body


def test_an_answer_in_an_ack_names_nobody() -> None:
    net = Hidden()
    net.alice.ack_body = SDP
    net.dial(body=b"")
    net.bob.answer()
    assert net.bob.acks[-1].body == HIDDEN


@pytest.mark.parametrize("method", ["INFO", "MESSAGE"])
def test_other_texts_are_refused_and_keys_pass(net: Hidden, method: str) -> None:
    net.alice.say(method, body=b"It is Alice", content_type="text/plain")
    assert net.alice.finals(method) == [415]
    assert net.alice.last_response(method).value("accept") == "application/sdp"
    assert net.bob.requests(method) == []
    net.alice.say(method, body=DTMF, content_type="application/dtmf-relay")
    assert told(net.bob.requests(method)) == DTMF
    net.bob.say(method, body=b"Who is there", content_type="text/plain")
    assert told(net.alice.requests(method)) == b"Who is there"


def test_an_offer_that_cannot_be_read_leaves_the_call_as_it_was(net: Hidden) -> None:
    net.alice.say("INVITE", body=NEXT, fields=(("content-encoding", "gzip"),))
    assert net.alice.finals()[-1] == 415
    net.alice.say("INVITE", body=NEXT)
    assert told(net.bob.requests("INVITE")) == NEXT_HIDDEN


def test_a_call_whose_offer_cannot_be_read_is_refused() -> None:
    net = Hidden()
    net.switch.groups.append((net.target("bob"),))
    net.alice.call(body=SDP, fields=(("content-encoding", "gzip"),))
    assert net.bob.received == []
    assert [one.status for one in net.switch.said(Exhausted)] == [415]
    assert net.alice.finals() == [415]
