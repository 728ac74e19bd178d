"""A recorded call once more: the same inputs at the same instants must put out the same bytes."""

from __future__ import annotations

import difflib
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from freiton.calls.call_control import WIRE_COMMANDS
from freiton.calls.perform import perform
from freiton.errors import OperatorError
from freiton.trace import plain
from freiton.trace.recording import INPUTS, Kind
from freiton.trace.trace_file import Trace
from sipcore.auth.client import DigestClient
from sipcore.b2bua.call import Call
from sipcore.b2bua.call_events import CallEvent
from sipcore.errors import RemoteError, SipError
from sipcore.limits import DEFAULT_LIMITS
from sipcore.message import Request, Response, parse_message
from sipcore.transaction.events import TransactionEvent
from sipcore.transaction.large_requests import LargeRequests
from sipcore.transaction.layer import TransactionLayer
from sipcore.transaction.table import Input
from sipcore.transport.flow import Flow, Outgoing

HEAD_END: Final = b"\r\n\r\n"

Entry = list[Any]
_AUTHORIZATIONS: Final = ("authorization", "proxy-authorization")


class NotReplayable(OperatorError):  # noqa: N818 - says what a recording is
    """A recording that lacks what a replay needs."""


class Divergence(Exception):  # noqa: N818 - it is how a replay ends, not an error
    """The call asked for something else than it had asked for when it was recorded."""


class Difference:
    """Where a replay first went another way; either side is empty when it had nothing to say."""

    __slots__ = ("at_s", "doing", "expected", "got", "why")

    def __init__(
        self, doing: str, at_s: float, *, expected: bytes = b"", got: bytes = b"", why: str = ""
    ) -> None:
        self.doing = doing
        self.at_s = at_s
        self.expected = expected
        self.got = got
        self.why = why

    def lines(self, text_of: Callable[[bytes], str] | None = None) -> list[str]:
        """Return what differs, as a unified diff of the two messages as ``text_of`` shows them."""
        show = text_of or _text
        sides = (show(self.expected).splitlines(), show(self.got).splitlines())
        return list(difflib.unified_diff(*sides, "recorded", "replayed", lineterm="", n=50))


class Replayed:
    """What a replay came to: how many messages were the same, and the first that was not."""

    __slots__ = ("difference", "same")

    def __init__(self, same: int, difference: Difference | None) -> None:
        self.same = same
        self.difference = difference


def replay(trace: Trace) -> Replayed:
    """Feed a fresh transaction layer and call with what a trace holds.

    Raises NotReplayable for a trace that says so of itself, and TraceError or NotPlain for one
    that is damaged.
    """
    if trace.not_replayable:
        raise NotReplayable(f"this recording cannot be replayed: {trace.not_replayable}")
    return _Stage(trace).play()


class _Draws:
    """The identifiers as they were drawn during one input."""

    def __init__(self) -> None:
        self.queue: deque[tuple[str, Any]] = deque()

    def branch(self) -> str:
        return str(self._next("branch"))

    def tag(self) -> str:
        return str(self._next("tag"))

    def call_id(self) -> str:
        return str(self._next("call_id"))

    def token(self, bits: int = 128) -> str:  # noqa: ARG002 - as Identifiers has it
        return str(self._next("token"))

    def spread(self, low: float, high: float) -> float:  # noqa: ARG002 - as Identifiers has it
        return float(self._next("spread"))

    def _next(self, what: str) -> Any:  # noqa: ANN401 - text, or a number
        if not self.queue:
            raise Divergence(f"a {what} was asked for, and nothing had been drawn")
        drawn, value = self.queue.popleft()
        if drawn != what:
            raise Divergence(f"a {what} was asked for where a {drawn} had been drawn")
        return value


class _Answers(DigestClient):
    """Credentials that give what had been sent: the password is in no recording."""

    __slots__ = ("_sent",)

    def __init__(self, sent: Callable[[], list[bytes]]) -> None:
        super().__init__(username="", password="", realm="")
        self._sent = sent

    def respond_to_challenge(
        self,
        response: Response,  # noqa: ARG002 - as its base has it
        request: Request,
        *,
        cnonce: str,
    ) -> tuple[str, str] | None:
        return self.authorize(request, cnonce=cnonce)

    def authorize(self, request: Request, *, cnonce: str) -> tuple[str, str] | None:
        for data in self._sent():
            sent = parse_message(data)
            if not isinstance(sent, Request) or sent.method != request.method:
                continue
            for key in _AUTHORIZATIONS:
                for value in sent.values(key):
                    if not cnonce or f'cnonce="{cnonce}"' in value or "cnonce" not in value:
                        return key, value
        return None


class _RecordedWays(LargeRequests):
    """Chooses the way of a large request as it was chosen then."""

    __slots__ = ("_flows",)

    def __init__(self, flows: Callable[[], list[Flow]]) -> None:
        super().__init__({}, is_natted=lambda _flow: False)
        self._flows = flows

    def way(self, data: bytes, flow: Flow, *, now: float) -> Flow | None:  # noqa: ARG002 - the base's
        """Return the reliable flow to the same peer that something was sent over in this step."""
        if len(data) <= DEFAULT_LIMITS.udp_request_bytes_max or flow.is_reliable:
            return None
        recorded = (one for one in self._flows() if one.is_reliable and one.remote == flow.remote)
        return next(recorded, None)


