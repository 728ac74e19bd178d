"""A recorded call as a ladder: caller, switch, callee, and between them what was decided.

One list of steps for all who show it; the widths are those of a terminal of 100 columns.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from freiton.logs import mask_number
from freiton.trace.recording import Kind
from freiton.trace.shown_message import label, printable, read_shown
from freiton.trace.trace_file import Trace
from sipcore.message import Request, Response

Lane = Literal["caller", "switch", "callee"]

ARROW: Final = 42
WIDTH: Final = 9 + 2 * (ARROW + 1) + 1

_LOG: Final = "log: "
_EXTENDED: Final = f"{_LOG}extended"
_HEAD_END: Final = b"\r\n\r\n"
_TOLD: Final = {
    "Appended": "log: the answer is durable",
    "AppendFailed": "log: the answer is lost",
    "Probe": "both ends are asked whether they live",
}
_GIVEN_UP: Final = {"TIMER_B": "no response", "TIMER_F": "no response", "TIMER_H": "no ACK"}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One line: a message on a lane, or something that happened in the switch."""

    at_s: float
    lane: Lane
    text: str
    to_right: bool = True
    is_repeat: bool = False
    data: bytes = b""

    @property
    def is_of_log(self) -> bool:
        """Whether it tells of the charging log, where no telephone number stands."""
        return self.lane == "switch" and self.text.startswith(_LOG)


def steps_of(trace: Trace) -> list[Step]:
    """Return what happened, in order; texts are not masked."""
    return _Reader(trace).steps()


def ladder(trace: Trace, *, full: bool = False) -> list[str]:
    """Return the lines of a ladder, at most ``WIDTH`` wide."""
    lines = [_title(trace), "", _row("", "caller", "switch", "callee")]
    for step in _gathered(steps_of(trace)):
        text = step.text if full or step.is_of_log else mask_number(step.text)
        text = printable(text)
        lines.append(_told(step, text) if step.lane == "switch" else _drawn(step, text))
    if trace.whole < len(trace.entries):
        lines.append(
            "          (the call was too long to keep whole; a part before its end is gone)"
        )
    return [line.rstrip() for line in lines]


