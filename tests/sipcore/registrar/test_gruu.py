"""Public and temporary GRUUs (RFC 5627): what is given out, and what it tells."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.errors import LocalError
from sipcore.message.address import NameAddress
from sipcore.message.uri import SipUri
from sipcore.registrar.binding import Binding
from sipcore.registrar.gruu import Gruus, instance_of
from sipcore.registrar.location_table import LocationTable
from sipcore.registrar.update import BindingChanges
from tests.sipcore.registrar.builders import NOW, changes, register
from tests.support.phones import CountingIdentifiers

ANNA = SipUri("example.org", user="anna")
AOR = "anna@example.org"
URN = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
CONTACT = f'<sip:anna@198.51.100.7>;+sip.instance="<{URN}>"'


class Registrar:
    """Does with a REGISTER what the switch does."""

    def __init__(self) -> None:
        self.locations = LocationTable(CountingIdentifiers(""))
        self.gruus = Gruus(b"0123456789abcdef", CountingIdentifiers("g"))
        self.cseq = 0

    def register(
        self, contact: str = CONTACT, *, call_id: str = "a", supported: str = "gruu"
    ) -> tuple[Binding, ...]:
        self.cseq += 1
        request = register(contact, cseq=self.cseq, call_id=call_id, supported=supported)
        before = self.locations.lookup(AOR)
        made = self.gruus.mark(changes(request, before), request, before)
        assert isinstance(made, BindingChanges)
        self.locations.apply(AOR, made, now=NOW)
        return made.bindings

    def temporary(self, number: int = 0) -> str:
        text = self.gruus.parameters(ANNA, self.locations.lookup(AOR)[number])
        found = re.search(r'temp-gruu="([^"]*)"', text)
        assert found is not None
        return found[1]

    def reached(self, gruu: str) -> tuple[str, str] | None:
        handle = self.gruus.handle_of(SipUri.parse(gruu).user or "")
        return None if handle is None else self.locations.device_of(handle)


def test_a_public_gruu_is_the_address_with_the_instance() -> None:
    registrar = Registrar()
    (binding,) = registrar.register()
    shown = NameAddress.parse(f"<sip:x@y>{registrar.gruus.parameters(ANNA, binding)}")
    public = shown.parameters["pub-gruu"]
    assert public is not None
    assert public.strip('"') == f"sip:anna@example.org;gr={URN}"
    assert instance_of(SipUri.parse(public.strip('"'))) == f"<{URN}>"


def test_a_temporary_gruu_leads_to_the_device_and_tells_nobody() -> None:
    registrar = Registrar()
    registrar.register()
    gruu = registrar.temporary()
    assert registrar.reached(gruu) == (AOR, f"<{URN}>")
    assert "gr" in SipUri.parse(gruu).parameters
    assert instance_of(SipUri.parse(gruu)) is None
    assert "anna" not in gruu
    assert URN not in gruu


def test_two_temporary_gruus_have_nothing_in_common_and_live_both() -> None:
    registrar = Registrar()
    registrar.register()
    first = registrar.temporary()
    registrar.register()
    second = registrar.temporary()
    user, other = (SipUri.parse(one).user or "" for one in (first, second))
    same = sum(one == two for one, two in zip(user[6:], other[6:], strict=True))
    assert same < len(user) // 3
    assert registrar.reached(first) == registrar.reached(second) == (AOR, f"<{URN}>")


def test_temporary_gruus_die_with_a_new_call_id() -> None:
    registrar = Registrar()
    registrar.register()
    first = registrar.temporary()
    registrar.register(call_id="b")
    assert registrar.reached(first) is None
    assert registrar.reached(registrar.temporary()) == (AOR, f"<{URN}>")


def test_they_die_with_the_device() -> None:
    registrar = Registrar()
    registrar.register()
    gruu = registrar.temporary()
    registrar.register(f"{CONTACT};expires=0")
    assert registrar.reached(gruu) is None


def test_they_live_through_a_refresh_that_asks_for_none() -> None:
    registrar = Registrar()
    registrar.register()
    gruu = registrar.temporary()
    registrar.register(supported="path")
    assert registrar.reached(gruu) == (AOR, f"<{URN}>")


def test_all_flows_of_a_device_share_them() -> None:
    registrar = Registrar()
    registrar.register(f"{CONTACT};reg-id=1")
    first = registrar.temporary()
    registrar.register(f"{CONTACT};reg-id=2")
    assert registrar.reached(registrar.temporary(1)) == registrar.reached(first)
    registrar.register(f"{CONTACT};reg-id=2", call_id="b")
    assert registrar.reached(first) is None
    assert registrar.reached(registrar.temporary(0)) == (AOR, f"<{URN}>")


def test_who_does_not_ask_or_has_no_instance_gets_none() -> None:
    registrar = Registrar()
    (binding,) = registrar.register("<sip:anna@198.51.100.7>")
    assert registrar.gruus.parameters(ANNA, binding) == ""
    (_, silent) = registrar.register(CONTACT.replace("anna@", "b@"), supported="path")
    assert silent.gruu_handle == ""


def test_an_instance_that_cannot_stand_in_a_uri_has_no_gruu() -> None:
    registrar = Registrar()
    (binding,) = registrar.register('<sip:anna@198.51.100.7>;+sip.instance="<urn:x;y=1>"')
    assert registrar.gruus.parameters(ANNA, binding) == ""


def test_an_exchange_has_a_public_gruu_of_its_own_kind() -> None:
    registrar = Registrar()
    (binding,) = registrar.register(f'<sip:198.51.100.7;bnc>;+sip.instance="<{URN}>"')
    assert registrar.gruus.parameters(ANNA, binding) == (
        f';pub-gruu="sip:example.org;bnc;gr={URN}"'
    )


def test_another_key_opens_nothing() -> None:
    registrar = Registrar()
    registrar.register()
    user = SipUri.parse(registrar.temporary()).user or ""
    assert Gruus(b"another key of 16", CountingIdentifiers("")).handle_of(user) is None
    assert registrar.gruus.handle_of(user.upper()) == registrar.gruus.handle_of(user)
    with pytest.raises(LocalError):
        Gruus(b"short", CountingIdentifiers(""))


@given(st.integers(6, 44), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_changed_letter_opens_nothing(index: int, letter: str) -> None:
    registrar = Registrar()
    registrar.register()
    user = SipUri.parse(registrar.temporary()).user or ""
    forged = user[:index] + letter + user[index + 1 :]
    if forged != user and index < 44:
        assert registrar.gruus.handle_of(forged) is None


@given(st.text(max_size=60))
def test_whatever_comes_is_no_gruu(user: str) -> None:
    gruus = Gruus(b"0123456789abcdef", CountingIdentifiers(""))
    assert gruus.handle_of(user) is None
    assert gruus.handle_of(f"tgruu.{user}") is None
