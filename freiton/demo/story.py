"""The calls of the demo, one act after the other; what does not go as expected is noted."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from freiton.demo import expected
from freiton.demo.carrier import Carrier
from freiton.demo.expected import ExpectedCall
from freiton.demo.phone import Phone, Refused, talk_s
from freiton.demo.screen import Screen
from freiton.demo.user_agent import Line, UserAgent

CUT_TOLERANCE_S: Final = 0.4
"""Between the end of the credit and the BYE on a busy machine; the charge has no tolerance."""

CUT_WITHIN_S: Final = 10.0
"""A call without credit that is still up then is never going to be cut."""


class Operator(Protocol):
    """What the operator does meanwhile."""

    async def book_flatrate(self, account: str) -> None:
        """Book one more flatrate, in force for the next call."""

    async def top_up(self, account: str, amount_micros: int) -> None:
        """Put money on a prepaid account."""


class Story:
    """All acts; ``deviations`` are sentences about what phones and carriers saw amiss."""

    def __init__(
        self,
        phones: dict[str, Phone],
        carriers: tuple[Carrier, Carrier],
        operator: Operator,
        screen: Screen,
    ) -> None:
        self._phones = phones
        self._carriers = carriers
        self._operator = operator
        self._screen = screen
        self.deviations: list[str] = []

    async def play(self) -> None:
        """Play every act."""
        self._screen.say("Phones register with a digest password.", style="bold")
        await asyncio.gather(*(phone.register() for phone in self._phones.values()))
        await self._hold("carol-desk", expected.ON_NET)
        first = await self._dial("alice-desk", expected.UNDER_FLATRATE)
        # Only now: the carrier that fails below is then passed over for a while.
        await asyncio.gather(self._limits_of_flatrates(), self._abroad(), self._prepaid())
        await self._finish("alice-desk", first, expected.UNDER_FLATRATE)

    async def _limits_of_flatrates(self) -> None:
        await self._expect_refusal("alice-mobile", expected.SECOND_CALL)
        self._say("$ freiton flatrate add alice", style="cyan")
        await self._operator.book_flatrate(expected.ALICE)
        second = await self._dial("alice-mobile", expected.SECOND_FLATRATE)
        await self._hold("alice-mobile", expected.EMERGENCY_CALL, dialled="112")
        await self._finish("alice-mobile", second, expected.SECOND_FLATRATE)
        self._expect_caller_shown()

    async def _abroad(self) -> None:
        await self._hold("carol-desk", expected.ABROAD, dialled="0033639981234")
        asked = [expected.FRENCH_MOBILE in carrier.called for carrier in self._carriers]
        if asked == [True, True]:
            self._say("    carrier1 answered 503, carrier2 took the call", style="yellow")
        else:
            self._deviate(f"{expected.ABROAD.what}: not both carriers were asked")

    async def _prepaid(self) -> None:
        await self._expect_refusal("bob-desk", expected.NO_CREDIT)
        self._say("$ freiton top-up bob 0.01", style="cyan")
        await self._operator.top_up(expected.BOB, expected.TOP_UP_MICROS)
        line = await self._dial("bob-desk", expected.CREDIT_RUNS_OUT)
        if line is not None:
            await self._wait_for_cut(line, expected.CREDIT_RUNS_OUT)
        await self._expect_refusal("bob-desk", expected.STILL_NO_CREDIT)

    async def _hold(self, phone: str, call: ExpectedCall, *, dialled: str = "") -> None:
        line = await self._dial(phone, call, dialled=dialled)
        await self._finish(phone, line, call)

    async def _dial(self, phone: str, call: ExpectedCall, *, dialled: str = "") -> Line | None:
        self._say(f"{phone}: {call.what}")
        outcome = await self._phones[phone].call(dialled or call.number)
        if isinstance(outcome, Line):
            return outcome
        self._deviate(f"{call.what}: it was refused with {outcome.status} {outcome.text!r}")
        return None

    async def _finish(self, phone: str, line: Line | None, call: ExpectedCall) -> None:
        """Talk as long as expected, counted from the answer, and hang up."""
        if line is None or call.hold_s is None:
            return
        await asyncio.wait([line.ended], timeout=max(0.0, call.hold_s - talk_s(line)))
        if line.ended.done():
            self._deviate(f"{call.what}: it was ended from the other side after {talk_s(line)} s")
            return
        await self._phones[phone].hang_up(line)

    async def _expect_refusal(self, phone: str, call: ExpectedCall) -> None:
        self._say(f"{phone}: {call.what}")
        outcome = await self._phones[phone].call(call.number)
        if isinstance(outcome, Refused):
            self._say(f"    {outcome.status} {outcome.text}", style="yellow")
            if outcome != (call.status, call.text):
                found, wanted = f"{outcome.status} {outcome.text}", f"{call.status} {call.text}"
                self._deviate(f"{call.what}: refused with {found!r}, not with {wanted!r}")
            return
        self._deviate(f"{call.what}: it was put through instead of refused with {call.status}")
        await self._phones[phone].hang_up(outcome)

    async def _wait_for_cut(self, line: Line, call: ExpectedCall) -> None:
        """Wait for the BYE of the switch, at the phone and at the carrier's side alike."""
        await asyncio.wait([line.ended], timeout=CUT_WITHIN_S)
        if not line.ended.done():
            self._deviate(f"{call.what}: it was not cut when its credit was used up")
            return
        late_s = talk_s(line) - call.charged_s
        if abs(late_s) > CUT_TOLERANCE_S:
            self._deviate(f"{call.what}: cut after {talk_s(line):.3f} s, not {call.charged_s} s")
        self._say(f"    bob is cut after {talk_s(line):.2f} s", style="yellow")

    def _expect_caller_shown(self) -> None:
        """Note it if the answering point was not told who calls."""
        asserted = [
            request.value("p-asserted-identity") or ""
            for carrier in self._carriers
            for request in carrier.received
            if request.method == "INVITE" and expected.EMERGENCY in request.uri_text
        ]
        if len(asserted) != 1 or "+493023125001" not in asserted[0]:
            self._deviate(f"{expected.EMERGENCY_CALL.what}: the number shown was {asserted}")

    def _say(self, sentence: str, *, style: str = "") -> None:
        self._screen.say(sentence, style=style)

    def _deviate(self, sentence: str) -> None:
        self.deviations.append(sentence)


def open_lines(agents: list[UserAgent]) -> list[str]:
    """Name the lines that nobody has ended, one sentence each."""
    return [
        f"{agent.name} still has a line although all calls are over"
        for agent in agents
        for line in agent.lines
        if not line.ended.done()
    ]
