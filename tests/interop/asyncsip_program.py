"""aiosip in a process of its own: the package asyncsip 0.1.2, its last code, with its oddities.

It was given up in 2020 and needs two names that Python has dropped since, and an event loop before
it is imported (decision 13). Nothing here mends what it does on the wire.
"""

from __future__ import annotations

import asyncio
import collections
import collections.abc
import json
import sys
from collections.abc import Callable
from typing import Any

import uvloop

# What Python 3.10 and 3.11 took away, for this process alone.
for _module, _name, _value in (
    (asyncio, "coroutine", lambda function: function),
    (collections, "MutableMapping", collections.abc.MutableMapping),
):
    setattr(_module, _name, _value)
_LOOP = uvloop.new_event_loop()
asyncio.set_event_loop(_LOOP)

import asyncsip  # noqa: E402  # needs all of the above

JSON = dict[str, Any]

SDP = (
    "v=0\r\no=aiosip 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 8\r\n"
)
OFFER = {"headers": {"Content-Type": "application/sdp"}, "payload": SDP}


def tell(event: str, **facts: object) -> None:
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()


class Dialplan(asyncsip.BaseDialplan):  # type: ignore[misc]  # untyped
    """What is done with a request that begins something."""

    async def resolve(self, *, method: str, message: Any, **_where: object) -> Any:
        routes: dict[str, Callable[..., Any]] = {"INVITE": called, "OPTIONS": asked}
        return routes.get(method)


async def asked(request: Any, message: Any) -> None:
    tell("request", method=message.method)
    await request.prepare(status_code=200)


async def called(request: Any, message: Any) -> None:
    """Ring, answer, acknowledge the BYE."""
    tell("request", method=message.method, caller=message.from_details["uri"]["user"])
    dialog = await request.prepare(status_code=180)
    await dialog.reply(message, status_code=200, **OFFER)
    async for inner in dialog:
        tell("request", method=inner.method)
        await dialog.reply(inner, status_code=200)
        if inner.method == "BYE":
            break


class Subscription(asyncsip.Dialog):  # type: ignore[misc]  # untyped
    """aiosip keeps the To tag of a challenge and would answer it as if that had made a dialog."""

    def _receive_response(self, msg: Any) -> None:
        super()._receive_response(msg)
        if msg.status_code == 401:
            del self.app._dialogs[self.dialog_id]
            del self.to_details["params"]["tag"]
            self.app._dialogs[self.dialog_id] = self


class Agent:
    """One address, one socket."""

    def __init__(self, settings: JSON) -> None:
        self.settings = settings
        self.application = asyncsip.Application(loop=_LOOP, dialplan=Dialplan())
        self.peer: Any = None
        self.dialogs: dict[str, Any] = {}
        self.listening: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        protocol = {"udp": asyncsip.UDP, "tcp": asyncsip.TCP}[self.settings["transport"]]
        self.peer = await self.application.connect(
            (self.settings["host"], self.settings["port"]),
            protocol,
            local_addr=tuple(self.settings["local"]),
        )
        tell("started", local=list(self.peer.local_addr))

    def parties(self, to: str, more: JSON) -> JSON:
        user, domain = self.settings["user"], self.settings["domain"]
        host, port = self.peer.local_addr
        uri = f"sip:{to}@{domain}" if to else f"sip:{domain}"
        transport = self.settings["transport"]
        return {
            "from_details": asyncsip.Contact.from_header(f"<sip:{user}@{domain}>"),
            "to_details": asyncsip.Contact.from_header(f"<{uri}>"),
            "contact_details": asyncsip.Contact.from_header(
                f"<sip:{user}@{host}:{port};transport={transport}>"
            ),
            "password": self.settings.get("password"),
            **more,
        }

    async def obey(self, order: JSON) -> object:
        user = self.settings["user"]
        to = str(order.get("to", ""))
        match order["order"]:
            case "register":
                dialog = await self.peer.register(expires=300, **self.parties(user, {}))
                self.dialogs["REGISTER"] = dialog
                return dialog.status_code
            case "un-register":
                return (await self.dialogs.pop("REGISTER").close()).status_code
            case "options":
                return (await self.peer.request("OPTIONS", **self.parties(to, {}))).status_code
            case "subscribe":
                return await self.subscribe(order["package"], order["accept"])
            case "un-subscribe":
                dialog = self.dialogs.pop("SUBSCRIBE")
                return (await dialog.close(headers={"Event": order["package"]})).status_code
            case "call":
                return await self.call(to)
            case "hang-up":
                await self.dialogs.pop("INVITE").close()
        return None

    async def subscribe(self, package: str, accept: str) -> int:
        headers = {"Event": package, "Accept": accept, "Expires": "300"}
        parties = self.parties(self.settings["user"], {"headers": headers})
        dialog = await self.peer.request("SUBSCRIBE", dialog_factory=Subscription, **parties)
        self.dialogs["SUBSCRIBE"] = dialog
        self.listening.append(asyncio.ensure_future(self.hear(dialog)))
        return int(dialog.status_code)

    async def hear(self, dialog: Any) -> None:
        async for message in dialog:
            await dialog.reply(message, status_code=200)
            tell(
                "notified",
                package=message.headers["Event"],
                state=message.headers["Subscription-State"],
                body=message.payload,
            )

    async def call(self, to: str) -> list[int]:
        dialog = await self.peer.invite(**self.parties(to, OFFER))
        self.dialogs["INVITE"] = dialog
        heard = [message.status_code async for message in dialog.wait_for_terminate()]
        await dialog.ready()
        return heard


async def main() -> None:
    agent = Agent(json.loads(sys.argv[1]))
    await agent.start()
    orders = asyncio.StreamReader()
    await _LOOP.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        order = json.loads(line)
        try:
            tell("done", order=order["order"], result=await agent.obey(order))
        except Exception as error:
            tell("failed", order=order["order"], error=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    _LOOP.run_until_complete(main())
