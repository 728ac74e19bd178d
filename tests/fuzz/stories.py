"""What goes on in the town while its messages are spoilt: each story a few lines of good manners.

A story takes what has become of its call as it comes: spoilt twins may have ended it long ago.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final, Protocol
from urllib.parse import quote

from tests.support.scripted_phones import SDP, Fields, ScriptedPhone
from tests.support.scripted_side import Side
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import GERMANY
from tests.support.watching_phone import WatchingPhone

BEN, CARLA, PBX = "+493023125002", "+493023125003", "+493023125005"
URN: Final = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
EVENTS: Final = ("dialog", "presence", "message-summary", "reg")
PIDF: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:anna@example.org">'
    b'<tuple id="t1"><status><basic>open</basic></status><contact>sip:anna@example.org</contact>'
    b'<note xml:lang="de">da</note></tuple></presence>'
)


class Scene(Protocol):
    """Who is there."""

    random: Random
    switch: VirtualSwitch
    anna: ScriptedPhone
    ben: ScriptedPhone
    carla: ScriptedPhone
    north: ScriptedPhone
    east: ScriptedPhone
    pbx: ScriptedPhone
    watcher: WatchingPhone


Story = Callable[[Scene], None]


def answered(scene: Scene) -> None:
    side, called = _begin(scene.anna, BEN, scene.ben)
    if called is None:
        return
    scene.ben.ring(called)
    _answer(scene.ben, called)
    for method in ("INFO", "OPTIONS", "UPDATE", "INVITE", "BYE"):
        if side.is_talking and scene.random.random() < 0.5:
            scene.anna.send_in_dialog(side, method)
            scene.switch.wire.settle()
    _hang_up(scene.ben, called)


def refused(scene: Scene) -> None:
    _, called = _begin(scene.anna, BEN, scene.ben)
    if called is not None:
        scene.ben.refuse(called, scene.random.choice((302, 401, 404, 422, 486, 503, 603)))


def redirected(scene: Scene) -> None:
    _, called = _begin(scene.anna, BEN, scene.ben)
    if called is not None:
        scene.ben.refuse(called, 302, fields=(("contact", f"<sip:{GERMANY}@example.org>"),))
        _refuse(scene.north, 486)


def cancelled(scene: Scene) -> None:
    side, _ = _begin(scene.anna, BEN, scene.ben)
    if not side.is_closed:
        scene.anna.cancel(side)


def outgoing(scene: Scene) -> None:
    side, called = _begin(scene.anna, GERMANY, scene.north)
    if called is not None:
        scene.north.ring(called, 183)
        _answer(scene.north, called)
    _hang_up(scene.anna, side)


def incoming(scene: Scene) -> None:
    fields = (
        ("p-asserted-identity", "<sip:+4917012345@north.example>"),
        ("diversion", "<sip:+493099@north.example>;reason=unconditional;counter=1"),
        ("history-info", "<sip:+493099@north.example?Reason=SIP%3Bcause%3D302>;index=1"),
        ("session-id", "a" * 32 + ";remote=" + "0" * 32),
    )
    side = scene.north.call("+493023125001", fields=fields)
    called = open_side(scene.anna)
    if called is not None:
        _answer(scene.anna, called)
    _hang_up(scene.north, side)


def asked(scene: Scene) -> None:
    method, uri = scene.random.choice(
        (
            ("MESSAGE", "sip:ben@example.org"),
            ("OPTIONS", "sip:example.org"),
            ("INFO", "sip:ben@example.org"),
            ("REFER", "sip:ben@example.org"),
        )
    )
    scene.anna.ask(method, uri, body=b"hello")


def reliable(scene: Scene) -> None:
    """Ring reliably towards and through us, with PRACK and an early UPDATE (RFC 3262, 3311)."""
    side = scene.anna.call(BEN, fields=(("supported", "100rel, timer"),))
    called = open_side(scene.ben)
    if called is None:
        return
    fields = (("require", "100rel"), ("rseq", str(scene.random.randrange(1, 9_000))))
    scene.ben.ring(called, 183, body=SDP, fields=fields)
    early = next((one for one in side.responses if one.has("rseq")), None)
    if early is not None:
        # Not yet a talk, and yet a dialog.
        side.remote = early.required("to")
        rack = f"{early.required('rseq')} {early.cseq.number} INVITE"
        scene.anna.send_in_dialog(side, "PRACK", fields=(("rack", rack),))
        scene.switch.wire.settle()
        scene.anna.send_in_dialog(side, "UPDATE")
        scene.switch.wire.settle()
    if scene.random.random() < 0.8:
        _answer(scene.ben, called)
    elif not side.is_closed:
        scene.anna.cancel(side)
    _hang_up(scene.anna, side)


def transferred(scene: Scene) -> None:
    """Transfer Ben, blind or to a call with Carla that is up already (RFC 3515, 3891)."""
    side, called = _begin(scene.anna, BEN, scene.ben)
    if called is not None:
        _answer(scene.ben, called)
    if not side.is_talking:
        return
    target = f"<sip:{CARLA}@example.org>"
    if scene.random.random() < 0.5:
        second, other = _begin(scene.anna, CARLA, scene.carla)
        if other is not None:
            _answer(scene.carla, other)
        target = f"<sip:{CARLA}@example.org?Replaces={quote(_replaces(second), safe='')}>"
    fields = (
        ("refer-to", target),
        ("referred-by", "<sip:anna@example.org>"),
        ("contact", scene.anna.contact),
    )
    scene.anna.send_in_dialog(side, "REFER", fields=fields)
    scene.switch.wire.settle()
    third = open_side(scene.carla)
    if third is not None:
        _answer(scene.carla, third)
    for phone in (scene.carla, scene.anna, scene.ben):
        for one in list(phone.sides):
            _hang_up(phone, one)


def picked_up(scene: Scene) -> None:
    """Take a colleague's call over by INVITE with Replaces (RFC 3891)."""
    side, called = _begin(scene.anna, BEN, scene.ben)
    if called is None:
        return
    if scene.random.random() < 0.5:
        _answer(scene.ben, called)
    fields = (("replaces", _replaces(called)), ("require", "replaces"))
    taken = scene.carla.call(BEN, fields=fields)
    _hang_up(scene.carla, taken)
    _hang_up(scene.anna, side)


