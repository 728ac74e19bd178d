"""pjsip as a softphone, in a process of its own: it obeys and tells as `softphone_program.py`.

The library is GPL and may abort when it is shut down, so nothing is shut down here: whoever
started this program ends it.
"""

from __future__ import annotations

import array
import json
import math
import select
import sys
import time
import wave
from pathlib import Path
from typing import Any

import pjsua2 as pj

RATE = 8000
AMPLITUDE = 8000
TURN_MS = 20
ENDING_TURNS = 10


def tell(event: str, **facts: object) -> None:
    sys.stdout.write(json.dumps({"event": event, "at": time.monotonic(), **facts}) + "\n")
    sys.stdout.flush()


def write_tone(path: Path, tone_hz: int) -> None:
    """Write one second, which the player repeats."""
    turn = 2 * math.pi * tone_hz / RATE
    samples = (int(AMPLITUDE * math.sin(turn * place)) for place in range(RATE))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        file.writeframes(array.array("h", samples).tobytes())


def parameters(status: int = 0) -> pj.CallOpParam:
    parameters = pj.CallOpParam(True)
    parameters.statusCode = status
    return parameters


class Call(pj.Call):  # type: ignore[misc]  # untyped
    """One call; the names of its methods are the library's."""

    def __init__(self, phone: Softphone, number: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(phone.account, number)
        self.phone = phone
        self.is_established = False

    def onCallState(self, prm: pj.OnCallStateParam) -> None:  # noqa: N802 - the library's name
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self.is_established = True
            tell("established")
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            tell("closed", reason=f"{info.lastStatusCode} {info.lastReason}")
            self.phone.calls.remove(self)

    def onCallMediaState(self, prm: pj.OnCallMediaStateParam) -> None:  # noqa: N802 - the library's
        info = self.getInfo()  # kept while its list of media is read
        for media in info.media:
            if media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                self.phone.connect(self)
                if self.is_established:
                    tell("resumed")
            elif media.status == pj.PJSUA_CALL_MEDIA_REMOTE_HOLD:
                tell("held")

    def onDtmfDigit(self, prm: pj.OnDtmfDigitParam) -> None:  # noqa: N802 - the library's name
        tell("digit", digit=prm.digit)

    def onCallTransferStatus(self, prm: pj.OnCallTransferStatusParam) -> None:  # noqa: N802 - same
        tell("transferred", status=prm.statusCode, is_final=prm.finalNotify)


class Account(pj.Account):  # type: ignore[misc]  # untyped
    """The account; the names of its methods are the library's."""

    def __init__(self, phone: Softphone) -> None:
        super().__init__()
        self.phone = phone

    def onRegState(self, prm: pj.OnRegStateParam) -> None:  # noqa: N802 - the library's name
        tell("registered" if prm.expiration and prm.code == 200 else "left", code=prm.code)

    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:  # noqa: N802 - the library's
        call = Call(self.phone, prm.callId)
        self.phone.calls.append(call)
        call.answer(parameters(180))
        tell("incoming", peer=call.getInfo().remoteUri)


class Softphone:
    """One account; the newest call is the one that is ordered about."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.endpoint = pj.Endpoint()
        self.account: pj.Account = None
        self.player = pj.AudioMediaPlayer()
        self.recorder: pj.AudioMediaRecorder = None
        self.calls: list[Call] = []
        self.listening_until = math.inf

    def start(self) -> None:
        self.endpoint.libCreate()
        config = pj.EpConfig()
        config.logConfig.level = config.logConfig.consoleLevel = 0
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.medConfig.clockRate = config.medConfig.sndClockRate = RATE
        self.endpoint.libInit(config)
        transport = pj.TransportConfig()
        transport.boundAddress = self.settings["interface"]
        kind = {"udp": pj.PJSIP_TRANSPORT_UDP, "tcp": pj.PJSIP_TRANSPORT_TCP}
        self.endpoint.transportCreate(kind[self.settings["transport"]], transport)
        self.endpoint.libStart()
        self.endpoint.audDevManager().setNullDev()
        tone = Path(self.settings["tones"]) / f"tone-{self.settings['tone_hz']}.wav"
        write_tone(tone, self.settings["tone_hz"])
        self.player.createPlayer(str(tone))
        self.register()

    def register(self) -> None:
        settings, config = self.settings, pj.AccountConfig()
        config.idUri = f"sip:{settings['user']}@{settings['domain']}"
        config.regConfig.registrarUri = f"sip:{settings['domain']}"
        way = f"{settings['registrar']};transport={settings['transport']};lr"
        config.sipConfig.proxies.append(way)
        credentials = pj.AuthCredInfo("digest", "*", settings["device"], 0, settings["password"])
        config.sipConfig.authCreds.append(credentials)
        config.mediaConfig.transportConfig.boundAddress = settings["interface"]
        self.account = Account(self)
        self.account.create(config)

    def connect(self, call: Call) -> None:
        """Let the call hear our tone, and us what it says."""
        media = call.getAudioMedia(-1)
        self.player.startTransmit(media)
        if self.recorder is not None:
            media.startTransmit(self.recorder)

    def obey(self, order: dict[str, Any]) -> None:
        name = order["order"]
        if name == "dial":
            self.calls.append(Call(self))
            self.calls[-1].makeCall(order["uri"], parameters())
            return
        call = self.calls[-1]
        match name:
            case "answer":
                call.answer(parameters(200))
            case "decline":
                call.hangup(parameters(486))
            case "hang-up":
                call.hangup(parameters())
            case "hold":
                call.setHold(parameters())
            case "resume":
                resumed = parameters()
                resumed.opt.flag = pj.PJSUA_CALL_UNHOLD
                call.reinvite(resumed)
            case "press":
                call.dialDtmf(order["digits"])
            case "transfer":
                call.xfer(order["uri"], parameters())
            case "transfer-attended":
                self.calls[0].xferReplaces(call, parameters())
            case "listen":
                self.recorder = pj.AudioMediaRecorder()
                self.recorder.createRecorder(order["path"])
                call.getAudioMedia(-1).startTransmit(self.recorder)
                self.listening_until = time.monotonic() + order["seconds"]

    def turn(self) -> None:
        """Do what the library has to do, and say when a recording is complete."""
        self.endpoint.libHandleEvents(TURN_MS)
        if time.monotonic() >= self.listening_until:
            self.listening_until = math.inf
            self.recorder = None  # only its end writes the header of the file, and not at once
            for _ in range(ENDING_TURNS):
                self.endpoint.libHandleEvents(TURN_MS)
            tell("done", order="listen", result=None)


def main() -> None:
    phone = Softphone(json.loads(sys.argv[1]))
    phone.start()
    while True:
        phone.turn()
        if not select.select([sys.stdin], [], [], 0)[0]:
            continue
        line = sys.stdin.readline()
        if not line:
            return
        order = json.loads(line)
        try:
            phone.obey(order)
        except (pj.Error, IndexError) as error:
            tell("failed", order=order["order"], error=repr(error))
        else:
            if order["order"] != "listen":
                tell("done", order=order["order"], result=None)


if __name__ == "__main__":
    main()
