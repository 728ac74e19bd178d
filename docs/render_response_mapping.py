"""Writes the page of failures across the two legs: ``python -m docs.render_response_mapping``.

A test fails when the page is not what this makes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sipcore.b2bua.best_response import FIRST, LAST
from sipcore.b2bua.response_mapping import INVITATION, NO_RESPONSE, WITHIN_CALL, Mapping
from sipcore.message.reason_phrases import REASON_PHRASES

PAGE: Final = Path(__file__).parent / "response-mapping.md"

_INTRODUCTION: Final = """\
# What a failure becomes on the other side

Written from `sipcore/b2bua/response_mapping.py` by `python -m docs.render_response_mapping`;
do not edit.

A switch between two dialogs may not pass every status on: some speak of a transaction or a
challenge that the other side has no part in. A status that is not listed crosses as it is. What the
switch refuses by itself stands in [refusals](refusals.md).
"""

_BEST: Final = """\
Of several targets the best failure is told (RFC 3261 §16.7 step 6): a 6xx before all others, else
the lowest class; within it {first} first, then 486, then any other, and {last} last, since another
device knew more. A 6xx ends the ringing of all other targets.

`Reason` (RFC 3326; causes of `SIP` and `Q.850` only, two at most, a text of 80 characters) crosses
with each failure, and with CANCEL and BYE. `Retry-After` and `Accept` cross only with the status
that the target gave.
"""

_WITHIN: Final = """\
To a re-INVITE or UPDATE silence is 408, and ends the call, as does a 481 to anything
(RFC 3261 §12.2.1.2). Before the answer neither ends more than the request. A 422 is answered with a
longer interval, a 401 or 407 with credentials if the switch has some; only if that fails does
anything of the table follow.
"""

_BY_US: Final = (
    ("481", "a PRACK", "it acknowledges nothing that waits for it (RFC 3262 §3)"),
    ("504", "the caller's INVITE", "its PRACK did not come within 64·T1"),
    ("488", "a PRACK", "its offer can go nowhere: the target has no reliable early dialog"),
    ("491", "UPDATE, re-INVITE", "an offer of the other side is under way (RFC 3311 §5.2)"),
    ("500, Retry-After", "UPDATE, re-INVITE", "the last offer of that side is not answered yet"),
    ("504", "UPDATE before the answer", "the other side takes none yet, or never (RFC 3311 §5.2)"),
    ("422, Min-SE", "INVITE, UPDATE", "the session interval is too short (RFC 4028 §6)"),
    ("487", "whatever still waits", "the call is over"),
)


def render_page() -> str:
    """Return the whole page."""
    first = ", ".join(str(status) for status in FIRST)
    last = " and ".join(str(status) for status in LAST)
    return "\n".join(
        (
            _INTRODUCTION,
            "## Before the answer: a target to the caller\n",
            _render(INVITATION),
            _BEST.format(first=first, last=last),
            "## Within a call: either side to the other\n",
            _render(WITHIN_CALL),
            _WITHIN,
            "## By the switch itself\n",
            _table(("the switch says", "to", "when"), _BY_US),
        )
    )


def _render(table: tuple[Mapping, ...]) -> str:
    rows = (
        (_received(row), f"{row.spoken} {REASON_PHRASES[row.spoken]}", row.why) for row in table
    )
    return _table(("received", "told", "why"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, tuple("---" for _ in head), *rows)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _received(row: Mapping) -> str:
    if row.first == NO_RESPONSE:
        return "nothing"
    if row.first != row.last:
        return f"{row.first // 100}xx"
    return f"{row.first} {REASON_PHRASES[row.first]}"


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
