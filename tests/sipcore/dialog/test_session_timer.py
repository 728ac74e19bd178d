"""The session timer (RFC 4028): table, agreement, deadlines."""

from __future__ import annotations

import itertools

import pytest

from sipcore.dialog.session_timer import (
    ABSORBED,
    TABLE,
    Action,
    Input,
    SessionTimer,
    State,
    is_interval_too_brief,
)
from sipcore.errors import LocalError, RemoteError
from sipcore.message import Request, Response

NOW = 100.0
IMPOSSIBLE = {
    (State.OFF, Input.REFRESH_DUE),
    (State.OFF, Input.EXPIRY_DUE),
    (State.REFRESHING, Input.REFRESH_DUE),
    (State.WAITING, Input.REFRESH_DUE),
    (State.EXPIRED, Input.REFRESH_DUE),
    (State.EXPIRED, Input.EXPIRY_DUE),
}
"""Their deadlines are not set in these states."""


def timer(interval_s: int = 1800, min_se_s: int = 90) -> SessionTimer:
    return SessionTimer(interval_s=interval_s, min_se_s=min_se_s)


def request(
    session_expires: str | None = None, *, supported: str = "timer", **fields: str
) -> Request:
    update = Request("UPDATE", "sip:x@y")
    if supported:
        update.add("supported", supported)
    if session_expires is not None:
        update.add("session-expires", session_expires)
    for key, value in fields.items():
        update.add(key.replace("_", "-"), value)
    return update


def response(session_expires: str | None = None, status: int = 200, **fields: str) -> Response:
    answer = Response(status, "x")
    if session_expires is not None:
        answer.add("session-expires", session_expires)
    for key, value in fields.items():
        answer.add(key.replace("_", "-"), value)
    return answer


def test_every_pair_has_its_place() -> None:
    for pair in itertools.product(State, Input):
        assert (pair in TABLE) + (pair in ABSORBED) + (pair in IMPOSSIBLE) == 1, pair


def test_a_pair_that_cannot_be_is_our_fault() -> None:
    with pytest.raises(LocalError):
        timer()._step(Input.REFRESH_DUE, now=NOW)


# RFC 4028 §9, table 2: what the UAC supports and asks, who refreshes then.
TABLE_2 = [
    ("", "1800", "1800;refresher=uas", None, State.REFRESHER),
    ("timer", "1800", "1800;refresher=uac", "timer", State.WAITING),
    ("timer", "1800;refresher=uac", "1800;refresher=uac", "timer", State.WAITING),
    ("timer", "1800;refresher=uas", "1800;refresher=uas", "timer", State.REFRESHER),
    ("timer", None, "1800;refresher=uac", "timer", State.WAITING),
    ("", None, None, None, State.OFF),
]


@pytest.mark.parametrize(("supported", "asked", "granted", "require", "state"), TABLE_2)
def test_as_uas_we_grant_what_table_2_says(
    supported: str, asked: str | None, granted: str | None, require: str | None, state: State
) -> None:
    session = timer()
    fields = dict(session.answer(request(asked, supported=supported), now=NOW))
    assert fields.get("session-expires") == granted
    assert fields.get("require") == require
    assert session.state is state


@pytest.mark.parametrize(
    ("agreed", "state"),
    [
        ("600;refresher=uac", State.REFRESHER),
        ("600;refresher=uas", State.WAITING),
        ("600", State.REFRESHER),
        (None, State.OFF),
        ("many", State.OFF),
        ("600;refresher=me", State.OFF),
    ],
)
def test_as_uac_we_do_what_the_2xx_says(agreed: str | None, state: State) -> None:
    session = timer()
    session.accept(response(agreed), now=NOW)
    assert session.state is state


def test_the_refresher_refreshes_at_half_and_gives_up_before_the_end() -> None:
    session = timer()
    session.accept(response("1800;refresher=uac"), now=NOW)
    assert session.next_deadline() == NOW + 900
    assert session.fire(now=NOW + 899) == ()
    assert Action.SEND_REFRESH in session.fire(now=NOW + 900)
    assert session.next_deadline() == NOW + 1800 - 32
    assert Action.END_SESSION in session.fire(now=NOW + 1768)
    assert session.next_deadline() is None


def test_a_short_session_ends_a_third_before_its_end() -> None:
    session = timer()
    session.accept(response("90;refresher=uas"), now=NOW)
    assert session.next_deadline() == NOW + 60


def test_each_refresh_starts_the_interval_anew() -> None:
    session = timer()
    session.answer(request("1800;refresher=uac"), now=NOW)
    session.answer(request("1800;refresher=uac"), now=NOW + 1000)
    assert session.next_deadline() == NOW + 1000 + 1768


def test_a_failed_refresh_is_tried_again() -> None:
    session = timer()
    session.accept(response("1800;refresher=uac"), now=NOW)
    session.fire(now=NOW + 900)
    session.refresh_failed(retry_at=NOW + 905, now=NOW + 901)
    assert session.next_deadline() == NOW + 905
    assert Action.SEND_REFRESH in session.fire(now=NOW + 905)


def test_a_2xx_without_session_expires_turns_the_timer_off() -> None:
    session = timer()
    session.accept(response("1800;refresher=uac"), now=NOW)
    session.accept(response(), now=NOW + 10)
    assert session.next_deadline() is None
    assert not session.is_running


def test_the_first_invite_leaves_the_refresher_open_and_later_ones_keep_it() -> None:
    session = timer()
    assert session.request_fields() == [("session-expires", "1800")]
    session.accept(response("1200;refresher=uas"), now=NOW)
    assert session.request_fields() == [("session-expires", "1200;refresher=uas")]
    session.answer(request("1200;refresher=uas"), now=NOW)
    assert session.request_fields() == [("session-expires", "1200;refresher=uac")]


def test_a_422_raises_the_interval_once() -> None:
    session = timer(interval_s=100)
    assert session.raise_to(response(status=422, min_se="300"))
    assert session.request_fields() == [("session-expires", "300"), ("min-se", "300")]
    assert not session.raise_to(response(status=422, min_se="300"))
    assert not session.raise_to(response(status=422, min_se="x"))
    assert not session.raise_to(response(status=422, min_se="4000000000"))
    assert not session.raise_to(response(status=422))


def test_the_interval_never_grows_beyond_what_was_asked() -> None:
    session = timer()
    fields = dict(session.answer(request("600"), now=NOW))
    assert fields["session-expires"].startswith("600;")
    fields = dict(timer(interval_s=300).answer(request("600", min_se="500"), now=NOW))
    assert fields["session-expires"].startswith("500;")


def test_who_asks_for_too_little_is_told_or_raised() -> None:
    assert is_interval_too_brief(request("89"), min_se_s=90)
    assert not is_interval_too_brief(request("90"), min_se_s=90)
    assert not is_interval_too_brief(request("10", supported=""), min_se_s=90)
    assert not is_interval_too_brief(request(), min_se_s=90)
    fields = dict(timer().answer(request("10", supported=""), now=NOW))
    assert fields["session-expires"] == "90;refresher=uas"
    session = timer()
    session.accept(response("1;refresher=uac"), now=NOW)
    assert session.next_deadline() == NOW + 45


def test_a_malformed_session_expires_is_a_remote_error_while_it_can_be_refused() -> None:
    with pytest.raises(RemoteError):
        is_interval_too_brief(request("soon"), min_se_s=90)


def test_after_a_restart_a_whole_interval_runs() -> None:
    session = timer(interval_s=600)
    session.resume(is_refresher=True, now=NOW)
    assert session.is_refresher
    assert session.next_deadline() == NOW + 300
