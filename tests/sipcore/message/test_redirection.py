"""Diversion and History-Info: read, written, and one turned into the other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.errors import RemoteError
from sipcore.message.diversion import Diversion
from sipcore.message.history_info import HistoryEntry
from sipcore.message.message import Message
from sipcore.message.redirection import (
    CAUSE_OF_REASON,
    Redirection,
    diversion_value,
    history_value,
    redirections_of,
)
from sipcore.message.uri import SipUri, parse_uri

TARGET = "sip:+4940123@carrier.example"


def redirections(key: str, *values: str) -> list[Redirection]:
    return redirections_of(Message([(key, value) for value in values]))


@pytest.mark.parametrize(
    "value",
    [
        "<sip:+4930123@example.org>;reason=unconditional",
        '"Empfang" <tel:+4930123>;reason=user-busy;counter=3',
        "<sips:a@example.org>;reason=time-of-day;privacy=full",
    ],
)
def test_a_diversion_is_written_as_it_was_read(value: str) -> None:
    assert str(Diversion.parse(value)) == value


def test_a_diversion_in_other_words_means_the_same() -> None:
    read = Diversion.parse('<sip:a@example.org>;privacy="uri";REASON="No-Answer";x=y;counter=0')
    assert (read.reason, read.is_private, read.counter) == ("no-answer", True, 1)
    assert Diversion.parse("<sip:a@example.org>;privacy=off").is_private is False


@pytest.mark.parametrize(
    "value", ["<sip:a@example.org>;counter=100", "<sip:a@example.org>;reason=a b", "example", ""]
)
def test_what_is_no_diversion_is_left_out(value: str) -> None:
    with pytest.raises(RemoteError):
        Diversion.parse(value)
    good = "<sip:b@example.org>;reason=deflection"
    assert [one.reason for one in redirections("diversion", value, good)] == ["deflection"]


@pytest.mark.parametrize(
    "value",
    [
        "<sip:+4930123@example.org>;index=1",
        "<sip:+4930124@example.org;user=phone;cause=486?Privacy=history>;index=1.1;mp=1",
        "<sip:a@example.org?Reason=SIP%3Bcause%3D302&Privacy=history>;index=1.1.2;rc=1.1",
        "<tel:+4930123;cause=302>;index=1.2;np=1",
    ],
)
def test_a_history_is_written_as_it_was_read(value: str) -> None:
    assert str(HistoryEntry.parse(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        "<sip:a@example.org>",
        "<sip:a@example.org>;index=1.x",
        "<sip:a@example.org;cause=1000>;index=1",
        f"<sip:a@example.org>;index={'.'.join('1' * 17)}",
    ],
)
def test_what_is_no_history_is_left_out(value: str) -> None:
    with pytest.raises(RemoteError):
        HistoryEntry.parse(value)
    assert redirections("history-info", value) == []


def test_the_latest_diversion_stands_first_and_the_oldest_history() -> None:
    first = Redirection(parse_uri("sip:a@example.org"), "unconditional")
    second = Redirection(parse_uri("sip:b@example.org"), "no-answer", is_private=True)
    assert diversion_value([first, second]) == (
        "<sip:b@example.org>;reason=no-answer;privacy=full,"
        " <sip:a@example.org>;reason=unconditional"
    )
    assert history_value([first, second], TARGET) == (
        "<sip:a@example.org>;index=1,"
        " <sip:b@example.org;cause=302?Privacy=history>;index=1.1;mp=1,"
        " <sip:+4940123@carrier.example;cause=408>;index=1.1.1;mp=1.1"
    )


def test_an_unnamed_diversion_is_counted_in_both() -> None:
    third = Redirection(parse_uri("sip:c@example.org"), "user-busy", count=2)
    written = history_value([third], TARGET)
    assert written.startswith("<sip:unknown@unknown.invalid>;index=1,")
    assert redirections("history-info", written) == [third]
    assert redirections("diversion", diversion_value([third])) == [third]


def test_who_diverted_is_found_by_the_entry_that_was_mapped() -> None:
    """RFC 7044: `mp` names the entry, and proxies may have written others between."""
    found = redirections(
        "history-info",
        "<sip:bob@example.org>;index=1, <sip:bob@192.0.2.4>;index=1.1;rc=1",
        "<sip:carol@example.org;cause=302>;index=1.2;mp=1",
    )
    assert found == [Redirection(parse_uri("sip:bob@example.org"), "unconditional")]


def test_the_reason_of_an_old_agent_counts_where_there_is_no_cause() -> None:
    """RFC 4244 §4.1."""
    found = redirections(
        "history-info",
        "<sip:bob@example.org?Reason=SIP%3Bcause%3D486>;index=1, <sip:c@example.org>;index=1.1",
    )
    assert found == [Redirection(parse_uri("sip:bob@example.org"), "user-busy")]


def test_history_tells_more_than_diversion() -> None:
    both = Message(
        [
            ("diversion", "<sip:d@example.org>;reason=unconditional"),
            (
                "history-info",
                "<sip:h@example.org>;index=1, <sip:x@example.org;cause=486>;index=1.1;mp=1",
            ),
        ]
    )
    assert [str(one.uri) for one in redirections_of(both)] == ["sip:h@example.org"]


def test_a_history_without_any_redirection_leaves_the_word_to_diversion() -> None:
    both = Message(
        [
            ("diversion", "<sip:d@example.org>;reason=unconditional"),
            ("history-info", "<sip:h@example.org>;index=1, <sip:h@192.0.2.1>;index=1.1;rc=1"),
        ]
    )
    assert [str(one.uri) for one in redirections_of(both)] == ["sip:d@example.org"]


HISTORIES = st.lists(
    st.builds(
        lambda user, reason, count, is_private: Redirection(
            SipUri("example.org", user=user), reason, count=count, is_private=is_private
        ),
        st.text("0123456789+", min_size=1, max_size=16),
        st.sampled_from([*CAUSE_OF_REASON, "unknown"]),
        st.integers(1, 3),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


@given(HISTORIES)
def test_both_headers_carry_any_history(history: list[Redirection]) -> None:
    assert redirections("diversion", diversion_value(history)) == history
    assert redirections("history-info", history_value(history, TARGET)) == history


@given(st.text(max_size=80))
def test_no_text_is_more_than_unreadable(value: str) -> None:
    for key in ("diversion", "history-info"):
        try:
            redirections(key, value, f"<sip:a@b>{value}", f"<sip:{value}>;index=1")
        except RemoteError:
            continue
