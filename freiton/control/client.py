"""The command line's side of the control socket."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from freiton.control.protocol import REPLY_BYTES_MAX, Reply, Request, encode_line
from freiton.errors import OperatorError

_TIMEOUT_S: Final = 10


class ControlError(OperatorError):
    """The running switch refused a command or does not answer."""


class SwitchNotRunning(ControlError):  # noqa: N818 - a state of affairs, often no error at all
    """Nobody listens at the control socket."""


class ControlClient:
    """Asks the switch that runs with a state folder."""

    def __init__(self, path: Path, *, timeout_s: float = _TIMEOUT_S) -> None:
        """`timeout_s` bounds the wait for an answer, not for the items of a stream."""
        self._path = path
        self._timeout_s = timeout_s

    def call(self, command: str, **arguments: object) -> Any:  # noqa: ANN401 - any JSON value
        """Return the result of a command; raises ControlError with the switch's sentence."""
        with self._connected(command, arguments) as lines:
            return self._read(lines).result

    def follow(self, command: str, **arguments: object) -> Iterator[Any]:
        """Yield the items of a stream until the switch stops."""
        with self._connected(command, arguments, waits=True) as lines:
            while line := lines.readline(REPLY_BYTES_MAX):
                yield self._decoded(line).item

    @contextmanager
    def _connected(
        self, command: str, arguments: dict[str, object], *, waits: bool = False
    ) -> Iterator[BinaryIO]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(self._timeout_s)
            try:
                connection.connect(str(self._path))
            except (FileNotFoundError, ConnectionRefusedError) as error:
                folder = self._path.parent
                raise SwitchNotRunning(f"no switch runs with state folder {folder}") from error
            except OSError as error:
                raise ControlError(f"{self._path}: {error.strerror or error}") from error
            try:
                connection.sendall(encode_line(Request(command, arguments)))
                connection.settimeout(None if waits else self._timeout_s)
                with connection.makefile("rb") as lines:
                    yield lines
            except TimeoutError as error:
                raise ControlError(
                    f"the switch did not answer {command} within {self._timeout_s:g} s"
                ) from error
            except OSError as error:
                raise ControlError(f"the switch broke off {command}: {error.strerror}") from error

    def _read(self, lines: BinaryIO) -> Reply:
        line = lines.readline(REPLY_BYTES_MAX)
        if not line.endswith(b"\n"):
            raise ControlError("the switch broke off its answer")
        return self._decoded(line)

    def _decoded(self, line: bytes) -> Reply:
        try:
            reply = msgspec.json.decode(line, type=Reply)
        except msgspec.DecodeError as error:
            raise ControlError(f"the switch's answer cannot be read: {error}") from error
        if reply.error:
            raise ControlError(reply.error)
        return reply
