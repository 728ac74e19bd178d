"""A phone with lamps: it subscribes, takes NOTIFY requests, and reads them with other readers."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import HTTP
from xml.etree import ElementTree as ET

from sipcore.message import Request, Response
from sipcore.transport.flow import Address
from tests.support.scripted_phones import Fields, ScriptedPhone
from tests.support.virtual_switch import VirtualSwitch
from tests.support.virtual_town import PASSWORD, SWITCH

DI = "{urn:ietf:params:xml:ns:dialog-info}"
RL = "{urn:ietf:params:xml:ns:rlmi}"


class WatchingPhone(ScriptedPhone):
    """A further phone of an account; ``notify_status`` is what it answers."""

    def __init__(self, switch: VirtualSwitch, name: str, place: int = 9) -> None:
        number = next(one.id for one in switch.town.accounts if one.name == name)
        super().__init__(
            switch.wire,
            f"{name}{place}",
            (f"198.51.100.{number}", 5060 + place),
            switch=SWITCH,
            user=name,
            password=PASSWORD,
        )
        self.notified: list[Request] = []
        self.notify_status = 200
        self.notify_fields: Fields = ()

    def subscribe(
        self,
        to: str,
        event: str = "dialog",
        *,
        expires: int | None = 600,
        fields: Fields = (),
    ) -> int:
        """Subscribe outside of any dialog; return the answer's status."""
        uri = to if ":" in to else f"sip:{to}@{self.domain}"
        given = [("event", event), ("contact", self.contact), *fields]
        if expires is not None:
            given.append(("expires", str(expires)))
        self.ask("SUBSCRIBE", uri, fields=tuple(given))
        return self.replies[-1].status

    def refresh(self, *, expires: int = 600, event: str = "dialog", cseq: int = 100) -> int:
        """Subscribe in the dialog of the last answer."""
        opened = next(one for one in reversed(self.replies) if one.has("contact"))
        request = Request("SUBSCRIBE", str(opened.contacts[0].uri))
        request.add("via", self._via())
        request.add("max-forwards", "70")
        request.add("from", opened.required("from"))
        request.add("to", opened.required("to"))
        request.add("call-id", opened.call_id)
        request.add("cseq", f"{opened.cseq.number + cseq} SUBSCRIBE")
        request.add("contact", self.contact)
        request.add("event", event)
        request.add("expires", str(expires))
        self._ask(request)
        self.wire.settle()
        return self.replies[-1].status

    def publish(self, body: bytes, *, fields: Fields = (), to: str = "") -> Response:
        """Publish presence of one's own."""
        request = self._request(
            "PUBLISH", f"sip:{to or self.user}@{self.domain}",
            to=f"<sip:{to or self.user}@{self.domain}>",
        )  # fmt: skip
        request.add("event", "presence")
        for key, value in fields:
            request.add(key, value)
        if body:
            request.add("content-type", "application/pidf+xml")
            request.body = body
        self._ask(request)
        self.wire.settle()
        return self.replies[-1]

    def _take_in_dialog(self, request: Request, source: Address) -> None:
        if request.method != "NOTIFY":
            super()._take_in_dialog(request, source)
            return
        self.notified.append(request)
        self._reply(request, source, self.notify_status, fields=self.notify_fields)

    # What the lamps show.

    @property
    def state(self) -> str:
        """The Subscription-State that came last."""
        return self.notified[-1].required("subscription-state")

    def document(self) -> ET.Element:
        """Return the newest body that is one document."""
        return ET.fromstring(self.notified[-1].body)  # noqa: S314 - of our own switch

    def lamp(self) -> list[str]:
        """Return the states of the dialogs that were told last."""
        return [one.findtext(f"{DI}state") or "" for one in self.document().findall(f"{DI}dialog")]

    def lamps(self) -> dict[str, list[str] | str]:
        """Return what a list told last: the dialogs' states, or why there are none."""
        head = f"Content-Type: {self.notified[-1].required('content-type')}\r\n\r\n".encode()
        message = message_from_bytes(head + self.notified[-1].body, policy=HTTP)
        assert isinstance(message, EmailMessage)
        meta, *parts = message.iter_parts()
        bodies = {part["Content-ID"]: part.get_content() for part in parts}
        shown: dict[str, list[str] | str] = {}
        for resource in ET.fromstring(meta.get_content()).findall(f"{RL}resource"):  # noqa: S314
            name = (resource.get("uri") or "").removeprefix("sip:").partition("@")[0]
            instance = resource.find(f"{RL}instance")
            if instance is None:
                shown[name] = "later"
            elif instance.get("cid") is None:
                shown[name] = instance.get("reason") or instance.get("state") or ""
            else:
                root = ET.fromstring(bodies[f"<{instance.get('cid')}>"])  # noqa: S314
                dialogs = root.findall(f"{DI}dialog")
                shown[name] = [one.findtext(f"{DI}state") or "" for one in dialogs]
        return shown
