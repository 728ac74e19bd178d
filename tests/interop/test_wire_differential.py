"""What phones see through this switch and through Kamailio differs as the page says, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.differential_page import UnexplainedError, explain_headers, explain_messages
from tests.interop.differential_story import Received, Story
from tests.interop.wire_differential import PAGE, run
from tests.support.kamailio import needs_kamailio
from tests.support.sipp import needs_sipp

CALL = Story("a call", "uac-call.xml", "uas-answer.xml")


@needs_kamailio
@needs_sipp
@pytest.mark.sipp
def test_the_page_is_what_a_run_gives(tmp_path: Path) -> None:
    assert PAGE.read_text() == run(tmp_path), "python -m tests.interop.wire_differential writes it"


def test_a_difference_without_a_reason_is_noticed() -> None:
    ringing, busy = (Received(kind, frozenset({"via"})) for kind in ("180 INVITE", "486 INVITE"))
    with pytest.raises(UnexplainedError):
        explain_messages(CALL, [ringing], [busy])
    with pytest.raises(UnexplainedError):
        explain_messages(CALL, [ringing, busy], [busy, ringing])
    strange = Received("180 INVITE", frozenset({"via", "x-secret"}))
    with pytest.raises(UnexplainedError, match="x-secret only through Freiton"):
        explain_headers(CALL, [strange], [ringing])
