"""REGISTER by REGISTER: RFC 3261 §10.3."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.errors import RemoteError
from sipcore.message.message import Message, Request
from sipcore.registrar.binding import Binding
from sipcore.registrar.update import BindingChanges, RegistrarLimits, response_fields
from sipcore.transport.flow import Flow, Listener, Transport
from tests.sipcore.registrar.builders import (
    CONTACT,
    NOW,
    PHONE,
    TCP,
    changes,
    listed,
    refusal,
    register,
    update,
)

DESK = "<sip:anna@198.51.100.7>"
MOBILE = "<sip:anna@203.0.113.5:40000>"
INSTANCE = '+sip.instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"'


def registered(*contacts: str, cseq: int = 1, call_id: str = "a") -> tuple[Binding, ...]:
    return changes(register(*contacts, cseq=cseq, call_id=call_id)).bindings


def test_a_binding_keeps_what_calls_need() -> None:
    request = register(
        f'"Anna" <sip:%61nna@198.51.100.7;ob>;q=0.35;expires=300;reg-id=1;{INSTANCE}',
        user_agent="Phone/1.0",
    )
    result = changes(request)
    (binding,) = result.bindings
    assert binding.contact == "sip:%61nna@198.51.100.7;ob"
    assert binding.flow is PHONE
    assert binding.expires_at == NOW + 300
    assert (binding.call_id, binding.cseq, binding.q) == ("a", 1, 350)
    assert binding.instance_id == "<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"
    assert (binding.reg_id, binding.user_agent, binding.is_natted) == (1, "Phone/1.0", False)
    assert result.added == (binding,)
    assert listed(result, request) == [
        f"<sip:%61nna@198.51.100.7;ob>;expires=300;q=0.350;{INSTANCE};reg-id=1"
    ]


@pytest.mark.parametrize(
    ("contact", "header", "granted_s"),
    [
        (f"{CONTACT};expires=300", "600", 300),
        (CONTACT, "600", 600),
        (CONTACT, "", 1800),
        (f"{CONTACT};expires=soon", "600", 600),
        (CONTACT, "soon", 1800),
        (f"{CONTACT};expires=99999999999999", "600", 3000),
        ("sip:anna@198.51.100.7;expires=300", "600", 300),
    ],
)
def test_the_interval_comes_from_contact_then_header_then_us(
    contact: str, header: str, granted_s: int
) -> None:
    request = register(contact, expires=header) if header else register(contact)
    limits = RegistrarLimits(max_expires_s=3000, default_expires_s=1800)
    assert changes(request, limits=limits).bindings[0].expires_at == NOW + granted_s


@pytest.mark.parametrize("seconds", [1, 59])
def test_too_brief_gets_423_and_the_least(seconds: int) -> None:
    result = refusal(register(f"{DESK};expires=3000", f"{MOBILE};expires={seconds}"))
    assert (result.status, result.fields) == (423, (("min-expires", "60"),))


def test_an_hour_is_never_too_brief() -> None:
    limits = RegistrarLimits(min_expires_s=7200, max_expires_s=7200)
    assert changes(register(f"{DESK};expires=3600"), limits=limits).bindings
    assert refusal(register(f"{DESK};expires=3599"), limits=limits).status == 423


def test_without_contact_it_is_a_question() -> None:
    request = register(cseq=9)
    result = changes(request, registered(f"{DESK};expires=600", MOBILE), now=NOW + 100)
    assert listed(result, request, now=NOW + 100) == [
        "<sip:anna@198.51.100.7>;expires=500",
        "<sip:anna@203.0.113.5:40000>;expires=3500",
    ]
    assert (result.added, result.refreshed, result.removed) == ((), (), ())


def test_what_has_expired_is_gone_before_it_is_swept() -> None:
    known = registered(f"{DESK};expires=60", MOBILE)
    request = register(cseq=2)
    assert len(changes(request, known, now=NOW + 60).bindings) == 1


def test_a_refresh_replaces_by_uri_comparison() -> None:
    known = registered("<sip:%61nna@198.51.100.7>;expires=100")
    result = changes(register(f"{DESK};expires=600", cseq=2), known)
    assert len(result.bindings) == 1
    assert result.refreshed == result.bindings
    assert result.removed == known  # stored under another spelling
    assert result.bindings[0].expires_at == NOW + 600


def test_other_devices_stay() -> None:
    known = registered(DESK)
    result = changes(register(MOBILE, call_id="b"), known)
    assert result.bindings[0] is known[0]
    assert len(result.bindings) == 2
    assert not result.removed


def test_zero_removes() -> None:
    known = registered(DESK, MOBILE)
    result = changes(register(f"{DESK};expires=0", cseq=2), known)
    assert [one.contact for one in result.bindings] == ["sip:anna@203.0.113.5:40000"]
    assert result.removed == (known[0],)
    assert changes(register(f"{DESK};expires=0")).bindings == ()


@pytest.mark.parametrize("cseq", [4, 5])
def test_an_old_cseq_of_the_same_call_id_changes_nothing(cseq: int) -> None:
    known = registered(DESK, cseq=5)
    assert refusal(register(MOBILE, DESK, cseq=cseq), known).status == 500
    assert refusal(register(f"{DESK};expires=0", cseq=cseq), known).status == 500
    assert refusal(register("*", cseq=cseq, expires="0"), known).status == 500


def test_another_call_id_is_a_device_that_restarted() -> None:
    known = registered(DESK, cseq=5)
    assert changes(register(DESK, cseq=1, call_id="b"), known).refreshed
    assert not changes(register(f"{DESK};expires=0", cseq=1, call_id="b"), known).bindings


def test_one_refused_contact_refuses_all() -> None:
    known = registered(DESK, cseq=5)
    assert refusal(register(MOBILE, f"{DESK};expires=0", cseq=5), known).status == 500
    assert refusal(register(MOBILE, f"{DESK};expires=5", cseq=6), known).status == 423


def test_star_removes_all() -> None:
    known = registered(DESK, MOBILE)
    result = changes(register("*", cseq=2, expires="0"), known)
    assert (result.bindings, result.removed) == ((), known)
    assert changes(register("*", cseq=1, call_id="b", expires="0"), known).bindings == ()


@pytest.mark.parametrize(
    "request_",
    [
        register("*", cseq=2),
        register("*", cseq=2, expires="60"),
        register("*", cseq=2, expires="x"),
        register("*", DESK, cseq=2, expires="0"),
        register(f"{DESK}, *", cseq=2, expires="0"),
        register("*", "*", cseq=2, expires="0"),
    ],
)
def test_star_wants_to_stand_alone_with_expires_zero(request_: Request) -> None:
    assert refusal(request_, registered(DESK)).status == 400


def test_two_contacts_at_once_and_the_last_of_two_equal_ones_wins() -> None:
    result = changes(register(f"{DESK};expires=60, {MOBILE}", f"{DESK};expires=600"))
    assert sorted(one.expires_at - NOW for one in result.bindings) == [600, 3600]


def test_the_limit_counts_bindings_and_never_stops_a_refresh() -> None:
    limits = RegistrarLimits(contacts_max=2)
    known = registered(DESK, MOBILE, "<sip:anna@192.0.2.9>")
    assert (
        refusal(register("<sip:anna@192.0.2.10>", call_id="b"), known, limits=limits).status == 403
    )
    assert len(changes(register(DESK, cseq=2), known, limits=limits).bindings) == 3
    swap = register("<sip:anna@192.0.2.10>", f"{DESK};expires=0", f"{MOBILE};expires=0", cseq=2)
    assert len(changes(swap, known, limits=limits).bindings) == 2


def test_at_the_limit_a_restarted_phone_takes_the_place_it_left() -> None:
    limits = RegistrarLimits(contacts_max=2)
    known = changes(register(f"<sip:anna@198.51.100.7:1>;{INSTANCE}", MOBILE)).bindings
    again = register(f"<sip:anna@198.51.100.7:2>;{INSTANCE}", call_id="b")
    result = changes(again, known, limits=limits)
    assert [one.contact for one in result.bindings] == [
        "sip:anna@203.0.113.5:40000",
        "sip:anna@198.51.100.7:2",
    ]
    assert result.removed == (known[0],)


def test_a_numbered_flow_replaces_itself() -> None:
    known = changes(register(f"<sip:anna@198.51.100.7:1>;reg-id=1;{INSTANCE}")).bindings
    moved = register(f"<sip:anna@198.51.100.7:2>;reg-id=1;{INSTANCE}", call_id="b")
    result = changes(moved, known)
    assert [one.contact for one in result.bindings] == ["sip:anna@198.51.100.7:2"]
    second = register(f"<sip:anna@198.51.100.7:3>;reg-id=2;{INSTANCE}", call_id="c")
    assert len(changes(second, result.bindings).bindings) == 2


def test_a_phone_that_moves_may_remove_its_old_contact_in_the_same_request() -> None:
    known = changes(register(f"<sip:anna@198.51.100.7:1>;reg-id=1;{INSTANCE}")).bindings
    moved = register(
        f"<sip:anna@198.51.100.7:2>;reg-id=1;{INSTANCE}",
        f"<sip:anna@198.51.100.7:1>;expires=0;reg-id=1;{INSTANCE}",
        cseq=2,
    )
    result = changes(moved, known)
    assert [one.contact for one in result.bindings] == ["sip:anna@198.51.100.7:2"]


def test_a_late_removal_of_an_old_contact_leaves_the_new_one() -> None:
    known = changes(register(f"<sip:anna@198.51.100.7:2>;reg-id=1;{INSTANCE}")).bindings
    late = register(f"<sip:anna@198.51.100.7:1>;expires=0;reg-id=1;{INSTANCE}", call_id="b")
    assert changes(late, known).bindings == known


@pytest.mark.parametrize(
    ("text", "q"), [("0", 0), ("0.", 0), ("0.5", 500), ("0.125", 125), ("1", 1000), ("1.000", 1000)]
)
def test_q_is_read_in_thousandths(text: str, q: int) -> None:
    assert changes(register(f"{DESK};q={text}")).bindings[0].q == q


@pytest.mark.parametrize(
    "contact",
    [
        f"{DESK};q=1.1",
        f"{DESK};q=0.1234",
        f"{DESK};q=-1",
        f"{DESK};q=",
        "<sip:anna@198.51.100.7",
        "<:>",
        f"<sip:{'a' * 600}@198.51.100.7>",
        f"{DESK};+sip.instance={'a' * 200}",
    ],
)
def test_what_cannot_be_read_is_an_error(contact: str) -> None:
    with pytest.raises(RemoteError):
        changes(register(contact))


@pytest.mark.parametrize("contact", ["<tel:+4930123>", "<mailto:a@b.org>", "<sips:anna@192.0.2.7>"])
def test_a_contact_that_we_cannot_reach_is_refused(contact: str) -> None:
    assert refusal(register(contact)).status == 400


def test_sips_is_registered_over_tls_alone() -> None:
    tls = Flow(Listener("tls", Transport.TLS, ("192.0.2.1", 5061)), ("198.51.100.7", 40_000), 1)
    (binding,) = changes(register("<sips:anna@192.0.2.7>"), flow=tls).bindings
    assert binding.contact == "sips:anna@192.0.2.7"
    assert binding.flow == tls


def test_a_path_is_kept_and_told_to_whom_asked() -> None:
    path = "<sip:edge1.example.org;lr>, <sip:edge2.example.org;lr>"
    request = register(DESK, path=path, supported="path, outbound")
    result = changes(request)
    assert result.bindings[0].path == (
        "<sip:edge1.example.org;lr>",
        "<sip:edge2.example.org;lr>",
    )
    told = [value for key, value in response_fields(result, request, now=NOW) if key == "path"]
    assert tuple(told) == result.bindings[0].path
    silent = register(DESK, path=path)
    assert not Message(response_fields(changes(silent), silent, now=NOW)).has("path")


@given(
    st.lists(st.text('<>"\\\\*,;=:@%?&. asip0129', max_size=60), max_size=4),
    st.text("0123456789-x", max_size=12),
)
def test_whatever_comes_is_applied_refused_or_unreadable(contacts: list[str], expires: str) -> None:
    known = registered(DESK, MOBILE)
    request = register(*contacts, cseq=2, expires=expires)
    try:
        result = update(request, known)
    except RemoteError:
        return
    if isinstance(result, BindingChanges):
        assert len(result.bindings) <= 10
        assert all(binding.expires_at > NOW for binding in result.bindings)
        assert all(binding.uri.scheme == "sip" for binding in result.bindings)
        response_fields(result, request, now=NOW)


@pytest.mark.parametrize("chars", [257, 4000])
def test_what_is_kept_is_bounded(chars: int) -> None:
    with pytest.raises(RemoteError):
        changes(register(DESK, call_id="x" * chars))
    with pytest.raises(RemoteError):
        changes(register(DESK, path=f"<sip:{'p' * 1024}.org;lr>"))
    assert len(changes(register(DESK, user_agent="u" * chars)).bindings[0].user_agent) == 80


@pytest.mark.parametrize(
    "request_",
    [
        register("<sip:m\udcfc@h>"),
        register(DESK, call_id="\udcfc"),
        register(DESK, path="<sip:\udcfc@h;lr>"),
    ],
)
def test_what_could_not_be_stored_is_not_taken(request_: Request) -> None:
    with pytest.raises(RemoteError):
        changes(request_)


def test_a_user_agent_that_is_no_utf_8_costs_no_registration() -> None:
    assert changes(register(DESK, user_agent="M\udcfc")).bindings[0].user_agent == "M?"


@pytest.mark.parametrize(
    ("contact", "via", "flow", "is_natted"),
    [
        ("sip:a@198.51.100.7", "198.51.100.7", PHONE, False),
        ("sip:a@198.51.100.7:5060", "198.51.100.7:5060", PHONE, False),
        ("sip:a@192.168.1.5", "192.168.1.5", PHONE, True),
        ("sip:a@198.51.100.7:5062", "198.51.100.7", PHONE, False),
        ("sip:a@198.51.100.7:5062", "198.51.100.7:5062", PHONE, True),
        ("sip:a@198.51.100.7", "192.168.1.5", PHONE, True),
        ("sip:a@198.51.100.7", "198.51.100.7:5062", PHONE, True),
        ("sip:a@phone.invalid", "198.51.100.7", PHONE, True),
        ("sip:a@198.51.100.7:49152", "198.51.100.7", Flow(TCP, ("198.51.100.7", 40000), 3), False),
        ("sip:a@10.0.0.1", "198.51.100.7", Flow(TCP, ("198.51.100.7", 40000), 3), True),
        ("sip:a@[2001:db8::1]", "[2001:DB8:0::1]", Flow(TCP, ("2001:db8::1", 40000), 3), False),
        ("sip:a@198.51.100.7", "198.51.100.7", Flow(TCP, ("::ffff:198.51.100.7", 5060), 3), False),
    ],
)
def test_nat_shows_where_addresses_differ(
    contact: str, via: str, flow: Flow, *, is_natted: bool
) -> None:
    request = register(f"<{contact}>", via=f"SIP/2.0/UDP {via};branch=z9hG4bK1")
    assert changes(request, flow=flow).bindings[0].is_natted is is_natted


@pytest.mark.parametrize(
    ("contact", "via", "reached_at"),
    [
        ("sip:a@198.51.100.7", "198.51.100.7", ("198.51.100.7", 5060)),
        ("sip:a@198.51.100.7:5062", "198.51.100.7", ("198.51.100.7", 5062)),
        ("sip:a@198.51.100.7:5062", "198.51.100.7:5062", ("198.51.100.7", 5060)),
        ("sip:a@203.0.113.9:5062", "198.51.100.7", ("198.51.100.7", 5060)),
        ("sip:a@192.168.1.5:5062", "192.168.1.5:5062", ("198.51.100.7", 5060)),
    ],
)
def test_a_device_is_reached_where_it_listens_unless_somebody_translates(
    contact: str, via: str, reached_at: tuple[str, int]
) -> None:
    request = register(f"<{contact}>", via=f"SIP/2.0/UDP {via};branch=z9hG4bK1")
    assert changes(request, flow=PHONE).bindings[0].flow.remote == reached_at


@pytest.mark.parametrize(
    ("contact", "request_uri"),
    [
        ("<sip:a@h.org>", "sip:a@h.org"),
        ("<sip:%61@h.org;ob;X=y>", "sip:%61@h.org;ob;X=y"),
        ("<sip:a@h.org;method=INVITE;x=y?Replaces=a&Route=b>", "sip:a@h.org;x=y"),
    ],
)
def test_a_contact_becomes_a_request_uri(contact: str, request_uri: str) -> None:
    assert changes(register(contact)).bindings[0].request_uri == request_uri
