"""A whole switch in this process: opened, reloaded, closed."""

from __future__ import annotations

import asyncio
import shutil
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from freiton.config import Config, ConfigError, HostPort, Overrides, load_config, shipped
from freiton.control import ControlError
from freiton.errors import OperatorError
from freiton.logs import open_log
from freiton.routing.directory import Directory
from freiton.running_switch import RunningSwitch
from freiton.storage.site_store import SiteStore
from rating.engine import Quote, QuoteParams, quote
from rating.numbering import DiallingOrigin, E164Number
from rating.pricing import BookedPlan, Subscription
from tests.support.free_port import free_sip_ports, free_tcp_port
from tests.support.virtual_town import account

HOST = "127.0.0.1"
GERMANY = "089123456"
MANY_ACCOUNTS = 60_000


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


def price(switch: RunningSwitch) -> str:
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
            at=datetime(2026, 11, 22, 12, tzinfo=UTC),
        )
    )
    assert isinstance(found, Quote)
    return str(found.price_per_minute)


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
