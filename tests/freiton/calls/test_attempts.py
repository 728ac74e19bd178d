"""What is recorded of an attempt that was refused: whatever a stranger sent can be written down."""

from __future__ import annotations

import pytest

from freiton.calls.attempts import TEXT_MAX, attempt_of_request
from freiton.calls.intake import Sender
from freiton.routing.request import ClaimedIdentity, RouteRequest, Source


@pytest.mark.parametrize(
    "dialled", ["03\udcfc23", "112\udcff", "\udced\udcb2\udc80", "Mü", "9" * 200]
)
def test_an_attempt_can_be_written_down(dialled: str) -> None:
    source = Source(host="198.51.100.7", listener="udp")
    request = RouteRequest(
        source=source,
        dialled=dialled,
        host="",
        to_user="",
        from_=ClaimedIdentity(user=dialled),
    )
    attempt = attempt_of_request("c1", request, Sender(source), cause="unknown-number", status=404)
    for text in (attempt.calling_number, attempt.called_number):
        assert 0 < len(text.encode()) <= 2 * TEXT_MAX
