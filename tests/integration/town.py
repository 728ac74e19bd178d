"""A small telephone company: the real switch, SIPp phones and SIPp carriers.

Every test has a town of its own. Prices are those of the TGNET/call price list, by the second and
with VAT: the German fixed network 2.9 ct/min (line 89), free within a flatrate; Afghanistan
79 ct/min (line 121). Some accounts are with other providers. Conversations end half a second after
a full one, so that the charged seconds do not depend on how busy this machine is.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict, Unpack

from tests.support.free_port import free_sip_ports
from tests.support.sipp import SippProcess, SippRole, run_sipp, start_sipp
from tests.support.switch_process import STATE, SwitchProcess

DOMAIN: Final = "freiton.internal"
PASSWORD: Final = "only-for-tests"
PHONES: Final = (
    "alice", "bob", "carol-desk", "carol-mobile", "dave", "erik", "zoe-desk", "zoe-sim", "paula",
    "pia",
)  # fmt: skip
CARRIERS: Final = ("north", "south", "rescue")

GERMANY: Final = "03023125900"
GERMANY_E164: Final = "+493023125900"
AFGHANISTAN: Final = "0093202101234"


class Options(TypedDict, total=False):
    """What `Town.role` takes besides who plays what."""

    port: int
    pause_ms: int
    calls: int
    transport: str
    timeout_s: int
    expires: str
    csv: str
    rate: float


SETTINGS: Final = f'domains = ["{DOMAIN}"]\n'

_SITE: Final = """
customers = ["Town"]

# One flatrate: one outgoing call at a time.
[[accounts]]
name = "alice"
customer = "Town"
area_code = "30"
numbers = ["+493023125001"]
flatrates = 1
devices = [{{ user = "alice", password = "{password}" }}]

# Pays by the minute; no limit but the technical one.
[[accounts]]
name = "bob"
customer = "Town"
area_code = "30"
numbers = ["+493023125002"]
ring_s = 5
devices = [{{ user = "bob", password = "{password}" }}]

# Two phones that ring together.
[[accounts]]
name = "carol"
customer = "Town"
area_code = "30"
numbers = ["+493023125003"]
devices = [
    {{ user = "carol-desk", password = "{password}" }},
    {{ user = "carol-mobile", password = "{password}" }},
]

# Pays beforehand, and may call dear countries.
[[accounts]]
name = "dave"
customer = "Town"
area_code = "30"
numbers = ["+493023125004"]
charging = "prepaid"
non_eu_allowed = true
devices = [{{ user = "dave", password = "{password}" }}]

[[accounts]]
name = "erik"
customer = "Town"
area_code = "30"
numbers = ["+493023125005"]
plan = {{ name = "enreach/advanced", valid_from = 2026-03-01 }}
devices = [{{ user = "erik", password = "{password}" }}]

# A desk phone and a SIM.
[[accounts]]
name = "zoe"
customer = "Town"
area_code = "30"
numbers = ["+493023125006"]
plan = "zaluma/team"
devices = [
    {{ user = "zoe-desk", password = "{password}" }},
    {{ user = "zoe-sim", password = "{password}", origin = "mobile" }},
]

# The term of the contract began while the example list of 2021 held, and that is pinned.
[[accounts]]
name = "paula"
customer = "Town"
kind = "pbx"
area_code = "30"
numbers = ["+493023125007"]
plan = {{ name = "plusnet/sip-trunk", valid_from = 2023-05-01, price_list = "plusnet-example-a" }}
options = ["PACK-MOBILE-100"]
devices = [{{ user = "paula", password = "{password}" }}]

# The same, paid beforehand: it reserves ten seconds at a time.
[[accounts]]
name = "pia"
customer = "Town"
kind = "pbx"
area_code = "30"
numbers = ["+493023125008"]
charging = "prepaid"
plan = {{ name = "plusnet/sip-trunk", valid_from = 2023-05-01, price_list = "plusnet-example-a" }}
options = ["PACK-MOBILE-100"]
devices = [{{ user = "pia", password = "{password}" }}]

[[trunks]]
name = "north"
host = "127.0.0.1:{north}"
priority = 10

