"""What a stranger who sends a torture message to the whole switch hears, and that it goes on.

The verdicts of the parser stand beside; here are those of gate, transactions, passwords and rooms.
The switch serves ``example.com``, the domain of most messages, and an account ``user`` in it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from freiton.routing.directory import Directory
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import Town, account, trunk
from tests.torture import test_rfc4475, test_rfc5118

MESSAGES = Path(__file__).parent
STRANGERS = {"rfc4475": ("192.0.2.66", 5060), "rfc5118": ("2001:db8::66", 5060)}
SILENCE = 0
OLD_BRANCH = 400
"""A request of RFC 2543 is refused with a 400 that says so (see ``sipcore/transaction/key.py``)."""

ANSWERS = {
    "rfc4475": {
        # 3.1.1 valid
        "wsinv": OLD_BRANCH,  # its top branch is one of RFC 2543
        "intmeth": SILENCE,  # control characters in To: it could not even be quoted in an answer
        "esc01": 401,
        "escnull": 401,
        "esc02": 407,  # a method that nobody knows, and no REGISTER
        "lwsdisp": 407,
        "longreq": OLD_BRANCH,
        "dblreq": 401,  # the second request in the datagram is none
        "semiuri": 407,
        "transports": 407,
        "mpart01": 403,  # to a domain that is not ours
        "unreason": SILENCE,  # a response to nothing
        "noreason": SILENCE,
        # 3.1.2 invalid
        "badinv01": SILENCE,  # a Via that names nobody
        "clerr": 400,
        "ncl": 400,
        "scalar02": 400,
        "scalarlg": SILENCE,
        "quotbal": 400,
        "ltgtruri": 400,
        "lwsruri": 400,
        "lwsstart": 400,
        "trws": 400,
        "escruri": 401,  # the headers in the Request-URI are used by nobody
        "baddate": 401,
        "regbadct": 401,  # the Contact is read behind the password
        "badaspec": 400,
        "baddn": 400,
        "badvers": SILENCE,  # 505 by the parser; its salvaged head is of another version
        "mismatch01": 400,
        "mismatch02": 400,
        "bigcode": SILENCE,
        # 3.2 transaction layer
        "badbranch": 400,
        # 3.3 application layer
        "insuf": SILENCE,  # without Call-ID, From and To there is nobody to answer
        "unkscm": 416,
        "novelsc": 416,
        "unksm2": 401,
        "bext01": 420,
        "invut": 401,
        "regaut01": 401,
        "multi01": SILENCE,  # which of its two Call-IDs would the answer have?
        "mcl01": 400,
        "bcast": SILENCE,
        "zeromf": 200,  # OPTIONS without a hop left is answered here
        "cparam01": 401,
        "cparam02": 401,
        "regescrt": 401,
        "sdp01": 401,
        # 3.4 backward compatibility
        "inv2543": OLD_BRANCH,
    },
    "rfc5118": {
        "ipv6-good": 404,  # a domain that is not ours
        "ipv6-bad": 400,
        "port-ambiguous": 404,
        "port-unambiguous": 404,
        "via-received-param-with-delim": 481,
        "via-received-param-no-delim": 407,
        "ipv6-in-sdp": 401,
        "mult-ip-in-header": 481,
        "mult-ip-in-sdp": 401,
        "ipv4-mapped-ipv6": 401,
        "ipv6-bug-abnf-3-colons": 407,
        "ipv6-correct-abnf-2-colons": 407,
    },
}
CASES = [(rfc, name) for rfc, answers in ANSWERS.items() for name in answers]


class TortureTown(Town):
    """A town that is ``example.com``."""

    def directory(self) -> Directory:
        return Directory(
            default_domain="example.com",
            local_hosts=("192.0.2.1",),
            customers=super().directory().customers,
            accounts=self.accounts,
            devices=super().directory().devices,
            trunks=self.trunks,
        )


def open_switch() -> VirtualSwitch:
    user = replace(account(1, "user"), domain="example.com")
    return VirtualSwitch(TortureTown((user,), (trunk(1, "north"),)))


def hear(switch: VirtualSwitch, rfc: str, name: str) -> int:
    """Send one message; give the status of the answer to it."""
    switch.receive((MESSAGES / rfc / f"{name}.sip").read_bytes(), STRANGERS[rfc])
    statuses = [int(data[8:11]) for _, data in switch.take_packets()]
    assert len(statuses) <= 1
    return statuses[0] if statuses else SILENCE


@pytest.mark.parametrize(("rfc", "name"), CASES)
def test_a_stranger_hears(rfc: str, name: str) -> None:
    switch = open_switch()
    assert hear(switch, rfc, name) == ANSWERS[rfc][name]
    switch.wire.advance(200)
    switch.assert_quiet()


def test_all_of_them_one_after_the_other_leave_nothing_behind() -> None:
    switch = open_switch()
    for rfc, name in CASES:
        hear(switch, rfc, name)
    switch.wire.advance(200)
    switch.assert_quiet()


def test_no_message_is_left_out() -> None:
    assert set(ANSWERS["rfc4475"]) == set(test_rfc4475.VERDICTS)
    assert set(ANSWERS["rfc5118"]) == set(test_rfc5118.VERDICTS)
