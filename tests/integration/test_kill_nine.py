"""`kill -9` of the real switch under fifty charged calls, again and again.

The oracle's ends of the calls live on; what the switch wrote down is compared with what they saw.
Ten of the calls share a minute package that ends in the middle of it all.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from typing import Any

import pytest

from freiton.storage.charging_log_file import CHARGING_FOLDER
from freiton.storage.charging_log_state import read_state
from tests.integration.earlier_calls import talk_before
from tests.support.free_port import free_sip_ports
from tests.support.oracle import HOST, Book, Callee, Caller, Leg, Truth
from tests.support.switch_process import STATE, SwitchProcess

CALLS = 50
PACKED_CALLS = 10
PACKAGE = "PACK-MOBILE-100"
PACKAGE_S = 6_000
PACKAGE_LEFT_S = 100
MICROS_PER_MINUTE = 122_000
"""The example list of 2024, which the contract begins with: German mobile networks 12.2 ct/min."""
DOMAIN = "freiton.internal"
PASSWORD = "only-for-tests"
US = 1_000_000
LAST_PROOF_S = 1.0
"""A BYE on its way into a dying switch may miss it; what it writes until it dies is proof."""

SITE = """
customers = ["Oracle"]

[[accounts]]
name = "phone"
customer = "Oracle"
area_code = "30"
numbers = ["+493023125001"]
flatrates = {calls}
daily_limit = "1000"
devices = [{{ user = "phone", password = "{password}" }}]

[[accounts]]
name = "packed"
customer = "Oracle"
kind = "pbx"
area_code = "30"
numbers = ["+493023125002"]
plan = {{ name = "plusnet/sip-trunk", valid_from = 2025-01-01 }}
options = ["PACK-MOBILE-100"]
daily_limit = "1000"
devices = [{{ user = "packed", password = "{password}" }}]

