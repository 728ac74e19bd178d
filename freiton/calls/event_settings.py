"""How long subscriptions and publications are granted for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSettings:
    """The least and the most that a subscriber or publisher gets; below the least it is a 423."""

    min_expires_s: int
    max_expires_s: int
