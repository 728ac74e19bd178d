"""One switch per state folder: two would both believe that they own its log and its slots."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from freiton.control.client import ControlError


class StateLock:
    """A lock that ends with the process, however it ends."""

    def __init__(self, state_folder: Path) -> None:
        self._path = state_folder / "switch.lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock; raises ControlError when another switch holds it."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ControlError(f"{self._path} cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise ControlError(
                f"another switch runs with the state folder {self._path.parent}"
            ) from error
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
