"""A virtual town in whose wire somebody sits: good calls, and beside each packet its bad twins.

Twins come from where the good packet came from: from phones with valid credentials (signed after
the fault was made), from a carrier, in responses of a called phone, within dialogs; and from a
stranger who has nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from random import Random
from typing import Final

from freiton.routing.directory import AccountKind, Handling
from sipcore.errors import RemoteError
from sipcore.transport.flow import Address
from tests.fuzz.mutations import mutate
from tests.fuzz.stories import STORIES
from tests.support.scripted_digest import answer_challenge
from tests.support.scripted_phones import ScriptedPhone
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import PASSWORD, SWITCH, Town, account, trunk
from tests.support.virtual_wire import Packet
from tests.support.watching_phone import WatchingPhone

STRANGER: Final[Address] = ("192.0.2.66", 5060)
CORPUS_MAX: Final = 300
SPARED: Final = 0.7
"""So many responses and ACKs, which are most of what phones send, are left as they are."""
REFUSALS: Final = (b"SIP/2.0 400", b"SIP/2.0 413", b"SIP/2.0 416", b"SIP/2.0 505", b"SIP/2.0 513")
DEAD_S: Final = 500.0
"""After so long every transaction has ended, even one that began when the last call was cut."""

_SIGNATURE: Final = re.compile(rb"(?im)^((?:proxy-)?authorization):[^\r\n]*")
_START: Final = re.compile(rb"([A-Z]+) ([^ \r\n]+) SIP/2\.0")


class Attack:
    """One seeded run; ``statuses`` counts what the switch said to whom it did not know."""

    def __init__(self, seed: int, *, twins: int = 2) -> None:
        self.random = Random(seed)  # noqa: S311 - chance that can be repeated
        self.twins = twins
        self.sent = 0
        self.statuses: Counter[str] = Counter()
        self.depths: Counter[str] = Counter()
        """How far bad messages came: ``deep`` is past parser, gate and password."""
        self.deep_methods: Counter[str] = Counter()
        """What began those that came so far: a method, or SIP/2.0 for responses."""
        self.corpus: list[bytes] = []
        self.switch = VirtualSwitch(
            Town(
                accounts=(
                    account(1, "anna", flatrates=2),
                    account(2, "ben"),
                    account(3, "carla"),
                    account(4, "dora"),
                    account(5, "pbx", kind=AccountKind.PBX),
                ),
                trunks=(trunk(1, "north"), trunk(2, "east", handling=Handling.PROXY)),
            )
        )
        self.wire = self.switch.wire
        self.anna, self.ben = self.switch.phone("anna"), self.switch.phone("ben")
        self.carla, self.dora = self.switch.phone("carla"), self.switch.phone("dora")
        self.north, self.east = self.switch.carrier("north"), self.switch.carrier("east")
        self.east.domain = "east.example"
        self.pbx = self.switch.phone("pbx")
        self.watcher = WatchingPhone(self.switch, "anna")
        self.phones = (
            self.anna, self.ben, self.carla, self.dora, self.north, self.east, self.pbx,
            self.watcher,
        )  # fmt: skip
        for phone in self.phones:
            phone.may_hear_late = True
        self._victims = {
            phone.address: phone
            for phone in (self.anna, self.ben, self.carla, self.pbx, self.watcher)
        }
        self._deliver = self.wire.deliver
        self._is_tampering = False
        # The man in the middle.
        self.wire.deliver = self._intercept  # type: ignore[method-assign]

    def run(self, messages: int) -> None:
        """Play stories until so many bad messages were sent; look at the switch between them."""
        self._register()
        while self.sent < messages:
            until = min(messages, self.sent + 250)
            while self.sent < until:
                self._story()
            self.expect_quiet()
            self._register()

    def expect_quiet(self) -> None:
        """See that all calls can be ended, nothing is left, and a good call works."""
        switch = self.switch
        switch.hang_up_all()
        self.wire.advance(DEAD_S)
        switch.assert_quiet()
        self._forget_phones()
        self.carla.register()
        self.dora.register()
        side = self.carla.call("+493023125004")
        called = self.dora.sides[-1]
        self.dora.answer(called)
        assert side.finals == [200], side.statuses
        self.carla.bye(side)
        assert side.bye_statuses == [200]
        self.wire.advance(DEAD_S)
        switch.assert_quiet()

    def _story(self) -> None:
        self._is_tampering = True
        try:
            self.random.choice(STORIES)(self)
            self._strangers()
            self.wire.advance(self.random.choice((0.0, 0.3, 1.0, 5.0, 40.0)))
        finally:
            self._is_tampering = False

    def _register(self) -> None:
        for phone in (self.anna, self.ben, self.carla):
            phone.register()

    def _strangers(self) -> None:
        for _ in range(self.twins):
            if self.corpus:
                self._inject(self.random.choice(self.corpus), STRANGER)

    # The wire.

    def _intercept(self, packet: Packet) -> None:
        source, target, data = packet
        if target == SWITCH and self._is_tampering:
            if len(self.corpus) < CORPUS_MAX:
                self.corpus.append(data)
            else:
                self.corpus[self.random.randrange(CORPUS_MAX)] = data
            is_frequent = data.startswith((b"SIP/2.0", b"ACK "))
            twins = self.random.randrange(self.twins + 1)
            for _ in range(0 if is_frequent and self.random.random() < SPARED else twins):
                self._inject(data, source)
        elif target not in self.wire.parties:
            self.statuses[data[:11].decode("ascii", "replace")] += 1
        if target != SWITCH and (b"east" in data or data.startswith(REFUSALS)):
            # A proxy hands on what it need not read, and a refusal repeats what was malformed.
            with suppress(RemoteError):
                self._deliver(packet)
        else:
            self._deliver(packet)

    def _inject(self, data: bytes, source: Address) -> None:
        bad = mutate(data, self.corpus, self.random)
        phone = self._victims.get(source)
        if phone is not None and self.random.random() < 0.9:
            bad = _signed(bad, phone)
        self.sent += 1
        before = self._heard()
        self._deliver((source, SWITCH, bad))
        self._note_depth(bad, before)

    def _heard(self) -> tuple[int, int, int]:
        """Count what the parser refused, what transactions were fed, and challenges."""
        counters = self.switch.parts.layer.counters
        fed = sum(counters.requests_received.values()) + sum(counters.responses_received.values())
        fed -= counters.responses_unmatched
        sent = counters.responses_sent
        return self.switch.refused_bytes, fed, sent.get(401, 0) + sent.get(407, 0)

    def _note_depth(self, data: bytes, before: tuple[int, int, int]) -> None:
        unread, fed, challenged = (
            one - other for one, other in zip(self._heard(), before, strict=True)
        )
        depth = "unread" if unread else "unheard" if not fed else "challenged"
        if fed and not challenged:
            depth = "deep"
            start = data.partition(b" ")[0]
            self.deep_methods[start.decode("ascii", "replace")] += 1
        self.depths[depth] += 1

    def _forget_phones(self) -> None:
        """Let the phones forget what the bad messages led them to, and nonces of the past."""
        for phone in self.phones:
            phone.sides.clear()
            phone.challenges.clear()


def _signed(data: bytes, phone: ScriptedPhone) -> bytes:
    """Sign the request as it is now, so that it passes the password and reaches what is behind."""
    start = _START.match(data)
    if start is None or not phone.challenges:
        return data
    method, uri = start[1].decode(), start[2].decode("utf-8", "surrogateescape")

    def sign(field: re.Match[bytes]) -> bytes:
        name = field[1].decode().lower()
        challenge = phone.challenges.get(name)
        if challenge is None or '"' in uri or "\\" in uri:
            return field[0]
        phone._nonce_count += 1
        answer = answer_challenge(
            challenge, method=method, uri=uri, user=phone.user, password=PASSWORD,
            count=phone._nonce_count,
        )  # fmt: skip
        return field[1] + b": " + answer.encode("utf-8", "surrogateescape")

    return _SIGNATURE.sub(sign, data)
