"""The same stories through this switch and through Kamailio: what does each phone receive?

    python -m tests.interop.wire_differential

writes `docs/wire-differential.md`. Kamailio is a registrar and a proxy with the same users and
passwords, configured as its manual does it. Compared are methods, statuses and names of headers in
their order of messages; values differ by nature. Each difference has its reason in
`differential_reasons.py`; the test fails for one that has none.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.integration.town import DOMAIN, PASSWORD, Options, Town, found
from tests.interop.differential_page import render_page
from tests.interop.differential_story import Received, Seen, Story
from tests.support.free_port import free_sip_ports
from tests.support.kamailio import running_kamailio
from tests.support.sipp import HOST, SippProcess, run_sipp, start_sipp

PAGE = Path(__file__).parent.parent.parent / "docs" / "wire-differential.md"
CALLER, CALLEE = "alice", "bob"
RING_S = 5
"""How long bob rings in the town; the same for Kamailio."""

STORIES = (
    Story("a phone registers", "uac-register.xml"),
    Story("is the server there?", "uac-options.xml"),
    Story("a call", "uac-call.xml", "uas-answer.xml"),
    Story("a call with early media", "uac-call.xml", "uas-early-media.xml"),
    Story("a call that the callee ends", "uac-call-until-cut.xml", "uas-answer-and-hang-up.xml"),
    Story("hold and resume", "uac-hold.xml", "uas-hold.xml"),
    Story("busy", "uac-fails.xml", "uas-busy.xml"),
    Story("nobody answers", "uac-fails.xml", "uas-ring.xml"),
    Story("the callee has moved", "uac-fails.xml", "uas-moved.xml"),
    Story("nobody of that name", "uac-fails.xml", to="nobody"),
    Story("the caller gives up", "uac-cancel.xml", "uas-ring.xml"),
    Story("the caller gives up too late", "uac-cancel-late.xml", "uas-answer.xml"),
    Story("a text", "uac-message.xml", "uas-any-message.xml"),
)

KAMAILIO = """#!KAMAILIO
debug=1
log_stderror=yes
children=1
listen=udp:{host}:{port}
alias="{domain}"
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
server_signature=no

loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
modparam("tm", "fr_inv_timer", {ring_ms})
modparam("usrloc", "db_mode", 0)

request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (has_totag()) {{
        if (loose_route()) {{ t_relay(); exit; }}
        if (is_method("ACK")) {{ if (t_check_trans()) t_relay(); exit; }}
        sl_send_reply("481", "Call/Transaction Does Not Exist");
        exit;
    }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
    t_check_trans();
    if (is_method("OPTIONS") && $rU == $null) {{
        append_to_reply("Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, MESSAGE, REGISTER\\r\\n");
        sl_send_reply("200", "OK");
        exit;
    }}
    if (is_method("REGISTER")) {{
        if (!pv_www_authenticate("{domain}", "{password}", "0")) {{
            www_challenge("{domain}", "1");
            exit;
        }}
        save("location");
        exit;
    }}
    if (!pv_proxy_authenticate("{domain}", "{password}", "0")) {{
        proxy_challenge("{domain}", "1");
        exit;
    }}
    consume_credentials();
    if (is_method("INVITE")) record_route();
    if (!lookup("location")) {{ sl_send_reply("404", "Not Found"); exit; }}
    if (!t_relay()) sl_reply_error();
}}
"""


@dataclass(frozen=True)
class Server:
    """One of the two that are compared."""

    town: Town
    port: int

    def tell(self, story: Story) -> Seen:
        """Play a story to its end and return what each phone received."""
        options = Options(pause_ms=200, timeout_s=RING_S + 10)
        callee = None
        if story.callee:
            role = self.town.role(story.callee, CALLEE, **options)
            callee = start_sipp(role, self.town.folder)
        role = self.town.role(story.caller, CALLER, to=story.to, **options)
        caller = run_sipp(replace(role, remote_port=self.port), self.town.folder)
        if callee is None:
            return Seen(caller=read(caller))
        callee.expect_success()
        return Seen(caller=read(caller), callee=read(callee))

    def register(self) -> None:
        role = self.town.role("uac-register.xml", CALLEE)
        run_sipp(replace(role, remote_port=self.port), self.town.folder)


def read(phone: SippProcess) -> tuple[Received, ...]:
    """Return what a phone received but 100s, each message once."""
    received: dict[str, Received] = {}
    for entry in re.split(r"^-{20,}.*\n", phone.messages(), flags=re.MULTILINE):
        head, _, text = entry.partition("\n\n")
        if "message received" not in head:
            continue
        text = text.replace("\r\n", "\n")
        start, *lines = text.partition("\n\n")[0].strip().split("\n")
        names = frozenset(line.partition(":")[0].strip().lower() for line in lines)
        cseq = next(line for line in lines if line.lower().startswith("cseq:")).split()
        kind = start.split()[1] + " " + cseq[2] if start.startswith("SIP/2.0") else start.split()[0]
        if kind != "100 INVITE":
            received.setdefault(text, Received(kind, names))
    return tuple(received.values())


@contextmanager
def servers(folder: Path) -> Iterator[tuple[Server, Server]]:
    """This switch and Kamailio, with bob registered at both."""
    (port,) = free_sip_ports(1)
    config = KAMAILIO.format(
        host=HOST, port=port, domain=DOMAIN, password=PASSWORD, ring_ms=RING_S * 1000
    )
    (folder / "site").mkdir()
    town = Town(folder / "town", found(folder / "site"))
    town.switch.start()
    with running_kamailio(folder / "kamailio", config, port=port):
        both = Server(town, town.switch.sip_port), Server(town, port)
        for one in both:
            one.register()
        yield both
    town.close()


def run(folder: Path) -> str:
    """Tell every story to both and return the page."""
    with servers(folder) as (freiton, kamailio):
        told = {story: (freiton.tell(story), kamailio.tell(story)) for story in STORIES}
    return render_page(told)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        PAGE.write_text(run(Path(scratch)), encoding="utf-8")
