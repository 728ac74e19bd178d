"""The refusal table for people: `python -m freiton.routing.refusals_page > docs/refusals.md`."""

from __future__ import annotations

import sys
from typing import Final

from freiton.routing.refusals import REFUSALS, RETRY_AFTER_S, Refusal, RefusalCause
from sipcore.message.reason_phrases import REASON_PHRASES

_HEAD: Final = """# Why a call was refused

Written from `freiton/routing/refusals.py`; a test keeps the two equal.

Every refusal carries `Reason: Q.850;cause=…;text="…"` (RFC 3326) and `Warning: 399 … "…"`
(RFC 3261 §20.43), in the language of the account. The call detail record keeps the code.

- A status in brackets can be chosen instead, for one account or one trunk.
- *Retry-After* asks the caller to come back after {low:.0f} to {high:.0f} seconds, chosen by
  chance. All others leave it out: a phone that obeys it would hold back an emergency call too.

| code | status | Q.850 | Retry-After | Deutsch | English |
|---|---|---|---|---|---|
"""


def render_refusals() -> str:
    """Return the page."""
    low, high = RETRY_AFTER_S
    rows = (_row(cause, refusal) for cause, refusal in REFUSALS.items())
    return _HEAD.format(low=low, high=high) + "".join(rows)


def _row(cause: RefusalCause, refusal: Refusal) -> str:
    others = "".join(f" ({status})" for status in refusal.other_statuses)
    status = f"{refusal.status} {REASON_PHRASES[refusal.status]}{others}"
    retry_after = "yes" if refusal.has_retry_after else ""
    cells = (f"`{cause}`", status, str(refusal.q850), retry_after, refusal.de, refusal.en)
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    sys.stdout.write(render_refusals())
