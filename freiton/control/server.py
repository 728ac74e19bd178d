"""The switch's side of the control socket."""

import asyncio
import os
import socket
import stat
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from freiton.control.client import ControlError
from freiton.control.protocol import REQUEST_BYTES_MAX, Reply, Request, encode_line
from freiton.errors import OperatorError

Arguments = Mapping[str, Any]
Command = Callable[[Arguments], Awaitable[object]]
Stream = Callable[[Arguments], AsyncGenerator[object, None]]

_CONNECTIONS_MAX: Final = 32  # an operator's terminals; never a phone
_REQUEST_WAIT_S: Final = 10


class ControlServer:
    """Answers commands and streams; their meaning is the composition root's.

    An `OperatorError` of a command is the answer; any other exception ends that connection alone
    and goes to the loop's exception handler.
    """

    def __init__(
        self,
        path: Path,
        *,
        commands: Mapping[str, Command],
        streams: Mapping[str, Stream],
    ) -> None:
        """`path` is the socket; the caller holds the StateLock of its folder."""
        self._path = path
        self._commands = dict(commands)
        self._streams = dict(streams)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen; a socket that a crashed switch left behind is replaced."""
        try:
            listening = _bound(self._path)
            self._server = await asyncio.start_unix_server(
                self._accept, sock=listening, limit=REQUEST_BYTES_MAX
            )
        except OSError as error:
            raise ControlError(f"{self._path}: {error.strerror or error}") from error

    async def close(self) -> None:
        """Break off all connections and take the socket away."""
        if self._server is None:
            return
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._path.unlink(missing_ok=True)
        self._server = None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        if connection is None:  # pragma: no cover - asyncio runs this in a task
            return
        self._connections.add(connection)
        try:
            if len(self._connections) > _CONNECTIONS_MAX:
                await _send(writer, Reply(error="too many connections to the switch"))
            else:
                await self._converse(reader, writer)
        except (ConnectionError, TimeoutError, asyncio.CancelledError):
            pass  # the other side has gone, or `close` broke off
        finally:
            self._connections.discard(connection)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await _request(reader)
        if isinstance(request, Reply):
            await _send(writer, request)
        elif stream := self._streams.get(request.command):
            await _until_closed(reader, self._tell(writer, stream, request))
        else:
            await self._answer(writer, request)

    async def _answer(self, writer: asyncio.StreamWriter, request: Request) -> None:
        command = self._commands.get(request.command)
        if command is None:
            await _send(writer, Reply(error=f"the switch knows no command {request.command}"))
            return
        try:
            line = encode_line(Reply(result=await command(request.arguments)))
        except OperatorError as error:
            line = encode_line(Reply(error=str(error)))
        except Exception as error:  # noqa: BLE001 - a broken command ends one connection
            line = encode_line(_failure(request, error))
        writer.write(line)
        await writer.drain()

    async def _tell(self, writer: asyncio.StreamWriter, stream: Stream, request: Request) -> None:
        try:
            async with aclosing(stream(request.arguments)) as items:
                async for item in items:
                    await _send(writer, Reply(item=item))
        except OperatorError as error:
            await _send(writer, Reply(error=str(error)))
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - a broken stream ends one connection
            await _send(writer, _failure(request, error))


def _failure(request: Request, error: Exception) -> Reply:
    message = f"the control command {request.command} failed"
    asyncio.get_running_loop().call_exception_handler({"message": message, "exception": error})
    return Reply(error=f"{message}; the switch's log says why")


def _bound(path: Path) -> socket.socket:
    """Return a socket that only the owner can open, from its first moment on."""
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ControlError(f"{path} is in the way of the control socket")
        path.unlink()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listening.bind(str(path))
    except OSError:
        listening.close()
        raise
    finally:
        os.umask(mask)
    return listening


async def _request(reader: asyncio.StreamReader) -> Request | Reply:
    try:
        async with asyncio.timeout(_REQUEST_WAIT_S):
            line = await reader.readline()
    except ValueError:  # longer than the reader's limit
        return Reply(error=f"a request has at most {REQUEST_BYTES_MAX} bytes")
    try:
        return msgspec.json.decode(line, type=Request)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return Reply(error=f"the request cannot be read: {error}")


async def _send(writer: asyncio.StreamWriter, reply: Reply) -> None:
    writer.write(encode_line(reply))
    await writer.drain()


async def _until_closed(reader: asyncio.StreamReader, telling: Coroutine[None, None, None]) -> None:
    """Run a stream until it ends or the follower closes its side, or sends anything more."""
    tasks = [asyncio.ensure_future(telling), asyncio.ensure_future(reader.read(1))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
