"""A virtual town in whose wire somebody sits: good calls, and beside each packet its bad twins.

Twins come from where the good packet came from: from phones with valid credentials (signed after
the fault was made), from a carrier, in responses of a called phone, within dialogs; and from a
stranger who has nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from random import Random
from typing import Final

from sipcore.transport.flow import Address
from tests.fuzz.mutations import mutate
from tests.support.scripted_digest import answer_challenge
from tests.support.scripted_phones import ScriptedPhone
from tests.support.scripted_side import Side
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import GERMANY, PASSWORD, SWITCH, Town, account, trunk
from tests.support.virtual_wire import Packet

STRANGER: Final[Address] = ("192.0.2.66", 5060)
CORPUS_MAX: Final = 300
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
        self.corpus: list[bytes] = []
        self.switch = VirtualSwitch(
            Town(
                accounts=(
                    account(1, "anna", flatrates=2),
                    account(2, "ben"),
                    account(3, "carla"),
                    account(4, "dora"),
                ),
                trunks=(trunk(1, "north"),),
            )
        )
        self.wire = self.switch.wire
        self.anna, self.ben = self.switch.phone("anna"), self.switch.phone("ben")
        self.carla, self.dora = self.switch.phone("carla"), self.switch.phone("dora")
        self.north = self.switch.carrier("north")
        self._victims = {phone.address: phone for phone in (self.anna, self.ben)}
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
            self.random.choice(
                (self._answered, self._refused, self._cancelled, self._out, self._in, self._asked)
            )()
            self._strangers()
            self.wire.advance(self.random.choice((0.0, 0.3, 1.0, 5.0, 40.0)))
        finally:
            self._is_tampering = False

    # Stories.

    def _register(self) -> None:
        for phone in (self.anna, self.ben):
            phone.register()

    def _answered(self) -> None:
        side = self.anna.call("+493023125002")
        called = _open_side(self.ben)
        if called is None:
            return
        self.ben.ring(called)
        if not called.is_closed:
            self.ben.answer(called)
        for method in ("INFO", "OPTIONS", "UPDATE", "INVITE", "BYE"):
            if side.is_talking and self.random.random() < 0.5:
                self.anna.send_in_dialog(side, method)
                self.wire.settle()
        if called.is_talking:
            self.ben.bye(called)

    def _refused(self) -> None:
        self.anna.call("+493023125002")
        called = _open_side(self.ben)
        if called is not None:
            self.ben.refuse(called, self.random.choice((302, 401, 404, 422, 486, 503, 603)))

    def _cancelled(self) -> None:
        side = self.anna.call("+493023125002")
        if not side.is_closed:
            self.anna.cancel(side)

    def _out(self) -> None:
        side = self.anna.call(GERMANY)
        called = _open_side(self.north)
        if called is not None:
            self.north.ring(called, 183)
            if not called.is_closed:
                self.north.answer(called)
        if side.is_talking:
            self.anna.bye(side)

    def _in(self) -> None:
        side = self.north.call("+493023125001")
        called = _open_side(self.anna)
        if called is not None:
            self.anna.answer(called)
        if side.is_talking:
            self.north.bye(side)

    def _asked(self) -> None:
        method, uri = self.random.choice(
            (
                ("MESSAGE", "sip:ben@example.org"),
                ("OPTIONS", "sip:example.org"),
                ("SUBSCRIBE", "sip:ben@example.org"),
                ("PUBLISH", "sip:anna@example.org"),
                ("REFER", "sip:ben@example.org"),
            )
        )
        fields = (("event", self.random.choice(("presence", "dialog", "message-summary", "reg"))),)
        self.anna.ask(method, uri, fields=fields, body=b"hello")

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
            for _ in range(self.random.randrange(self.twins + 1)):
                self._inject(data, source)
        elif target not in self.wire.parties:
            self.statuses[data[:11].decode("ascii", "replace")] += 1
        self._deliver(packet)

    def _inject(self, data: bytes, source: Address) -> None:
        bad = mutate(data, self.corpus, self.random)
        phone = self._victims.get(source)
        if phone is not None and self.random.random() < 0.9:
            bad = _signed(bad, phone)
        self.sent += 1
        self._deliver((source, SWITCH, bad))

    def _forget_phones(self) -> None:
        """Let the phones forget what the bad messages led them to, and nonces of the past."""
        for phone in (self.anna, self.ben, self.carla, self.dora, self.north):
            phone.sides.clear()
            phone.challenges.clear()


def _open_side(phone: ScriptedPhone) -> Side | None:
    """Return a call that this phone may still answer."""
    return next((one for one in reversed(phone.sides) if _is_ringing(one)), None)


def _is_ringing(side: Side) -> bool:
    return side.invite_from is not None and not side.is_closed and not side.is_cancelled


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
