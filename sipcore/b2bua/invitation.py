"""The INVITE that a target gets: built from the target and the short list of what may pass (D5)."""

from __future__ import annotations

from sipcore.b2bua.attempt import Attempt
from sipcore.b2bua.body import NO_BODY, Body
from sipcore.b2bua.body_privacy import conceal
from sipcore.b2bua.call_events import Target
from sipcore.b2bua.header_policy import (
    ALLOW,
    SUPPORTED,
    SUPPORTED_LATER,
    SUPPORTED_UNRELIABLE,
    contact,
    hops_left,
    passed_fields,
)
from sipcore.b2bua.leg_client import CNONCE_BITS
from sipcore.identifiers import Identifiers
from sipcore.message.message import Request


class Invitation:
    """What one caller's INVITE tells every target; ``is_reliable`` asks them for reliable 18x."""

    __slots__ = ("_call_id", "_hops", "_identifiers", "_passed", "_supported", "body")

    def __init__(
        self,
        call_id: str,
        invite: Request,
        body: Body,
        *,
        identifiers: Identifiers,
        is_reliable: bool,
    ) -> None:
        self._call_id = call_id
        self._passed = passed_fields(invite)
        self._hops = hops_left(invite)
        self._supported = SUPPORTED if is_reliable else SUPPORTED_LATER
        self._identifiers = identifiers
        self.body = body

    def may_be_told(self, target: Target) -> bool:
        """Tell whether an offer, if there is one, can be shown to this target."""
        return not self.body.has_sdp or self.body_for(target).has_sdp

    def body_for(self, target: Target) -> Body:
        """Return the body without what this target may not know."""
        if not target.hides_caller:
            return self.body
        return conceal(self.body) or NO_BODY

    def write(self, attempt: Attempt) -> Request:
        """Build the INVITE of an attempt."""
        target = attempt.target
        own = {key for key, _ in target.fields}
        body = self.body_for(target)
        request = Request("INVITE", target.request_uri, body=body.content)
        for key, value in (
            ("max-forwards", str(self._hops)),
            ("from", f"{target.from_value};tag={attempt.local_tag}"),
            ("to", target.to_value),
            ("call-id", attempt.call_id),
            ("cseq", f"{attempt.sequence} INVITE"),
            ("contact", contact(self._call_id, target.flow, target.request_uri)),
            ("allow", ALLOW),
            ("supported", self._supported if target.offers_reliable else SUPPORTED_UNRELIABLE),
            *attempt.timer.request_fields(),
            *(("route", route) for route in target.route),
            *target.fields,
            # What we say ourselves stands once, such as the Priority of an emergency call.
            *((key, value) for key, value in self._passed if key not in own),
            *body.fields,
        ):
            request.add(key, value)
        if target.credentials is not None:
            field = target.credentials.authorize(
                request, cnonce=self._identifiers.token(CNONCE_BITS)
            )
            if field is not None:
                request.add(*field)
        return request