[[trunks]]
name = "carrier"
host = "{host}:{port}"
channels = 500
"""


class Run:
    """Fifty live calls, and a switch that dies under them."""

    def __init__(self, folder: Path, *, kills: int, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - repeatable
        self.kills = kills
        self.switch = SwitchProcess(folder, settings=f'domains = ["{DOMAIN}"]\n')
        self.book = Book()
        address = (HOST, self.switch.sip_port)
        self.phone = Caller("phone", PASSWORD, DOMAIN, address, self.book)
        self.packed = Caller("packed", PASSWORD, DOMAIN, address, self.book)
        self.carrier = Callee(
            "carrier", address, self.book, pause_s=lambda: self.chance.uniform(0.0, 0.4)
        )
        self.numbers: Iterator[str] = (f"0170{number}" for number in range(1_000_000, 9_999_999))
        self.is_over = False
        self.survived = 0
        (self.carrier_port,) = free_sip_ports(1)
        site = folder / "site.toml"
        site.write_text(
            SITE.format(calls=CALLS, password=PASSWORD, host=HOST, port=self.carrier_port)
        )
        self.switch.cli("site", "import", str(site))
        self.state = folder / STATE
        talked_s = PACKAGE_S - PACKAGE_LEFT_S
        talk_before(self.state, DOMAIN, "packed", to="01700999999", seconds=talked_s)

    async def run(self) -> None:
        await self.phone.open()
        await self.packed.open()
        await self.carrier.open(self.carrier_port)
        try:
            await asyncio.to_thread(self.switch.start)
            phones = [self.packed] * PACKED_CALLS + [self.phone] * (CALLS - PACKED_CALLS)
            callers = [asyncio.create_task(self._keep_calling(phone)) for phone in phones]
            await asyncio.sleep(3.0)
            for _ in range(self.kills):
                await asyncio.sleep(self.chance.uniform(0.2, 3.0))
                await self._kill()
            await asyncio.sleep(2.0)
            self.is_over = True
            await asyncio.gather(*callers)
            await self._hang_up_all()
            await self._assert_no_slot_leaked()
        finally:
            self.phone.close()
            self.packed.close()
            self.carrier.close()

    async def _kill(self) -> None:
        self.book.died()
        self.switch.kill()
        await asyncio.sleep(self.chance.uniform(0.0, 0.5))
        await asyncio.to_thread(self.switch.start)

    async def _keep_calling(self, phone: Caller) -> None:
        """Call, talk for a while, hang up on either side, and again."""
        while not self.is_over:
            leg = phone.call(next(self.numbers))
            await self._until(lambda leg=leg: leg.is_connected or leg.is_over, 6.0)
            if not leg.is_connected:
                phone.cancel(leg)
                await asyncio.sleep(0.2)
                continue
            talk_s = self.chance.uniform(0.5, 12.0)
            await self._until(lambda leg=leg: leg.is_over or self.is_over, talk_s)
            if not leg.is_over and not self.is_over:
                self._end(phone, leg)
                truth = self.book.answered(leg.dialled)
                if truth is not None:
                    await self._until(lambda truth=truth: truth.bye_before is not None, 35.0)

    def _end(self, phone: Caller, leg: Leg) -> None:
        others = [one for one in self.carrier.legs.values() if one.dialled == leg.dialled]
        if len(others) == 1 and not others[0].is_over and self.chance.random() < 0.5:
            self.carrier.bye(others[0])
        else:
            phone.bye(leg)

    async def _hang_up_all(self) -> None:
        for phone in (self.phone, self.packed):
            for leg in list(phone.legs.values()):
                if leg.is_connected and not leg.is_over:
                    phone.bye(leg)
        await asyncio.sleep(3.0)
        for peer in (self.carrier, self.phone, self.packed):
            for leg in list(peer.legs.values()):
                if leg.is_connected and not leg.is_over:
                    peer.bye(leg)
        await asyncio.sleep(2.0)

    async def _assert_no_slot_leaked(self) -> None:
        """The whole limit can be used, and not one call more."""
        legs = [self.phone.call(next(self.numbers)) for _ in range(CALLS)]
        await self._until(lambda: all(leg.is_connected for leg in legs), 20.0)
        assert [leg.last_status for leg in legs] == [200] * CALLS, "a slot leaked"
        more = self.phone.call(next(self.numbers))
        await self._until(lambda: more.is_over, 10.0)
        assert more.last_status == 486, "more calls than flatrates"
        for leg in legs:
            self.phone.bye(leg)
        await self._until(lambda: all(self._is_told(leg) for leg in legs), 30.0)

    def _is_told(self, leg: Leg) -> bool:
        truth = self.book.answered(leg.dialled)
        return truth is not None and truth.bye_before is not None

    async def _until(self, is_true: Any, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not is_true() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)

    # The verdict.

    def judge(self) -> None:
        assert self.switch.stop() == 0
        self.switch.cli("ledger", "verify")
        text = self.switch.cli("cdr", "export", "--format", "json")
        self._judge_package([json.loads(line) for line in text.splitlines()])
        records: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for line in text.splitlines():
            record = json.loads(line)
            if record["call_id"] == "before-packed":
                continue
            records[f"0{record['called_number'].removeprefix('+49')}"].append(record)
        assert len({one["call_id"] for many in records.values() for one in many}) == sum(
            map(len, records.values())
        ), "a call was recorded twice"
        for dialled, answers in self.book.answers.items():
            self._judge(dialled, answers, records[dialled])
        unknown = [
            dialled
            for dialled, many in records.items()
            if dialled not in self.book.answers and any(one["rated_us"] for one in many)
        ]
        assert unknown == [], "charged without an answer"
        assert self.survived >= self.kills, "hardly a call was there to survive"
        faults = [line for line in self.switch.log_lines() if line["level"] == "error"]
        assert faults == []

    def _judge_package(self, records: list[dict[str, Any]]) -> None:
        """No second of the package is lost or used twice, and all others are paid in money."""
        used_s = paid_s = 0
        for record in records:
            by_package = record.get("allowance_used_s", {}).get(PACKAGE, 0)
            used_s += by_package
            if record["quote"] is None or PACKAGE not in record["quote"]["allowances"]:
                continue
            in_money = record["charged_s"] - by_package
            paid_s += in_money
            micros = Fraction(MICROS_PER_MINUTE * in_money, 60)
            assert record["amount_micros"] == floor(micros + Fraction(1, 2)), record
        assert PACKAGE_S - PACKAGE_LEFT_S < used_s <= PACKAGE_S
        assert paid_s > 0, "the package did not end"
        (balance,) = read_state(self.state / CHARGING_FOLDER).allowances.states()
        assert (balance.granted_s, balance.used_s) == (PACKAGE_S, used_s)
        assert balance.reserved_s == 0, "an ended call still holds seconds"

    def _judge(self, dialled: str, answers: list[Truth], records: list[dict[str, Any]]) -> None:
        charged = [one for one in records if one["rated_us"] > 0]
        assert len(charged) <= len(answers), f"{dialled} charged twice: {records}"
        bound_us = sum(self._longest_us(one) for one in answers)
        rated_us = sum(one["rated_us"] for one in records)
        assert rated_us <= bound_us, f"{dialled}: {rated_us} over {bound_us}: {answers} {records}"
        billed_s = sum(one["billed_s"] for one in records)
        assert billed_s <= sum(ceil(self._longest_us(one) / US) for one in answers)
        if len(answers) == 1 and answers[0].was_connected:
            self._judge_connected(dialled, answers[0], records)

    def _judge_connected(self, dialled: str, truth: Truth, records: list[dict[str, Any]]) -> None:
        answered = [one for one in records if one["answered_at"] is not None]
        assert len(answered) == 1, f"{dialled} was connected and is lost: {truth} {records}"
        (record,) = answered
        if truth.bye_status != 200 or truth.bye_after is None or truth.answer_before is None:
            return
        if record["ending"] == "lost":
            # It ended while the switch was down: there is a last proof of life, and no more.
            assert truth.outlived or self._died_near(truth.bye_after), f"{dialled}: {truth}"
            return
        least_us = round((truth.bye_after - truth.answer_before) * US)
        assert record["rated_us"] >= least_us, f"{dialled} charged too little: {truth}"
        self.survived += truth.outlived

    def _longest_us(self, truth: Truth) -> int:
        """Give the longest talk time that the switch can have measured."""
        end = truth.bye_after
        if end is None:
            end = truth.bye_before or time.monotonic()
        elif truth.bye_status == 200 and truth.bye_before is not None:
            end = truth.bye_before
        elif self._died_near(end):
            end = min(death for death in self.book.deaths if death >= end)
        return round((end - truth.answer_after) * US) + 1

    def _died_near(self, instant: float) -> bool:
        return any(0 <= death - instant <= LAST_PROOF_S for death in self.book.deaths)


def assert_survives(folder: Path, *, kills: int, seed: int) -> None:
    run = Run(folder, kills=kills, seed=seed)
    try:
        asyncio.run(run.run())
        run.judge()
    finally:
        if run.switch.is_running:
            run.switch.kill()


@pytest.mark.timeout(180)
def test_four_kills(tmp_path: Path) -> None:
    assert_survives(tmp_path, kills=4, seed=4)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [20, 21, 22])
def test_twenty_kills(tmp_path: Path, seed: int) -> None:
    assert_survives(tmp_path, kills=20, seed=seed)