[[trunks]]
name = "south"
host = "127.0.0.1:{south}"
priority = 20

[[trunks]]
name = "rescue"
host = "127.0.0.1:{rescue}"
priority = 30
is_emergency = true
channels = 2
reserved_for_emergency = 2  # nothing but emergency calls
asserted_number = "+493023125001"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Founded:
    """A site in a state folder, made once with `freiton site import`.

    `ports` are those of the players; `accounts` and `trunks` say what stands for them in records.
    """

    state: Path
    ports: Mapping[str, int]
    accounts: Mapping[str, str]
    trunks: Mapping[str, str]


def found(folder: Path) -> Founded:
    """Make the site as an operator does."""
    ports = free_sip_ports(len(PHONES) + len(CARRIERS))
    named = dict(zip((*PHONES, *CARRIERS), ports, strict=True))
    site = folder / "site.toml"
    site.write_text(_SITE.format(password=PASSWORD, **named))
    switch = SwitchProcess(folder, settings=SETTINGS)
    switch.cli("site", "import", str(site))
    return Founded(
        state=folder / STATE,
        ports=named,
        accounts=_ids(switch, "account"),
        trunks=_ids(switch, "trunk"),
    )


def _ids(switch: SwitchProcess, kind: str) -> dict[str, str]:
    return {row["name"]: str(row["id"]) for row in json.loads(switch.cli(kind, "list", "--json"))}


class Town:
    """The switch with a copy of the site; phones and carriers are played one by one."""

    def __init__(self, folder: Path, founded: Founded) -> None:
        shutil.copytree(founded.state, folder / STATE)
        self.ports = founded.ports
        self.accounts = founded.accounts
        self.trunks = founded.trunks
        self.folder = folder
        self.switch = SwitchProcess(folder, settings=SETTINGS)
        self._started: list[SippProcess] = []

    def register(self, *phones: str) -> None:
        """Register phones from the sockets at which they will be called."""
        for phone in phones:
            self.run("uac-register.xml", phone, expires="300")

    def run(
        self, scenario: str, caller: str, *, to: str = "", **options: Unpack[Options]
    ) -> SippProcess:
        """Play a caller to its end and require success."""
        return run_sipp(self.role(scenario, caller, to=to, **options), self.folder)

    def start(
        self, scenario: str, caller: str, *, to: str = "", **options: Unpack[Options]
    ) -> SippProcess:
        """Start a caller and go on; `close` ends it if the test does not."""
        return self._keep(SippProcess(self.role(scenario, caller, to=to, **options), self.folder))

    def answer(self, scenario: str, callee: str, **options: Unpack[Options]) -> SippProcess:
        """Start a called phone or carrier and wait until it can be called."""
        return self._keep(start_sipp(self.role(scenario, callee, **options), self.folder))

    def role(
        self,
        scenario: str,
        name: str,
        *,
        to: str = "",
        **options: Unpack[Options],
    ) -> SippRole:
        """Describe one SIPp of this town; it signs with the device named like the player."""
        return SippRole(
            scenario=scenario,
            port=options.get("port") or self.ports[name],
            remote_port=self.switch.sip_port if "uac-" in scenario else None,
            keys={
                "account": name.split("-", maxsplit=1)[0],
                "carrier": "carrier.example",
                "expires": options.get("expires", "300"),
            },
            user=name,
            password=PASSWORD,
            domain=DOMAIN,
            service=to,
            pause_ms=options.get("pause_ms", 500),
            calls=options.get("calls", 1),
            transport=options.get("transport", "u1"),
            csv=options.get("csv", ""),
            rate=options.get("rate", 10),
            timeout_s=options.get("timeout_s", 20),
        )

    def close(self) -> None:
        """End everybody, and require that the switch never stumbled."""
        for process in self._started:
            process.kill()
        if self.switch.is_running:
            self.switch.stop()
        faults = [line for line in self.switch.log_lines() if line["level"] == "error"]
        assert faults == [], faults

    def _keep(self, process: SippProcess) -> SippProcess:
        self._started.append(process)
        return process
