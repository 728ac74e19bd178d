"""The control socket: what a command line may ask a running switch, and what it cannot break."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from freiton.control import (
    SOCKET_NAME,
    Broadcast,
    ControlClient,
    ControlError,
    ControlServer,
    StateLock,
    SwitchNotRunning,
)
from freiton.control.server import Arguments
from freiton.errors import OperatorError


class Switch:
    """Stands where the composition root puts its commands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reports: Broadcast = Broadcast(waiting_max=3)
        self.failures: list[dict[str, Any]] = []
        self.server = ControlServer(
            path,
            commands={
                "add": self.add,
                "refuse": self.refuse,
                "break": self.fail,
                "odd": self.odd,
                "wait": self.wait,
            },
            streams={"follow": self.follow, "count": self.count, "bad": self.bad},
        )

    async def add(self, arguments: Arguments) -> object:
        return {"sum": arguments["a"] + arguments["b"]}

    async def refuse(self, _arguments: Arguments) -> object:
        raise OperatorError("nothing doing")

    async def fail(self, _arguments: Arguments) -> object:
        raise KeyError("missing")

    async def odd(self, _arguments: Arguments) -> object:
        return object()

    async def wait(self, _arguments: Arguments) -> object:
        await asyncio.Event().wait()
        return None

    async def follow(self, _arguments: Arguments) -> AsyncGenerator[object, None]:
        async for item in self.reports.follow():
            yield item

    async def count(self, arguments: Arguments) -> AsyncGenerator[object, None]:
        for number in range(arguments["to"]):
            yield number

    async def bad(self, _arguments: Arguments) -> AsyncGenerator[object, None]:
        yield 1
        raise OperatorError("no more")

    def client(self, **options: Any) -> ControlClient:
        return ControlClient(self.path, **options)


@pytest_asyncio.fixture
async def switch(tmp_path: Path) -> AsyncIterator[Switch]:
    switch = Switch(tmp_path / SOCKET_NAME)
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: switch.failures.append(context)
    )
    await switch.server.start()
    yield switch
    await switch.server.close()


async def ask(client: ControlClient, command: str, **arguments: object) -> Any:
    return await asyncio.to_thread(client.call, command, **arguments)


async def say(path: Path, data: bytes) -> Any:
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(data)
    answer = await reader.readline()
    writer.close()
    return json.loads(answer)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


async def test_a_command_gets_its_result(switch: Switch) -> None:
    assert await ask(switch.client(), "add", a=1, b=2) == {"sum": 3}


async def test_a_refusal_is_the_switchs_sentence(switch: Switch) -> None:
    with pytest.raises(ControlError, match="nothing doing"):
        await ask(switch.client(), "refuse")


@pytest.mark.parametrize("command", ["break", "odd"])
async def test_a_broken_command_ends_one_connection_and_is_reported(
    switch: Switch, command: str
) -> None:
    with pytest.raises(ControlError, match=f"command {command} failed; the switch's log"):
        await ask(switch.client(), command)
    assert [type(one["exception"]) for one in switch.failures] in ([KeyError], [TypeError])
    assert await ask(switch.client(), "add", a=1, b=1) == {"sum": 2}


async def test_an_unknown_command_is_named(switch: Switch) -> None:
    with pytest.raises(ControlError, match="knows no command fly"):
        await ask(switch.client(), "fly")


@pytest.mark.parametrize(
    "data",
    [
        b"\n",
        b"no json\n",
        b"[]\n",
        b'{"command": 1}\n',
        b'{"command": "add", "colour": "red"}\n',
        b'{"command": "add", "arguments": []}\n',
        b'{"command": "\xff"}\n',
        b'{"command": "add", "arguments": {"a": ' + b"[" * 50_000 + b"\n",
    ],
)
async def test_a_bad_request_is_answered_and_harms_nobody(switch: Switch, data: bytes) -> None:
    assert (await say(switch.path, data))["error"].startswith("the request cannot be read")
    assert await ask(switch.client(), "add", a=1, b=1) == {"sum": 2}


async def test_a_request_is_bounded(switch: Switch) -> None:
    answer = await say(switch.path, b"x" * 200_000)
    assert answer == {"error": "a request has at most 65536 bytes"}


