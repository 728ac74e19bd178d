"""A whole switch in this process: opened, reloaded, closed."""

from __future__ import annotations

import asyncio
import shutil
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from freiton.config import Config, ConfigError, HostPort, Overrides, load_config, shipped
from freiton.config.rating_data import read_tariffs
from freiton.control import ControlError
from freiton.errors import OperatorError
from freiton.logs import open_log
from freiton.routing.directory import Directory
from freiton.running_switch import RunningSwitch
from freiton.storage.site.edit import SiteEdit
from freiton.storage.site.offer import Offer
from freiton.storage.site.specs import AccountSpec, PlanSpec
from freiton.storage.site_store import SiteStore
from rating.engine import Quote, QuoteParams, quote
from rating.numbering import DiallingOrigin, E164Number
from rating.pricing import BookedPlan, Subscription
from tests.support.free_port import free_sip_ports, free_tcp_port
from tests.support.virtual_town import account

HOST = "127.0.0.1"
GERMANY = "089123456"
MANY_ACCOUNTS = 60_000
TODAY = datetime(2026, 11, 22, 12, tzinfo=UTC)
NEXT_YEAR = datetime(2027, 1, 1, 12, tzinfo=UTC)


def settings(folder: Path) -> Config:
    """Return settings with price lists of their own, on free ports."""
    tariffs = folder / "tariffs"
    shutil.copytree(shipped("tariffs"), tariffs)
    file = folder / "freiton.toml"
    file.write_text(f'[tariff]\nprovider = "tgnet"\nfolder = "{tariffs}"\n')
    overrides = Overrides(
        state_folder=folder / "state",
        sip=HostPort(HOST, free_sip_ports(1)[0]),
        http=HostPort(HOST, free_tcp_port()),
    )
    return load_config(file, overrides)


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[RunningSwitch]:
    switch = RunningSwitch(config, open_log("error"))
    await switch.start()
    try:
        yield switch
    finally:
        await switch.stop()


def price(switch: RunningSwitch, at: datetime = TODAY) -> str:
    """Return what the switch would ask for a minute to a German fixed line."""
    setup = switch._parts.setup
    number = setup.numbering.plan.normalize(GERMANY, DiallingOrigin())
    assert isinstance(number, E164Number)
    found = quote(
        QuoteParams(
            tariffs=setup.pricing.tariffs,
            subscription=Subscription((BookedPlan("tgnet", "account", date.min),)),
            number=number,
            prefix_table=setup.numbering.prefix_table,
            at=at,
        )
    )
    assert isinstance(found, Quote)
    return str(found.price_per_minute)


def plans_of(switch: RunningSwitch) -> list[str]:
    """Return the plans that accounts have booked, as the switch sees it."""
    accounts = switch._site.directory.accounts
    return [term.plan_id for one in accounts for term in one.subscription.plans]


def book(config: Config, change: Callable[[SiteEdit], object]) -> None:
    """Change the site with what is on offer in the files, as a command does."""
    store = SiteStore.open(config.state_folder, domains=config.domains, provider="tgnet")
    offer = Offer(read_tariffs(config), provider="tgnet")
    with store.edit(today=TODAY.date(), offer=offer) as site:
        change(site)
    store.close()


async def test_price_lists_are_reloaded_whole_or_not_at_all(tmp_path: Path) -> None:
    config = settings(tmp_path)
    germany = tmp_path / "tariffs" / "tgnet" / "2010-03-01-germany.csv"
    async with running(config) as switch:
        before = price(switch)
        printed = germany.read_text()
        assert ",2.9," in printed

        germany.write_text(printed.replace(",2.9,", ",2.7,", 1))
        switch.reload()
        assert price(switch) != before

        germany.write_text(printed.replace(",2.9,", ",cheap,", 1))
        changed = price(switch)
        with pytest.raises(ConfigError, match="cheap"):
            switch.reload()
        assert price(switch) == changed

        germany.write_text(printed)
        switch.reload()
        assert price(switch) == before


