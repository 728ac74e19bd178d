"""A simulated phone: it registers, calls, and answers whatever rings."""

from __future__ import annotations

import time
from typing import Final, NamedTuple

from freiton.demo.user_agent import Line, UserAgent
from sipcore.auth.client import DigestClient
from sipcore.identifiers import Identifiers
from sipcore.message import Request, Response
from sipcore.message.warning import WarningValue
from sipcore.transaction.events import RequestReceived
from sipcore.transport.flow import Address

CHALLENGES_MAX: Final = 2
"""The password is asked for once; a second time only since a nonce may have grown too old."""

NO_ANSWER: Final = 408


class Refused(NamedTuple):
    """A call that never was; ``text`` is what a phone shows."""

    status: int
    text: str


class Phone(UserAgent):
    """A device of an account: the account's name is in From, the device's user in its digest."""

    def __init__(
        self,
        device: str,
        account: str,
        *,
        password: str,
        domain: str,
        registrar: Address,
        identifiers: Identifiers,
    ) -> None:
        super().__init__(device, identifiers)
        self._account = account
        self._domain = domain
        self._registrar = registrar
        self._digest = DigestClient(username=device, password=password, realm=domain)
        self._cseq = 0

    async def register(self, expires_s: int = 300) -> None:
        """Register this phone's address; RuntimeError when that is refused."""
        aor = f"sip:{self._account}@{self._domain}"
        fields = [("contact", self.contact), ("expires", str(expires_s))]
        request, response = await self._ask("REGISTER", f"sip:{self._domain}", aor, fields)
        if response is None or not response.is_success:
            raise RuntimeError(f"{self.name}: {request} was answered with {response}")

    async def call(self, number: str) -> Line | Refused:
        """Dial a number and wait for the answer, or for why there is none."""
        target = f"sip:{number}@{self._domain}"
        fields = [("contact", self.contact), ("content-type", "application/sdp")]
        request, response = await self._ask("INVITE", target, target, fields, body=self.sdp)
        if response is None:
            return Refused(NO_ANSWER, "")
        if response.is_success:
            return self.take_up(request, response, self._flow(self._registrar))
        warnings = WarningValue.of(response)
        return Refused(response.status, warnings[0].text if warnings else response.reason)

    def invited(self, invite: RequestReceived, *, now: float) -> None:
        """Ring, and answer at once."""
        self.answer(invite, 180, now=now)
        self.answer(invite, 200, now=now)

    async def _ask(
        self,
        method: str,
        uri: str,
        to: str,
        fields: list[tuple[str, str]],
        *,
        body: bytes = b"",
    ) -> tuple[Request, Response | None]:
        """Send a request outside of a dialog and answer the challenges it meets (§22.2)."""
        call_id, tag = self._identifiers.call_id(), self._identifiers.tag()
        credentials: tuple[str, str] | None = None
        for _ in range(1 + CHALLENGES_MAX):
            self._cseq += 1
            request = Request(method, uri, body=body)
            request.add("max-forwards", "70")
            request.add("from", f"<sip:{self._account}@{self._domain}>;tag={tag}")
            request.add("to", f"<{to}>")
            request.add("call-id", call_id)
            request.add("cseq", f"{self._cseq} {method}")
            for key, value in fields:
                request.add(key, value)
            if credentials is not None:
                request.add(*credentials)
            response = await self.ask(request, self._flow(self._registrar))
            if response is None or response.status not in (401, 407):
                break
            cnonce = self._identifiers.token(64)
            credentials = self._digest.respond_to_challenge(response, request, cnonce=cnonce)
            if credentials is None:
                break
        return request, response


def talk_s(line: Line) -> float:
    """Return how long a line was up, up to now if it still is."""
    return (time.monotonic() if line.ended_at is None else line.ended_at) - line.answered_at