async def test_connections_are_bounded(switch: Switch) -> None:
    idle = [await asyncio.open_unix_connection(str(switch.path)) for _ in range(32)]
    with pytest.raises(ControlError, match="too many connections"):
        await ask(switch.client(), "add", a=1, b=1)
    for _, writer in idle:
        writer.close()
    await until(lambda: not switch.server._connections)
    assert await ask(switch.client(), "add", a=1, b=1) == {"sum": 2}


async def test_an_answer_is_waited_for_only_so_long(switch: Switch) -> None:
    with pytest.raises(ControlError, match=r"did not answer wait within 0\.1 s"):
        await ask(switch.client(timeout_s=0.1), "wait")


async def test_a_stream_ends_by_itself_or_with_an_error(switch: Switch) -> None:
    assert await asyncio.to_thread(lambda: list(switch.client().follow("count", to=3))) == [0, 1, 2]
    with pytest.raises(ControlError, match="no more"):
        await asyncio.to_thread(lambda: list(switch.client().follow("bad")))


async def test_followers_come_and_go(switch: Switch) -> None:
    stream = switch.client().follow("follow")
    first = asyncio.create_task(asyncio.to_thread(next, stream))
    await until(lambda: switch.reports.follower_count == 1)
    switch.reports.publish({"kind": "admit"})
    assert await first == {"kind": "admit"}
    await asyncio.to_thread(stream.close)  # type: ignore[attr-defined]
    await until(lambda: switch.reports.follower_count == 0)


async def test_a_slow_follower_is_told_what_it_missed() -> None:
    reports = Broadcast(waiting_max=2)
    slow = reports.follow()
    first = asyncio.ensure_future(anext(slow))
    await asyncio.sleep(0)
    for number in range(5):
        reports.publish(number)
    dropped = await first
    assert getattr(dropped, "dropped", None) == 3
    assert [await anext(slow), await anext(slow)] == [3, 4]
    await slow.aclose()
    assert reports.follower_count == 0


async def test_only_the_owner_may_open_the_socket(switch: Switch) -> None:
    assert switch.path.stat().st_mode & 0o777 == 0o600


async def test_nobody_at_the_socket_is_not_an_accident(tmp_path: Path) -> None:
    client = ControlClient(tmp_path / SOCKET_NAME)
    with pytest.raises(SwitchNotRunning, match=f"no switch runs with state folder {tmp_path}"):
        client.call("status")
    with socket.socket(socket.AF_UNIX) as abandoned:
        abandoned.bind(str(tmp_path / SOCKET_NAME))
    with pytest.raises(SwitchNotRunning):
        client.call("status")


async def test_a_crashed_switchs_socket_is_replaced_and_a_closed_ones_is_gone(
    tmp_path: Path,
) -> None:
    path = tmp_path / SOCKET_NAME
    with socket.socket(socket.AF_UNIX) as abandoned:
        abandoned.bind(str(path))
    switch = Switch(path)
    await switch.server.start()
    assert await ask(switch.client(), "add", a=1, b=1) == {"sum": 2}
    await switch.server.close()
    assert not path.exists()


async def test_another_file_is_not_taken_away(tmp_path: Path) -> None:
    path = tmp_path / SOCKET_NAME
    path.write_text("keep me")
    with pytest.raises(ControlError, match="is in the way of the control socket"):
        await Switch(path).server.start()
    assert path.read_text() == "keep me"


async def test_a_path_too_long_for_a_socket_is_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    with pytest.raises(ControlError, match="too long"):
        await Switch(folder / SOCKET_NAME).server.start()
    with pytest.raises(ControlError, match="too long"):
        ControlClient(folder / SOCKET_NAME).call("status")


async def test_closing_breaks_off_what_waits(switch: Switch) -> None:
    call: Awaitable[Any] = asyncio.create_task(ask(switch.client(), "wait"))
    await until(lambda: len(switch.server._connections) == 1)
    await switch.server.close()
    with pytest.raises(ControlError, match="broke off"):
        await call


def test_one_switch_holds_a_state_folder(tmp_path: Path) -> None:
    with StateLock(tmp_path):
        second = StateLock(tmp_path)
        with pytest.raises(
            ControlError, match=f"another switch runs with the state folder {tmp_path}"
        ):
            second.acquire()
    with StateLock(tmp_path):
        pass


def test_a_lock_in_no_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="cannot be opened: No such file"):
        StateLock(tmp_path / "none").acquire()
