"""Draws the state machines from their tables: ``python -m docs.render_state_machines``.

Each arrow's label is the input over the actions, as in the RFC's figures. A test fails when the
page is not what this makes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sipcore.transaction.invite_client import INVITE_CLIENT
from sipcore.transaction.invite_server import INVITE_SERVER
from sipcore.transaction.non_invite_client import NON_INVITE_CLIENT
from sipcore.transaction.non_invite_server import NON_INVITE_SERVER
from sipcore.transaction.table import Action, Input, Machine, State, Step

PAGE: Final = Path(__file__).parent / "state-machines.md"
MACHINES: Final = (INVITE_CLIENT, NON_INVITE_CLIENT, INVITE_SERVER, NON_INVITE_SERVER)

_UPPER: Final = frozenset({"ACK", "CANCEL", "T2"})

_INTRODUCTION: Final = """\
# State machines

Drawn from the tables in the code by `python -m docs.render_state_machines`; do not edit.
An arrow is labelled with what happens and, behind the slash, what is done.
"""


def render_page() -> str:
    """Return the whole page."""
    return "\n".join((_INTRODUCTION, *(render(machine) for machine in MACHINES)))


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


def _words(member: Input | Action) -> str:
    return " ".join(
        word if len(word) == 1 or word in _UPPER else word.lower()
        for word in member.name.split("_")
    )


if __name__ == "__main__":
    PAGE.write_text(render_page(), encoding="utf-8")
