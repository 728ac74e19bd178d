"""Whatever a phone claims, no number leaves that is not its own (TKG § 120 (1)).

The claims are random, in every header and spelling; what is looked at are the octets that the
carrier gets. A second reader of numbers, written here, looks for any run of digits in them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from freiton.config.trunk_profiles import read_trunk_presets
from freiton.routing.context import RouteContext
from freiton.routing.decision import Connect, TrunkGroup
from freiton.routing.directory import Directory, NumberBlock, NumberRight, Trunk
from freiton.routing.refusals import RefusalCause
from freiton.routing.request import Source, read_request
from freiton.routing.steps import decide
from freiton.routing.trunk_profile import IdentityHeader, RedirectionForm
from sipcore.b2bua.header_policy import passed_fields
from sipcore.errors import RemoteError
from sipcore.message import Request
from tests.freiton.routing.builders import ANNA, PBX, TODAY, Scene, numbering
from tests.support.phones import CountingIdentifiers

OUT = "+4922112345678"
PROVEN = "+4989999999"
EXPIRED = "+4989999990"
OWN = ("+493023125001", "+493023125002")
BLOCK = "+4940667788"
FOREIGN = ("+493023125010", "+442079460123", "+4915112345678", "+4930110", "+14155550123", EXPIRED)
RIGHTS = (
    NumberRight(
        account_id=ANNA.id, number=PROVEN, document="d", verified_on=TODAY, expires_on=TODAY
    ),
    NumberRight(
        account_id=ANNA.id,
        number=EXPIRED,
        document="d",
        verified_on=TODAY.replace(year=2020),
        expires_on=TODAY.replace(year=2021),
    ),
)
DIGITS = re.compile(r"\+?[0-9]{5,}")
HEADERS = (
    "from", "p-asserted-identity", "p-preferred-identity", "remote-party-id", "diversion",
    "history-info", "referred-by", "reply-to", "contact", "p-charging-vector", "identity",
)  # fmt: skip


def trunks() -> tuple[Trunk, ...]:
    """One trunk of every shipped profile, and those that write the assigned number elsewhere."""
    base = Scene().trunks[0]
    presets = read_trunk_presets().values()
    made = [
        replace(
            base,
            profile=one.profile,
            number_format=one.number_format,
            sends_asserted_identity=is_trusted,
        )
        for one in presets
        for is_trusted in (True, False)
    ]
    profile = read_trunk_presets()["telekom-1tr118"].profile
    other_ways = (
        replace(profile, from_assigned=True),
        replace(
            profile,
            identity_header=IdentityHeader.REMOTE_PARTY,
            redirection=RedirectionForm.BOTH,
            hides_from=False,
        ),
    )
    made += [replace(base, profile=one, sends_asserted_identity=True) for one in other_ways]
    return tuple(
        replace(one, id=number, domain=f"t{'abcdefghijklmnop'[number]}.example")
        for number, one in enumerate(made)
    )


class Liar:
    """Makes INVITEs whose every identity is random."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - a test that can be repeated

    def invite(self) -> tuple[Request, bool]:
        """Return an INVITE, and whether its sender is the exchange."""
        dice = self._dice
        is_exchange = dice.random() < 0.5
        prefix = dice.choice(("", "", "", "*31#", "#31#"))
        request = Request("INVITE", f"sip:{prefix}{OUT}@example.org")
        request.add("from", f"{self._address()};tag=a")
        request.add("to", "<sip:b@example.org>")
        for key in HEADERS[1:]:
            for _ in range(dice.choice((0, 0, 1, 1, 2))):
                request.add(key, self._value(key))
        if dice.random() < 0.3:
            request.add("privacy", dice.choice(("id", "none", "user;id", "header", "history")))
        return request, is_exchange

    def _value(self, key: str) -> str:
        dice, address = self._dice, self._address()
        if key == "diversion":
            counter = dice.choice(("", ";counter=1", ";counter=2", ";privacy=full"))
            return f"{address};reason={dice.choice(('user-busy', 'x', 'no-answer'))}{counter}"
        if key == "history-info":
            return f"{address};index=1, {self._address(';cause=302')};index=1.1;mp=1"
        if key == "remote-party-id":
            return f"{address};party=calling;screen=yes"
        return address

    def _address(self, parameter: str = "") -> str:
        dice, number = self._dice, self._number()
        name = dice.choice(("", "", '"Anna" ', f'"{number}" ', f'"Anna {number}" '))
        form = dice.choice(("sip", "sip", "sip", "tel", "sips", "host"))
        if form == "tel":
            return f"{name}<tel:{number or '+491'}{parameter}>"
        if form == "host":
            return f"{name}<sip:a@{number.lstrip('+') or 'x'}.example{parameter}>"
        return f"{name}<{form}:{number}@example.org{parameter}>"

    def _number(self) -> str:
        dice = self._dice
        number = dice.choice(
            (*OWN, *FOREIGN, PROVEN, f"{BLOCK}42", BLOCK, "", f"+49{dice.randrange(10**9)}")
        )
        spelling = dice.randrange(7)
        if spelling == 0:
            return number.replace("+49", "0", 1)
        if spelling == 1:
            return number.replace("+", "00", 1)
        if spelling == 2:
            return number.replace("+", "%2B", 1)
        if spelling == 3:
            return "-".join(number[at : at + 4] for at in range(0, len(number), 4))
        if spelling == 4:
            return f"{number};phone-context=+49"
        return number


