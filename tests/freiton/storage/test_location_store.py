from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from freiton.errors import OperatorError
from freiton.storage.charging_log_appender import CRASH_POINTS
from freiton.storage.location_file import LOCATION_FILE, StoredBinding
from freiton.storage.location_store import LocationStore
from freiton.storage.writer_process import CRASH_VARIABLE
from tests.freiton.storage.test_writer import Station

FAR = 4_000_000_000_000_000


async def open_store(folder: Path) -> tuple[Station, LocationStore]:
    station = Station(folder)
    store = LocationStore(station.writer)
    await station.open()
    return station, store


async def test_bindings_come_back_at_the_next_start(tmp_path: Path) -> None:
    station, store = await open_store(tmp_path)
    store.put("sip:a@x", "1", b"first", expires_us=FAR)
    store.put("sip:a@x", "2", b"second", expires_us=FAR)
    store.put("sip:b@x", "1", b"third", expires_us=FAR)
    store.flush()
    store.put("sip:a@x", "1", b"renewed", expires_us=FAR + 1)
    store.remove("sip:b@x", "1")
    store.flush()
    await station.until(lambda: store.unsaved_count == 0)
    await station.writer.close()

    assert LocationStore.load(tmp_path, at_us=0) == [
        StoredBinding("sip:a@x", "1", b"renewed", FAR + 1),
        StoredBinding("sip:a@x", "2", b"second", FAR),
    ]


async def test_what_was_flushed_is_written_before_the_writer_ends(tmp_path: Path) -> None:
    station, store = await open_store(tmp_path)
    for number in range(5_000):
        store.put(f"sip:{number}@x", "1", b"record", expires_us=FAR)
    store.flush()
    await station.writer.close()
    assert len(LocationStore.load(tmp_path, at_us=0)) == 5_000


async def test_expired_bindings_are_not_loaded(tmp_path: Path) -> None:
    station, store = await open_store(tmp_path)
    store.put("sip:a@x", "1", b"old", expires_us=FAR)
    store.put("sip:a@x", "2", b"new", expires_us=FAR + 10)
    store.flush()
    await station.writer.close()
    assert [row.key for row in LocationStore.load(tmp_path, at_us=FAR)] == ["2"]


@pytest.mark.parametrize("point", [name for name in CRASH_POINTS if name.startswith("bindings.")])
async def test_a_writer_that_dies_loses_no_binding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setenv(CRASH_VARIABLE, point)
    station, store = await open_store(tmp_path)
    monkeypatch.delenv(CRASH_VARIABLE)
    store.put("sip:a@x", "1", b"sent", expires_us=FAR)
    store.put("sip:b@x", "1", b"sent", expires_us=FAR)
    store.flush()
    store.put("sip:b@x", "1", b"said while it died", expires_us=FAR)
    await station.until(lambda: station.restored)
    store.flush()
    await station.until(lambda: store.unsaved_count == 0)
    await station.writer.close()
    assert [row.record for row in LocationStore.load(tmp_path, at_us=0)] == [
        b"sent",
        b"said while it died",
    ]


async def test_while_there_is_no_writer_bindings_wait(tmp_path: Path) -> None:
    station, store = await open_store(tmp_path)
    await station.quiet()
    station.kill_writer()
    await station.until(lambda: not station.writer.is_up)
    store.put("sip:a@x", "1", b"record", expires_us=FAR)
    store.flush()
    assert store.unsaved_count == 1
    await station.until(lambda: store.unsaved_count == 0)
    await station.writer.close()
    assert len(LocationStore.load(tmp_path, at_us=0)) == 1


def test_without_a_file_there_are_no_bindings(tmp_path: Path) -> None:
    assert LocationStore.load(tmp_path, at_us=0) == []


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / LOCATION_FILE
    path.write_bytes(b"nonsense" * 1_000)
    with pytest.raises(OperatorError, match=LOCATION_FILE):
        LocationStore.load(tmp_path, at_us=0)


async def test_old_rows_are_cleared_when_a_writer_opens(tmp_path: Path) -> None:
    station, store = await open_store(tmp_path)
    store.put("sip:a@x", "1", b"long gone", expires_us=1)
    store.flush()
    await station.writer.close()
    station, store = await open_store(tmp_path)
    await station.writer.close()
    with closing(sqlite3.connect(tmp_path / LOCATION_FILE)) as connection:
        assert connection.execute("SELECT count(*) FROM bindings").fetchone() == (0,)