async def test_a_new_list_is_taken_over_and_holds_from_its_day_on(tmp_path: Path) -> None:
    config = settings(tmp_path)
    folder = tmp_path / "tariffs" / "tgnet"
    async with running(config) as switch:
        rules, germany = folder / "tariff.toml", folder / "2010-03-01-germany.csv"
        (folder / "2027-germany.csv").write_text(germany.read_text().replace(",2.9,", ",3.1,", 1))
        text = rules.read_text()
        start = text.index("[[price_list]]")
        old = text[start : text.index("\n[[", start + 1)]
        new = (
            old.replace('version = "2010-03-01"', 'version = "2027-01-01"')
            .replace("valid_from = 2010-03-01", "valid_from = 2027-01-01")
            .replace("2010-03-01-germany.csv", "2027-germany.csv")
        )
        ended = old.replace(
            "valid_from = 2010-03-01", "valid_from = 2010-03-01\nvalid_to = 2027-01-01"
        )
        rules.write_text(text.replace(old, f"{ended}\n\n{new}"))
        assert price(switch, NEXT_YEAR) == "29/1000"
        switch.reload()
        assert (price(switch), price(switch, NEXT_YEAR)) == ("29/1000", "31/1000")


async def test_what_is_booked_must_be_in_the_lists_in_force(tmp_path: Path) -> None:
    """A plan that stands in the files alone; the switch knows it after it has loaded them anew."""
    config = settings(tmp_path)
    rules = tmp_path / "tariffs" / "tgnet" / "tariff.toml"
    printed = rules.read_text()
    async with running(config) as switch:
        gold = '[[plan]]\nid = "gold"\nname = "Gold"\nline = 11\n\n[[column]]'
        rules.write_text(printed.replace("[[column]]", gold, 1))
        book(config, lambda site: site.accounts.add(AccountSpec(name="alice")))
        book(
            config,
            lambda site: site.plans.book(site.accounts.get("alice"), PlanSpec(name="tgnet/gold")),
        )
        with pytest.raises(OperatorError, match="no plan tgnet/gold; SIGHUP takes over new"):
            switch.reload_site()
        assert plans_of(switch) == []
        switch.reload()
        assert plans_of(switch) == ["gold"]

        rules.write_text(printed)
        before = switch._parts.setup.pricing
        with pytest.raises(OperatorError, match=r"account alice@.*: there is no plan tgnet/gold"):
            switch.reload()
        assert switch._parts.setup.pricing is before
    with pytest.raises(OperatorError, match="there is no plan tgnet/gold"):
        await RunningSwitch(config, open_log("error")).start()


async def test_two_switches_do_not_share_a_state_folder(tmp_path: Path) -> None:
    config = settings(tmp_path)
    async with running(config):
        with pytest.raises(ControlError, match="another switch"):
            await RunningSwitch(config, open_log("error")).start()
    async with running(config):
        pass


async def test_a_taken_port_is_one_sentence_and_leaves_nothing_open(tmp_path: Path) -> None:
    config = settings(tmp_path)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((HOST, config.listeners[0].listen.port))
        with pytest.raises(OperatorError, match="in use"):
            await RunningSwitch(config, open_log("error")).start()
    async with running(config):
        pass


async def test_very_many_accounts_cost_no_event_before_they_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with terms of its own: in one batch they would be more than the writer takes."""
    config = settings(tmp_path)
    accounts = [account(number, f"a{number}") for number in range(1, MANY_ACCOUNTS + 1)]
    directory = Directory(default_domain="example.org", accounts=accounts)
    monkeypatch.setattr(SiteStore, "load_directory", lambda *_, **__: directory)
    async with running(config) as switch:
        switch.reload_site()
        assert switch._writer.pending_count < 10
        started = time.monotonic()
        while switch._writer.pending_count:
            await asyncio.sleep(0.005)
            assert time.monotonic() - started < 5
        assert switch._log.position < 10
        assert switch._accounting.is_log_up