def directory() -> Directory:
    return Directory(
        default_domain="example.org",
        accounts=(ANNA, PBX),
        numbers={OWN[0]: ANNA.id, OWN[1]: ANNA.id},
        blocks=(NumberBlock(account_id=PBX.id, prefix=BLOCK, extension_digits=2),),
        trunks=trunks(),
        number_rights=RIGHTS,
    )


def is_allowed(text: str, *, is_exchange: bool) -> bool:
    """Judge a run of digits as the carrier reads it: in E.164, or with the prefixes dialled."""
    number = text
    if number.startswith("00"):
        number = f"+{number[2:]}"
    elif number.startswith("0"):
        number = f"+49{number[1:]}"
    if number == OUT:
        return True
    if is_exchange:
        return number.startswith(BLOCK) and len(BLOCK) < len(number) <= len(BLOCK) + 2
    return number in (*OWN, PROVEN)


def leaving(decision: Connect, invite: Request) -> Iterator[tuple[TrunkGroup, str]]:
    for group in decision.groups:
        assert isinstance(group, TrunkGroup)
        identity = group.identity
        yield group, identity.from_value
        yield group, identity.to_value
        yield group, group.request_uri
        for _, value in (*identity.fields, *passed_fields(invite)):
            yield group, value


def lie(count: int, seed: int) -> dict[str, int]:
    """Let so many INVITEs be decided; return what became of them."""
    site, liar = directory(), Liar(seed)
    outcomes = {"connected": 0, "refused": 0, "proven": 0, "diverted": 0}
    context = RouteContext(
        directory=site,
        numbering=numbering(),
        locations=Scene(),
        trunk_states={},
        identifiers=CountingIdentifiers(""),
        today=TODAY,
    )
    for _ in range(count):
        invite, is_exchange = liar.invite()
        source = Source(host="198.51.100.1", listener="udp", account=PBX if is_exchange else ANNA)
        try:
            decision = decide(read_request(invite, source), context)
        except RemoteError:
            continue
        if not isinstance(decision, Connect):
            assert decision.cause in (RefusalCause.CALLER_NUMBER_FORBIDDEN, RefusalCause.LOOP)
            outcomes["refused"] += 1
            continue
        outcomes["connected"] += 1
        for group, text in leaving(decision, invite):
            outcomes["proven"] += PROVEN in text
            outcomes["diverted"] += "reason=" in text or "index=" in text
            for found in DIGITS.findall(text):
                assert is_allowed(found, is_exchange=is_exchange), (group.trunk.name, text)
            if decision.is_number_hidden and not group.trunk.sends_asserted_identity:
                seen = [one for one in DIGITS.findall(text) if OUT[3:] not in one]
                assert not seen, text
    return outcomes


def test_no_number_leaves_that_is_not_the_callers() -> None:
    outcomes = lie(10_000, seed=1)
    assert outcomes["connected"] > 5_000
    assert outcomes["proven"] > 100, "the proven number is among those that may leave"
    assert outcomes["diverted"] > 1_000


@pytest.mark.long
def test_no_number_leaves_of_many_more() -> None:
    assert lie(100_000, seed=2)["connected"] > 50_000
