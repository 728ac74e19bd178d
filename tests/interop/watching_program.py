"""pjsua2 as a watcher, in a process of its own: it says in JSON lines what its library told it.

Arguments: the switch's host and port, user, password, whom it watches, our port, seconds to live.
"""

from __future__ import annotations

import json
import sys
import time

import pjsua2 as pj

PUBLISH_AFTER_S = 1.0


def say(what: str, **more: object) -> None:
    print(json.dumps({"what": what, **more}), flush=True)


class Account(pj.Account):  # type: ignore[misc]
    def onRegState(self, prm: pj.OnRegStateParam) -> None:  # noqa: N802 - the library's name
        say("registered", code=prm.code)

    def onMwiInfo(self, prm: pj.OnMwiInfoParam) -> None:  # noqa: N802 - the library's name
        say("messages", body=prm.rdata.wholeMsg.partition("\r\n\r\n")[2])


class Buddy(pj.Buddy):  # type: ignore[misc]
    def onBuddyState(self) -> None:  # noqa: N802 - the library's name
        info = self.getInfo()
        say("buddy", state=info.subStateName, status=info.presStatus.status)


def open_account(switch: str, user: str, password: str) -> Account:
    config = pj.AccountConfig()
    config.idUri = f"sip:{user}@freiton.internal"
    config.regConfig.registrarUri = "sip:freiton.internal"
    config.sipConfig.proxies.append(f"sip:{switch};lr")
    config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", user, 0, password))
    config.mwiConfig.enabled = True
    config.presConfig.publishEnabled = True
    account = Account()
    account.create(config)
    return account


def main() -> None:
    switch, user, password, watched, port, lives_s = sys.argv[1:7]
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.logConfig.level = config.logConfig.consoleLevel = 0
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    endpoint.libInit(config)
    transport = pj.TransportConfig()
    transport.port = int(port)
    transport.boundAddress = "127.0.0.1"
    endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
    endpoint.libStart()
    account = open_account(switch, user, password)
    wanted = pj.BuddyConfig()
    wanted.uri = watched
    wanted.subscribe = True
    buddy = Buddy()
    buddy.create(account, wanted)
    started = time.monotonic()
    is_published = False
    while time.monotonic() < started + float(lives_s):
        endpoint.libHandleEvents(50)
        if not is_published and time.monotonic() > started + PUBLISH_AFTER_S:
            is_published = True
            presence = pj.PresenceStatus()
            presence.status = pj.PJSUA_BUDDY_STATUS_ONLINE
            presence.note = "lunch"
            account.setOnlineStatus(presence)
            say("published")
    del buddy, account
    endpoint.libDestroy()


if __name__ == "__main__":
    main()
