"""Phones that keep their heads when packets come late, twice or never."""

from __future__ import annotations

from typing import Final

from sipcore.b2bua.call import Call
from sipcore.b2bua.call_events import AnswerRefer, CallCommand, Referred, ReportRefer
from sipcore.message import Request, Response, parse_message
from sipcore.message.derive import respond
from sipcore.message.message import serialize
from sipcore.transaction.events import RequestReceived
from sipcore.transport.flow import Address
from tests.support.phones import SWITCH, Line, Network, Phone, Switch, World, sdp
from tests.support.weather import Weather, WeatherInWorld

GIVE_UP_S: Final = 32.0
RAW: Final = "z9hG4bKraw"


class ModelPhone(Phone):
    """A phone for which an old CSeq is a packet that came late, answered with 500 (§12.2.2).

    It hangs up when nobody acknowledged its answer (§13.3.1.4), and refuses what belongs to a
    dialog that it has ended.
    """

    weather: Weather
    thrown = 0

    def __init__(self, world: World, name: str, address: Address) -> None:
        super().__init__(world, name, address)
        self.accepted: set[str] = set()
        """The local ends of dialogs that a 200 of ours has made."""
        self.first_answer_at = float("inf")

    def answer(self, *, body: bytes | None = None, tag: str | None = None) -> None:
        to = self.call_offered().request.required("to")
        self.first_answer_at = min(self.first_answer_at, self.now)
        self.accepted.add(f"{to};tag={tag or self.tag}")
        super().answer(body=body, tag=tag)

    def answer_held(self, status: int) -> None:
        """Answer the oldest request that was left open."""
        event = self.held.pop(0)
        if event.transaction in self.closed:
            return
        if status == 200 and event.request.method == "INVITE":
            self.accept(event, self.sdp)
        elif status == 200 and event.request.method == "UPDATE" and event.request.body:
            self.respond(event, 200, body=self.sdp)
        else:
            self.respond(event, status)

    def take_request(self, event: RequestReceived) -> None:
        line = self.line_of(event.request)
        if line is None or event.request.to.tag is None:
            super().take_request(event)
            return
        number = event.request.cseq.number
        is_old = number <= line.remote_cseq
        if line.is_over and (is_old or event.request.method != "BYE"):
            self.respond(event, 481)
        elif is_old:
            assert self.weather.has_delayed, f"{self.name} got an old CSeq, and nothing was late"
            self.respond(event, 500)
        else:
            super().take_request(event)

    def take_prack(self, event: RequestReceived) -> None:
        """Take a PRACK, perhaps one that waits for nothing any more."""
        number = int(event.request.required("rack").split()[0])
        waiting = [one for one in self.unpracked if int(one.response.required("rseq")) == number]
        if waiting:
            super().take_prack(event)
        else:
            self.respond(event, 200 if self.closed else 481)

    def fire(self) -> None:
        before = list(self.repeated)
        super().fire()
        kept = {(one.response.cseq.number, one.response.to.tag) for one in self.repeated}
        for one in before:
            if (one.response.cseq.number, one.response.to.tag) not in kept:
                self._give_up(str(one.response.to.tag))

    def line_of(self, request: Request) -> Line | None:
        for line in self.lines:
            is_local = line.local.endswith(f";tag={request.to.tag}")
            is_remote = line.remote.endswith(f";tag={request.from_.tag}")
            if line.call_id == request.call_id and is_local and is_remote:
                return line
        return None

    def throw(self, request: Request) -> str:
        """Let a request arrive past all that a phone keeps, and the weather; gives the branch."""
        self.thrown += 1
        branch = f"{RAW}{self.name}{self.thrown}"
        raw = Request(request.method, request.uri_text, body=request.body)
        raw.add("via", f"SIP/2.0/UDP {self.listener.sent_by};branch={branch}")
        for key, value in request.fields:
            if key != "via":
                raw.add(key, value)
        self._arrive(raw)
        return branch

    def throw_response(self, request: Request, status: int) -> None:
        """Answer past the transaction, in a dialog of our own making."""
        fields = [("contact", self.contact)]
        response = respond(request, status, to_tag="stray", fields=fields)
        self._arrive(response)

    def _arrive(self, message: Request | Response) -> None:
        switch = self.world.ends[SWITCH]
        switch.receive(parse_message(serialize(message)), self.address)
        self.world.settle()

    def _give_up(self, tag: str) -> None:
        for line in self.lines:
            if line.local.endswith(f";tag={tag}") and not line.is_over:
                self.say("BYE", line=line)


class ModelSwitch(Switch):
    """A switch that answers a REFER as the test wants; with 202 it then says that it failed."""

    refer_status = 603

    def decide(self, call: Call, command: CallCommand) -> None:
        super().decide(call, command)
        if isinstance(command, Referred):
            self.step(call, AnswerRefer(self.refer_status))
            if self.refer_status == 202:
                self.step(call, ReportRefer(180))
                self.step(call, ReportRefer(486))


class ModelNetwork(Network):
    """A network with weather, and a caller and two callees who can bear it."""

    def __init__(self) -> None:
        super().__init__("bob", "carol")
        self.joined_by = ModelSwitch(self)
        self.switch = self.joined_by
        self.caller = ModelPhone(self, "alice", self.alice.address)
        self.alice = self.caller
        self.called = [
            ModelPhone(self, name, phone.address) for name, phone in self.callees.items()
        ]
        self.callees = {phone.name: phone for phone in self.called}
        self.weather = Weather()
        WeatherInWorld(self, self.weather)
        self.answers: dict[str, int] = {}
        for phone in (self.caller, *self.called):
            phone.weather = self.weather
        self.loses = self._is_lost

    def _is_lost(self, source: Address, target: Address, data: bytes) -> bool:
        self._note(source, data)
        return self.weather.take((source, target, data), self.packets, now=self.now)

    def _note(self, source: Address, data: bytes) -> None:
        """Keep what the switch answers to what was thrown at it."""
        if source == SWITCH and data.startswith(b"SIP/2.0 ") and RAW.encode() in data:
            branch = data.partition(RAW.encode())[2]
            number = branch.split(b";")[0].split(b"\r\n")[0].decode()
            self.answers[RAW + number] = int(data[8:11])


def described(phone: Phone, version: int) -> bytes:
    """Give a session description that differs from others of this phone."""
    return sdp(phone.name, version)