def watched(scene: Scene) -> None:
    """Subscribe, refresh, be told of a call, and leave (RFC 6665)."""
    event = scene.random.choice(EVENTS)
    phone = scene.watcher
    fields = (("accept", "application/dialog-info+xml"),) if event == "dialog" else ()
    phone.subscribe("anna", event, expires=120, fields=fields)
    side, called = _begin(scene.anna, BEN, scene.ben)
    if called is not None:
        scene.ben.ring(called)
        scene.switch.wire.advance(1.0)
        scene.ben.refuse(called, 486)
    if phone.replies and phone.replies[-1].is_success and phone.replies[-1].has("contact"):
        phone.refresh(expires=scene.random.choice((0, 60)), event=event)
    if not side.is_closed and not side.is_cancelled:
        scene.anna.cancel(side)


def published(scene: Scene) -> None:
    """Publish presence, change it, take it back (RFC 3903, 3863)."""
    reply = scene.watcher.publish(PIDF, fields=(("expires", "120"),))
    tag = reply.value("sip-etag")
    if tag is not None:
        body = scene.random.choice((b"", PIDF))
        scene.watcher.publish(body, fields=(("sip-if-match", tag), ("expires", "0")))


def registered(scene: Scene) -> None:
    """Register flows, GRUUs, and a whole exchange (RFC 5626, 5627, 6140)."""
    host, port = scene.anna.address
    if scene.random.random() < 0.5:
        contact = f'<sip:anna@{host}:{port}>;+sip.instance="<{URN}>";reg-id=1'
        scene.anna.register(300, contact=contact, fields=(("supported", "outbound, gruu, path"),))
        scene.anna.register(0, contact=contact)
        return
    host, port = scene.pbx.address
    fields: Fields = (("require", "gin"), ("proxy-require", "gin"), ("supported", "gin, path"))
    scene.pbx.register(300, contact=f"<sip:{host}:{port};bnc>", fields=fields)
    _, called = _begin(scene.anna, PBX, scene.pbx)
    if called is not None:
        scene.pbx.refuse(called, 486)


def proxied(scene: Scene) -> None:
    """Call somebody behind a neighbour: the proxy of §16, its CANCEL, dialog and responses."""
    side, called = _begin(scene.anna, "sip:dave@east.example", scene.east)
    if called is None:
        return
    scene.east.ring(called)
    what = scene.random.random()
    if what < 0.3 and not side.is_closed:
        scene.anna.cancel(side)
    elif what < 0.5 and not called.is_closed:
        scene.east.refuse(called, scene.random.choice((302, 407, 486, 603)))
    else:
        _answer(scene.east, called)
        _hang_up(scene.anna, side)


STORIES: Final[tuple[Story, ...]] = (
    answered, refused, redirected, cancelled, outgoing, incoming, asked, reliable, transferred,
    picked_up, watched, published, registered, proxied,
)  # fmt: skip


def open_side(phone: ScriptedPhone) -> Side | None:
    """Return a call that this phone may still answer."""
    return next((one for one in reversed(phone.sides) if _is_ringing(one)), None)


def _begin(caller: ScriptedPhone, dialled: str, called: ScriptedPhone) -> tuple[Side, Side | None]:
    return caller.call(dialled), open_side(called)


def _answer(phone: ScriptedPhone, side: Side) -> None:
    if _is_ringing(side):
        phone.answer(side)


def _refuse(phone: ScriptedPhone, status: int) -> None:
    side = open_side(phone)
    if side is not None:
        phone.refuse(side, status)


def _hang_up(phone: ScriptedPhone, side: Side) -> None:
    if side.is_talking:
        phone.bye(side)


def _is_ringing(side: Side) -> bool:
    return side.invite_from is not None and not side.is_closed and not side.is_cancelled


def _replaces(side: Side) -> str:
    """Name a dialog to its other end, as far as this phone knows it."""
    local, remote = (value.partition(";tag=")[2] for value in (side.local, side.remote))
    return f"{side.call_id};to-tag={remote};from-tag={local}"