class _Stage:
    """One replay."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._draws = _Draws()
        self._layer = TransactionLayer(identifiers=self._draws, timers=plain.read(trace.timers))
        self._layer.large_requests = _RecordedWays(self._recorded_flows)
        self._pending: list[TransactionEvent] = []
        self._call: Call | None = None
        self._expected: list[tuple[bytes, Flow]] = []
        self._same = 0

    def play(self) -> Replayed:
        trace = self._trace
        groups = _groups(trace.entries[: trace.whole])
        if trace.whole < len(trace.entries):
            groups = groups[:-1]  # what was sent during it may be behind the gap
        for entry, drawn, sent in groups:
            self._draws.queue = deque((one[2], one[3]) for one in drawn)
            self._expected = [(one[2], plain.read(one[3])) for one in sent]
            difference = self._take(entry)
            if difference is not None:
                return Replayed(self._same, difference)
        return Replayed(self._same, None)

    def _recorded_flows(self) -> list[Flow]:
        return [flow for _, flow in self._expected]

    def _take(self, entry: Entry) -> Difference | None:
        kind, now = Kind(entry[0]), float(entry[1])
        doing, at_s = _describe(entry), now - self._trace.began
        try:
            self._feed(kind, now, entry[2:])
        except Divergence as divergence:
            return Difference(doing, at_s, why=str(divergence))
        except RemoteError:
            pass  # the endpoint answers what cannot be read, then as now
        except SipError as error:
            return Difference(doing, at_s, why=f"{type(error).__name__}: {error}")
        self._pending += self._layer.events()
        return self._compare(self._layer.outgoing(), doing, at_s)

    def _compare(self, got: list[Outgoing], doing: str, at_s: float) -> Difference | None:
        for place in range(max(len(got), len(self._expected))):
            data = got[place].data if place < len(got) else b""
            expected, flow = self._expected[place] if place < len(self._expected) else (b"", None)
            if data != expected:
                return Difference(doing, at_s, expected=expected, got=data)
            if flow is not None and got[place].flow.key != flow.key:
                why = f"it went over {got[place].flow}, not {flow}"
                return Difference(doing, at_s, expected=expected, got=data, why=why)
            self._same += 1
        return None

    def _feed(self, kind: Kind, now: float, rest: list[Any]) -> None:
        layer = self._layer
        match kind, rest:
            case Kind.RECEIVED, [head, body, flow]:
                message = parse_message(head + HEAD_END + body)
                layer.receive(message, plain.read(flow), now=now)
            case Kind.FIRED, [transaction, timer]:
                layer.fire(tuple(transaction), Input[timer], now=now)
            case Kind.FAILED, [transaction]:
                layer.fail(tuple(transaction), now=now)
            case Kind.RESPONDED, [transaction, response]:
                self._drop_request(transaction)
                layer.respond(tuple(transaction), plain.read(response), now=now)
            case Kind.BEGUN, [call_id, event, keywords]:
                self._begin(call_id, self._event(event), self._keywords(keywords))
            case Kind.RESUMED, [arguments, keywords]:
                resume: Callable[..., Call] = Call.resume
                self._call = resume(*self._read(arguments), **self._keywords(keywords))
            case Kind.STEPPED, [event]:
                self._step(self._event(event), now)
            case _:
                raise Divergence(f"{kind.name} has no such fields")

    def _begin(self, call_id: str, received: Any, keywords: dict[str, Any]) -> None:  # noqa: ANN401 - from a file
        begin: Callable[..., Call] = Call.begin
        self._call = begin(
            call_id, received.request, received.transaction, received.flow, **keywords
        )

    def _step(self, event: CallEvent, now: float) -> None:
        if self._call is None:
            raise Divergence("a call had a step before it was made")
        for command in self._call.step(event, now=now):
            if isinstance(command, WIRE_COMMANDS):
                perform(command, self._layer, now=now)

    def _keywords(self, keywords: dict[str, Any]) -> dict[str, Any]:
        made = {name: self._read(value) for name, value in keywords.items()}
        return made | {"identifiers": self._draws}

    def _read(self, written: Any) -> Any:  # noqa: ANN401 - from a file
        answers = _Answers(lambda: [data for data, _ in self._expected])
        return plain.read(written, credentials=answers, identifiers=self._draws)

    def _event(self, written: Any) -> Any:  # noqa: ANN401 - from a file
        """Return an event of call control, or the first of the wire that has this name."""
        if not isinstance(written, dict) or "event" not in written:
            return self._read(written)
        name, transaction = written["event"], tuple(written["transaction"])
        for place, event in enumerate(self._pending):
            if type(event).__name__ == name and getattr(event, "transaction", ()) == transaction:
                return self._pending.pop(place)
        raise Divergence(f"no {name} came of what had been received")

    def _drop_request(self, transaction: list[str]) -> None:
        """Forget a request that no call was told of."""
        key = tuple(transaction)
        self._pending = [one for one in self._pending if getattr(one, "transaction", None) != key]


def _groups(entries: list[Entry]) -> list[tuple[Entry, list[Entry], list[Entry]]]:
    """Return each input with what was drawn and sent during it."""
    groups: list[tuple[Entry, list[Entry], list[Entry]]] = []
    for entry in entries:
        kind = entry[0]
        if kind in INPUTS:
            groups.append((entry, [], []))
        elif groups and kind == Kind.DRAWN:
            groups[-1][1].append(entry)
        elif groups and kind == Kind.SENT:
            groups[-1][2].append(entry)
    return groups


def _describe(entry: Entry) -> str:
    """Return the input in a few words."""
    kind, rest = Kind(entry[0]), entry[2:]
    if kind is Kind.RECEIVED:
        first = bytes(rest[0]).partition(b"\r\n")[0]
        return f"received {first.decode('utf-8', 'replace')}"
    if kind is Kind.STEPPED and isinstance(rest[0], dict):
        name = rest[0].get("event") or str(rest[0].get("class", "")).rpartition(":")[2]
        return f"the call was told {name}"
    if kind is Kind.FIRED:
        return f"{str(rest[1]).lower().replace('_', ' ')} of {rest[0][-1]}"
    return kind.name.lower()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
