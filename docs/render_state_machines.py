"""Draws the state machines from their tables: ``python -m docs.render_state_machines``.

Each arrow's label is the input over the actions, as in the RFC's figures. A test fails when the
page is not what this makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from sipcore.presence.notifier_table import (
    DELIVERY,
    DELIVERY_ABSORBED,
    LIFE,
    LIFE_ABSORBED,
    Delivery,
    Life,
)
from sipcore.transaction.invite_client import INVITE_CLIENT
from sipcore.transaction.invite_server import INVITE_SERVER
from sipcore.transaction.non_invite_client import NON_INVITE_CLIENT
from sipcore.transaction.non_invite_server import NON_INVITE_SERVER
from sipcore.transaction.table import Input, Machine, State, Step

PAGE: Final = Path(__file__).parent / "state-machines.md"
MACHINES: Final = (INVITE_CLIENT, NON_INVITE_CLIENT, INVITE_SERVER, NON_INVITE_SERVER)

_UPPER: Final = frozenset({"ACK", "CANCEL", "NOTIFY", "T2"})

_INTRODUCTION: Final = """\
# State machines

Drawn from the tables in the code by `python -m docs.render_state_machines`; do not edit.
An arrow is labelled with what happens and, behind the slash, what is done.
"""


def render_page() -> str:
    """Return the whole page."""
    machines = [render(machine) for machine in MACHINES]
    return "\n".join((_INTRODUCTION, *machines, *_notifier()))


def _notifier() -> tuple[str, str]:
    """Return the sections of the two machines of a notifier."""
    life = render_table(
        "Subscription at its notifier",
        "RFC 6665 §4.1.2 and §4.2, of ours as a notifier",
        Life.INIT,
        LIFE,
        LIFE_ABSORBED,
    )
    delivery = render_table(
        "NOTIFY requests of a subscription",
        "RFC 6665 §4.2.2, and the rate of each package",
        Delivery.READY,
        DELIVERY,
        DELIVERY_ABSORBED,
    )
    return life, delivery


def render_table(
    name: str,
    source: str,
    start: IntEnum,
    table: Mapping[tuple[Any, Any], Any],
    absorbed: frozenset[tuple[Any, Any]],
) -> str:
    """Return the section of a machine that has states and inputs of its own."""
    lines = [f"## {name}", "", f"{source}.", "", "```mermaid", "stateDiagram-v2"]
    lines.append(f"    [*] --> {_title(start)}")
    for (state, given), step in table.items():
        actions = ", ".join(_words(action) for action in step.actions) or "no action"
        lines.append(f"    {_title(state)} --> {_title(step.state)}: {_words(given)} / {actions}")
    lines += ["```", "", "Absorbed without effect:", ""]
    for state in type(start):
        held = sorted(given for one, given in absorbed if one is state)
        if held:
            lines.append(f"- {_title(state)}: {', '.join(_words(given) for given in held)}")
    return "\n".join(lines) + "\n"


def render(machine: Machine) -> str:
    """Return the section of one machine: its diagram and what it absorbs."""
    lines = [
        f"## {machine.name[0].upper()}{machine.name[1:]}",
        "",
        f"{machine.source}.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        f"    [*] --> {_state(machine.start.state)}: {_actions(machine.start)}",
    ]
    for (state, given), step in machine.table.items():
        label = f"{_words(given)} / {_actions(step)}"
        lines.append(f"    {_state(state)} --> {_state(step.state)}: {label}")
    lines += [f"    {_state(State.TERMINATED)} --> [*]", "```", "", "Absorbed without effect:", ""]
    for state in machine.states:
        absorbed = [_words(one) for one in Input if (state, one) in machine.absorbed]
        if absorbed:
            lines.append(f"- {_state(state)}: {', '.join(absorbed)}")
    return "\n".join(lines) + "\n"


def _state(state: State) -> str:
    return state.name.capitalize()


def _actions(step: Step) -> str:
    return ", ".join(_words(action) for action in step.actions) or "no action"


def _title(state: IntEnum) -> str:
    return "".join(word.capitalize() for word in state.name.split("_"))


def _words(member: IntEnum) -> str:
    return " ".join(
        word if len(word) == 1 or word in _UPPER else word.lower()
        for word in member.name.split("_")
    )


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
