"""A hidden number hides the names in the session description too, and nobody else's are touched."""

from __future__ import annotations

import pytest

from tests.freiton.calls.scene import ANNA, BEN, open_switch
from tests.support import scripted_phones
from tests.support.virtual_town import MOBILE

SDP = (
    b"v=0\r\no=anna 1 1 IN IP4 198.51.100.9\r\ns=Anna\r\ni=Anna\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 8\r\n"
)
HIDDEN = b"v=0\r\no=- 1 1 IN IP4 198.51.100.9\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"


@pytest.mark.parametrize(
    ("dialled", "body"),
    [
        (MOBILE, SDP),
        (f"*31#{MOBILE}", HIDDEN),
        ("ben", SDP),
        ("*31#03023125002", HIDDEN),
        ("*31#112", SDP),
    ],
)
def test_a_hidden_number_hides_the_names_of_the_session(
    dialled: str, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scripted_phones, "SDP", SDP)
    switch = open_switch(ANNA, BEN)
    switch.phone("anna").call(dialled)
    called = switch.phone("ben") if switch.phone("ben").sides else switch.carrier("north")
    invite = called.sides[-1].invite
    assert invite is not None
    assert invite.body == body
