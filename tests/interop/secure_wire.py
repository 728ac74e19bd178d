"""Phones behind TLS and in browsers, for scripts that are read from top to bottom."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.interop.wire import WAIT_S, Address, Agent, TcpAgent

NAME = "sip.freiton.internal"


class TlsAgent(TcpAgent):
    """An agent that has opened one connection by TLS and checked who is there."""

    transport = "TLS"

    def __init__(self, remote: Address, *, ca_file: Path, **settings: object) -> None:
        super().__init__(remote, **settings)
        context = ssl.create_default_context(cafile=str(ca_file))
        self._socket = context.wrap_socket(self._socket, server_hostname=NAME)


class WebSocketAgent(Agent):
    """A browser: it listens nowhere and has a host that nobody finds (RFC 7118 §5)."""

    transport = "WSS"

    def __init__(self, remote: Address, *, ca_file: Path, **settings: object) -> None:
        host, port = remote
        self._opened = ExitStack()
        opening = connect(
            f"wss://{NAME}:{port}/",
            sock=socket.create_connection((host, port), timeout=WAIT_S),
            ssl=ssl.create_default_context(cafile=str(ca_file)),
            subprotocols=[Subprotocol("sip")],
        )
        self._connection = self._opened.enter_context(opening)
        local = self._connection.socket.getsockname()[:2]
        super().__init__(local, contact=("browser.invalid", 5060), **settings)  # type: ignore[arg-type]

    def close(self) -> None:
        self._opened.close()

    def send(self, text: str) -> None:
        # A page does not know its own address.
        host, port = self.bound
        self._connection.send(
            re.sub(rf"(/WSS ){re.escape(host)}:{port}", r"\1browser.invalid", text)
        )

    def _receive(self, timeout_s: float) -> str | None:
        try:
            data = self._connection.recv(max(timeout_s, 0.001))
        except TimeoutError:
            return None
        assert isinstance(data, str)
        return data


@contextmanager
def tunnel(remote: Address, ca_file: Path) -> Iterator[int]:
    """Lead plain TCP connections on a free port through TLS to ``remote``; yields the port."""
    context = ssl.create_default_context(cafile=str(ca_file))
    with socket.create_server(("127.0.0.1", 0)) as server:
        threads: list[threading.Thread] = []

        def accept() -> None:
            while True:
                try:
                    plain, _ = server.accept()
                except OSError:
                    return
                secure = context.wrap_socket(socket.create_connection(remote), server_hostname=NAME)
                for source, target in ((plain, secure), (secure, plain)):
                    threads.append(
                        threading.Thread(target=_copy, args=(source, target), daemon=True)
                    )
                    threads[-1].start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            target.sendall(data)
    except OSError:
        pass
    finally:
        for one in (source, target):
            one.close()
