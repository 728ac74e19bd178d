"""The demo from curtain to curtain: build, play, bill, compare."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from freiton.calls.stream import CallReport
from freiton.config import Config
from freiton.control import SOCKET_NAME, ControlClient
from freiton.demo import expected
from freiton.demo.bill import itemised_bill
from freiton.demo.carrier import Carrier
from freiton.demo.company import Company, own_config
from freiton.demo.compare import compare_records, compare_stream, compare_sums
from freiton.demo.phone import Phone
from freiton.demo.screen import Screen
from freiton.demo.story import Story, open_lines
from freiton.demo.user_agent import UserAgent
from freiton.identifiers import RandomIdentifiers
from freiton.logs import adopt_library_logs, open_log
from freiton.running_switch import RunningSwitch
from freiton.storage.charging_log import iterate_cdrs
from freiton.storage.charging_log_file import CHARGING_FOLDER
from freiton.storage.charging_log_verify import verify
from rating.cdr import CallDetailRecord
from rating.money import format_euro
from sipcore.transport.flow import Address

PHONES: Final = (
    ("alice-desk", expected.ALICE),
    ("alice-mobile", expected.ALICE),
    ("bob-desk", expected.BOB),
    ("carol-desk", expected.CAROL),
)
JOURNAL: Final = "switch.log"
DRAIN_S: Final = 5.0


async def play_demo(config: Config, state_folder: Path, screen: Screen) -> list[str]:
    """Play the whole demo in a new state folder; return every deviation as a sentence."""
    config = own_config(config, state_folder)
    company = Company(config)
    journal_path = state_folder / JOURNAL
    reports: list[CallReport] = []
    with journal_path.open("w") as journal, screen:
        adopt_library_logs("warning", stream=journal)
        async with AsyncExitStack() as stack:
            carriers = await _open_carriers(stack)
            addresses = {one.name: one.listener.bound for one in carriers}
            passwords = company.found(addresses)
            switch = RunningSwitch(config, open_log("info", stream=journal))
            await switch.start()
            stack.push_async_callback(switch.stop)
            await stack.enter_async_context(_followed(switch, reports, screen))
            registrar = switch.listeners["udp"].bound
            screen.say(f"The switch listens on {registrar[0]}:{registrar[1]} (UDP).", style="bold")
            phones = await _open_phones(stack, passwords, config.default_domain, registrar)
            operator = CommandLine(company, state_folder)
            story = Story(phones, carriers, operator, screen)
            await story.play()
            await switch.drain(DRAIN_S)
    agents: list[UserAgent] = [*phones.values(), *carriers]
    records = list(iterate_cdrs(state_folder / CHARGING_FOLDER))
    _show_bills(records, company, screen)
    return [
        *story.deviations,
        *open_lines(agents),
        *_compare(records, reports, company),
        *_faults(agents, journal_path),
        *_problems_of_log(state_folder / CHARGING_FOLDER),
    ]


class CommandLine:
    """The operator: changes the site in the store and tells the running switch to take it over."""

    def __init__(self, company: Company, state_folder: Path) -> None:
        self._company = company
        self._control = ControlClient(state_folder / SOCKET_NAME)

    async def book_flatrate(self, account: str) -> None:
        """Do what `freiton flatrate add` does."""
        await asyncio.to_thread(self._company.book_flatrate, account)
        await asyncio.to_thread(self._control.call, "reload")

    async def top_up(self, account: str, amount_micros: int) -> None:
        """Do what `freiton top-up` does."""
        account_id = self._company.account_ids()[account]
        await asyncio.to_thread(
            self._control.call,
            "top-up",
            account_id=account_id,
            amount_micros=amount_micros,
            reference="demo",
        )


async def _open_carriers(stack: AsyncExitStack) -> tuple[Carrier, Carrier]:
    first = Carrier(
        "carrier1", RandomIdentifiers("c1"), fails_for=frozenset({expected.FRENCH_MOBILE})
    )
    second = Carrier("carrier2", RandomIdentifiers("c2"), fails_for=frozenset())
    for carrier in (first, second):
        await carrier.open()
        stack.push_async_callback(carrier.close)
    return first, second


async def _open_phones(
    stack: AsyncExitStack, passwords: dict[str, str], domain: str, registrar: Address
) -> dict[str, Phone]:
    phones: dict[str, Phone] = {}
    for place, (device, account) in enumerate(PHONES):
        phone = phones[device] = Phone(
            device,
            account,
            password=passwords[device],
            domain=domain,
            registrar=registrar,
            identifiers=RandomIdentifiers(f"p{place}"),
        )
        await phone.open()
        stack.push_async_callback(phone.close)
    return phones


@asynccontextmanager
async def _followed(
    switch: RunningSwitch, reports: list[CallReport], screen: Screen
) -> AsyncIterator[None]:
    """Keep and show what the switch tells of its calls, as `freiton calls --follow` does."""

    async def follow() -> None:
        async for item in switch.stream.broadcast.follow():
            if isinstance(item, CallReport):
                reports.append(item)
                screen.take(item)

    task = asyncio.create_task(follow())
    try:
        yield
    finally:
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _show_bills(records: list[CallDetailRecord], company: Company, screen: Screen) -> None:
    ids = company.account_ids()
    for account, _ in expected.SUMS_MICROS:
        own = [one for one in records if one.account_id == ids[account]]
        screen.say("")
        screen.show(itemised_bill(f"Itemised bill of {account}", own, company.plan))
    total = format_euro(sum(one.amount_micros for one in records), style="plain")
    screen.say(f"\nAll calls together: {total} euros.")


def _compare(
    records: list[CallDetailRecord], reports: list[CallReport], company: Company
) -> Iterator[str]:
    ids = company.account_ids()
    yield from compare_records(
        records, expected.CALLS, account_ids=ids, trunk_ids=company.trunk_ids()
    )
    yield from compare_sums(records, expected.SUMS_MICROS, account_ids=ids)
    yield from compare_stream(reports, records)
    total_micros = sum(one.amount_micros for one in records)
    if total_micros != expected.TOTAL_MICROS:
        yield f"all calls together cost {total_micros} micros, not {expected.TOTAL_MICROS}"


def _problems_of_log(folder: Path) -> Iterator[str]:
    """Fold the charging log once more, from its first event."""
    found = verify(folder)
    yield from found.problems
    if found.charged_micros != expected.TOTAL_MICROS:
        yield f"the log says {found.charged_micros} micros charged, not {expected.TOTAL_MICROS}"
    if found.open_calls:
        yield f"the log still has {found.open_calls} open calls"


def _faults(agents: list[UserAgent], journal_path: Path) -> Iterator[str]:
    for agent in agents:
        for fault in agent.faults:
            yield f"{agent.name} stumbled: {fault!r}"
    for text in journal_path.read_text().splitlines():
        line = json.loads(text)
        if line["level"] == "error":
            yield f"the switch stumbled: {line['event']}"
