"""A softphone in a process of its own: orders come in as JSON lines, events and replies go out.

It hums a tone of its own frequency into every call and keeps what it hears. One process holds one
softphone, since the library keeps its state in the process.
"""

from __future__ import annotations

import array
import asyncio
import json
import math
import sys
import time
import wave
from typing import Any

from baresip import (
    Account,
    AudioNotActive,
    AudioRestarted,
    BaresipError,
    Config,
    Event,
    StackEvent,
)
from baresip.call import Call
from baresip.runtime import Runtime
from baresip.ua import UserAgent

RATE = 8000
FRAME_S = 0.02
AMPLITUDE = 8000
AHEAD_S = 0.1


def tell(event: str, **facts: object) -> None:
    sys.stdout.write(json.dumps({"event": event, "at": time.monotonic(), **facts}) + "\n")
    sys.stdout.flush()


class Softphone:
    """One account, one call at a time."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.runtime = Runtime(command_timeout=10)
        self.agent: UserAgent | None = None
        self.call: Call | None = None
        self.sample = 0
        self.heard = bytearray()

    async def start(self) -> None:
        await self.runtime.start(
            Config(
                net_interface=self.settings["interface"],
                max_concurrent_calls=2,
                extra_config_text=self.settings.get("config", ""),
            )
        )
        account = Account(
            user=self.settings["user"],
            domain=self.settings["domain"],
            password=self.settings["password"],
            auth_user=self.settings["device"],
            registrar=self.settings["registrar"],
            transport=self.settings["transport"],
            dtmf_mode=self.settings["digits"],
            extra_params=tuple(self.settings.get("parameters", "").split()),
        )
        self.agent = await UserAgent.create(self.runtime, account)
        self.agent.on_incoming(self.incoming)
        await self.agent.register()
        tell("registered")

    def incoming(self, call: Call) -> None:
        self.adopt(call)
        tell("incoming", peer=call.peer)

    def adopt(self, call: Call) -> None:
        self.call = call
        call.on(self.happened)
        call.on_dtmf(lambda digit: tell("digit", digit=digit.digit))

    def happened(self, event: StackEvent) -> None:
        if event.event is Event.CALL_ESTABLISHED:
            tell("established")
        elif event.event is Event.CALL_CLOSED:
            tell("closed", reason=event.text or "")
        elif event.event is Event.CALL_HOLD:
            tell("held")
        elif event.event is Event.CALL_RESUME:
            tell("resumed")

    async def obey(self, order: dict[str, Any]) -> object:
        assert self.agent is not None
        match order["order"]:
            case "dial":
                self.adopt(await self.agent.dial(order["uri"]))
            case "answer":
                assert self.call is not None
                await self.call.answer()
            case "hang-up":
                assert self.call is not None
                await self.call.hangup()
            case "hold":
                assert self.call is not None
                await self.call.hold()
            case "resume":
                assert self.call is not None
                await self.call.resume()
            case "press":
                assert self.call is not None
                await self.call.send_dtmf(order["digits"])
            case "listen":
                return await self.listen(order["seconds"], order["path"])
            case "leave":
                await self.agent.unregister()
        return None

    async def listen(self, seconds: float, path: str) -> int:
        """Write what is heard from now on into a file; return the number of samples."""
        self.heard.clear()
        await asyncio.sleep(seconds)
        pcm = bytes(self.heard)
        with wave.open(path, "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
            file.writeframes(pcm)
        return len(pcm) // 2

    async def hum_and_listen(self) -> None:
        while True:
            await asyncio.sleep(FRAME_S)
            if self.call is None:
                continue
            try:
                self.hum(self.call)
                self.heard += self.call.audio.read(RATE)
            except (AudioNotActive, AudioRestarted):
                continue

    def hum(self, call: Call) -> None:
        info = call.audio.info()
        if not info.tx_ready or not info.rx_ready:
            return
        if (info.tx_sample_rate, info.rx_sample_rate) != (RATE, RATE):
            tell("strange-rate", tx=info.tx_sample_rate, rx=info.rx_sample_rate)
        missing = int(AHEAD_S * RATE) - info.tx_buffered // 2
        if missing <= 0:
            return
        turn = 2 * math.pi * self.settings["tone_hz"] / RATE
        samples = (
            int(AMPLITUDE * math.sin(turn * place))
            for place in range(self.sample, self.sample + missing)
        )
        taken = call.audio.write(array.array("h", samples).tobytes())
        self.sample += taken // 2


async def main() -> None:
    phone = Softphone(json.loads(sys.argv[1]))
    await phone.start()
    humming = asyncio.create_task(phone.hum_and_listen())
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    while line := await orders.readline():
        order = json.loads(line)
        try:
            tell("done", order=order["order"], result=await phone.obey(order))
        except BaresipError as error:
            tell("failed", order=order["order"], error=f"{type(error).__name__}: {error}")
    humming.cancel()
    await phone.runtime.close()


if __name__ == "__main__":
    asyncio.run(main())