class _Reader:
    """Goes through the entries of one trace."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._callees: dict[str, int] = {}
        self._seen: set[tuple[int, bytes]] = set()

    def steps(self) -> list[Step]:
        return [step for entry in self._trace.entries for step in self._steps_of(entry)]

    def _steps_of(self, entry: list[Any]) -> list[Step]:
        kind, at_s, rest = Kind(entry[0]), float(entry[1]) - self._trace.began, entry[2:]
        match kind, rest:
            case Kind.RECEIVED, [head, body, _]:
                return [self._message(at_s, kind, head + _HEAD_END + body)]
            case Kind.SENT, [data, _]:
                return [self._message(at_s, kind, data)]
        return [Step(at_s=at_s, lane="switch", text=text) for text in _happened(kind, rest) if text]

    def _message(self, at_s: float, kind: Kind, data: bytes) -> Step:
        message = read_shown(data)
        if message is None:
            return Step(at_s=at_s, lane="switch", text="a message that cannot be read", data=data)
        key = message.value("call-id") or ""
        is_caller = key == (self._trace.keys[0] if self._trace.keys else "")
        text = label(message)
        if not is_caller:
            text += self._leg(key, message)
        is_repeat = (kind, data) in self._seen
        self._seen.add((kind, data))
        return Step(
            at_s=at_s,
            lane="caller" if is_caller else "callee",
            text=text,
            to_right=(kind is Kind.RECEIVED) is is_caller,
            is_repeat=is_repeat,
            data=data,
        )

    def _leg(self, key: str, message: Request | Response) -> str:
        """Return which of several callees this is, and whom the first INVITE asks for."""
        is_new = key not in self._callees
        number = self._callees.setdefault(key, len(self._callees) + 1)
        mark = f" #{number}" if len(self._trace.keys) > 2 else ""
        if is_new and isinstance(message, Request) and message.method == "INVITE":
            user, _, _ = message.uri_text.removeprefix("sip:").partition("@")
            return f"{mark} {user}"
        return mark


def _gathered(steps: list[Step]) -> list[Step]:
    """Return steps with every row of grants in one line."""
    gathered: list[Step] = []
    for step in steps:
        if gathered and _is_grant(step) and _is_grant(gathered[-1]):
            gathered.pop()
        gathered.append(step)
    return gathered


def _is_grant(step: Step) -> bool:
    return step.lane == "switch" and step.text.startswith(_EXTENDED)


def _happened(kind: Kind, rest: list[Any]) -> list[str]:
    match kind, rest:
        case Kind.DECIDED, [facts]:
            return _decided(facts)
        case Kind.REFUSED, [cause]:
            return [f"refused: {cause}"]
        case Kind.LOGGED, [name, facts]:
            return [_logged(name, facts)]
        case Kind.RESUMED, _:
            return ["taken up again after a restart"]
        case Kind.FIRED, [transaction, timer] if timer in _GIVEN_UP:
            return [f"{_GIVEN_UP[timer]} to {transaction[-1]} in time"]
        case Kind.FAILED, [transaction]:
            return [f"connection failed during {transaction[-1]}"]
        case Kind.STEPPED, [event]:
            return [_commanded(event)]
    return []


def _decided(facts: dict[str, Any]) -> list[str]:
    ways = ", then ".join(facts["ways"]) or "nobody"
    whom = facts["called"] or facts["dialled"]
    by = facts["caller"] or (
        f"trunk {facts['from_trunk']}" if facts["from_trunk"] else "a stranger"
    )
    told = [f"routing: {facts['kind']}, from {by} to {whom} by {ways}"]
    if facts["price"]:
        told.append(f"price: {facts['price']}")
    if facts["outgoing_max"] is not None:
        told.append(f"limit: {facts['outgoing_max']} outgoing call(s) at once")
    return told


def _commanded(event: dict[str, Any]) -> str:
    name = str(event.get("class", "")).rpartition(":")[2]
    if name == "Hangup":
        return (
            f"the switch hangs up: {event['value'].get('reason') or event['value'].get('status')}"
        )
    return _TOLD.get(name, "")


def _logged(name: str, facts: dict[str, Any]) -> str:
    match name:
        case "admitted" | "extended":
            final = ", the last" if facts.get("is_final") else ""
            price = euros(facts["price_micros"]) if facts.get("price_micros") else "free"
            return f"log: {name}, {facts['granted_s']} s granted{final} ({price})"
        case "moved":
            return f"log: moved to {facts['to_owner']}"
        case "ended" | "refused":
            by = f" by {facts['released_by']}" if facts.get("released_by") else ""
            talked = f", {facts.get('duration_us', 0) / 1_000_000:.1f} s" if name == "ended" else ""
            cost = f", {euros(facts.get('gross_micros', 0))}" if name == "ended" else ""
            return f"log: {name}, {facts.get('ending')}{by}{talked}{cost}"
    return f"log: {name}"


def euros(micros: int) -> str:
    """Write an amount without losing a digit."""
    text = f"{micros / 1_000_000:.6f}".rstrip("0")
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals:0<2} €"


def _title(trace: Trace) -> str:
    name = trace.call_id or (trace.keys[0] if trace.keys else "")
    return f"{'Call' if trace.is_call else 'Attempt'} {name}, begun {trace.began_at}"


def _row(at: str, left: str, middle: str, right: str) -> str:
    return f"{at:>9} {left:<{ARROW - 2}}{middle:^7}{right:>{ARROW - 3}}"


def _drawn(step: Step, text: str) -> str:
    room = ARROW - 6
    if step.is_repeat:
        text = f"{text[: room - 8]} (again)"
    text = text if len(text) <= room else text[: room - 1] + "…"
    line = f" {text} ".center(ARROW - 1, "─")
    arrow = f"{line}▶" if step.to_right else f"◀{line}"
    gap = " " * ARROW
    left, right = (arrow, gap) if step.lane == "caller" else (gap, arrow)
    return f"{step.at_s:9.3f}│{left}│{right}│"


def _told(step: Step, text: str) -> str:
    room = WIDTH - 14
    text = text if len(text) <= room else text[: room - 1] + "…"
    return f"{step.at_s:9.3f}│  ● {text:<{2 * ARROW - 3}}│"


def summary(trace: Trace) -> dict[str, Any]:
    """Return what a list of recordings shows of one; numbers are masked."""
    steps = steps_of(trace)
    decided = next((one.text for one in steps if one.text.startswith("routing: ")), "")
    outcome = next((one.text for one in reversed(steps) if _is_outcome(one)), "")
    messages = [one for one in steps if one.data]
    return {
        "call_id": trace.call_id or (trace.keys[0] if trace.keys else ""),
        "began_at": trace.began_at,
        "is_running": trace.is_call and trace.ended is None,
        "what": printable(mask_number(decided.removeprefix("routing: "))),
        "outcome": printable(outcome.removeprefix(_LOG) or _last_answer(messages)),
        "messages": len(messages),
    }


def _is_outcome(step: Step) -> bool:
    return step.text.startswith((f"{_LOG}ended", f"{_LOG}refused"))


def _last_answer(messages: list[Step]) -> str:
    return next((one.text for one in reversed(messages) if one.text[:1].isdigit()), "")
