"""A recorded call as SIPp scenarios: one that plays the caller, one that plays the callee.

Addresses, tags, branches and digests become keywords of SIPp, and what is dialled becomes
``[service]``; the last digits of other numbers become zeros. What the switch said is awaited, what
the phones said is sent, with their pauses. SIPp repeats by itself, so repeats are left out.
"""

from __future__ import annotations

import re
from typing import Final

from freiton.errors import OperatorError
from freiton.logs import mask_number
from freiton.trace.ladder import Step, steps_of
from freiton.trace.shown_message import names_people, printable, without_keys
from freiton.trace.trace_file import Trace
from sipcore.errors import RemoteError
from sipcore.message import Request, Response, SipUri, parse_message

PAUSE_MIN_S: Final = 0.05
PAUSE_MAX_S: Final = 60.0

_KEPT: Final = (
    "max-forwards", "allow", "supported", "require", "session-expires", "min-se", "rack", "rseq",
    "content-type", "content-disposition", "retry-after", "www-authenticate", "proxy-authenticate",
)  # fmt: skip
_ADDRESS_LINE: Final = re.compile(r"^(o=\S+ \S+ \S+|c=)(\s*)IN IP[46] \S+")
_MEDIA_LINE: Final = re.compile(r"^m=(\w+) [1-9]\d*")
_NO_KEYWORDS: Final = str.maketrans("[]", "()")
_DIGIT: Final = re.compile(r"[0-9*#A-D]", re.IGNORECASE)
_NO_KEY: Final = f"inline:{'A' * 40}"
_SIGNED: Final = ("authorization", "proxy-authorization")

_VIA_OF_OURS: Final = "Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch]"
_REMEMBER: Final = """<action>
    <ereg regexp=".*" search_in="hdr" header="From:" assign_to="remote"/>
    <ereg regexp=".*" search_in="hdr" header="To:" assign_to="local"/>
  </action>"""
_USED: Final = '  <Reference variables="remote,local"/>'
_HEAD: Final = {
    True: """<?xml version="1.0" encoding="UTF-8"?>
<!-- Play the caller against a switch; write the number that is called for NUMBER:
     sipp -sf uac-trace.xml -m 1 -s NUMBER -au USER -ap PASSWORD -auth_uri DOMAIN SWITCH:5060 -->
""",
    False: """<?xml version="1.0" encoding="UTF-8"?>
<!-- Play the callee, where the switch expects a phone or a carrier:
     sipp -sf uas-trace.xml -m 1 -p PORT -->
""",
}

UAC: Final = "uac-trace.xml"
UAS: Final = "uas-trace.xml"


def scenarios(trace: Trace) -> dict[str, str]:
    """Return the scenarios by file name; that of the callee only if anybody was rung."""
    spoken = [(one, parse_message(one.data)) for one in steps_of(trace) if one.data]
    caller = [pair for pair in spoken if pair[0].lane == "caller" and not pair[0].is_repeat]
    callee = [pair for pair in spoken if pair[0].lane == "callee" and not pair[0].is_repeat]
    if not any(
        isinstance(message, Request) and message.method == "INVITE" for _, message in caller
    ):
        raise OperatorError("the recording has no INVITE of a caller")
    written = {UAC: _Scenario(is_caller=True).write(caller)}
    leg = _leg_that_counts([message for _, message in callee])
    if leg:
        chosen = [pair for pair in callee if pair[1].value("call-id") == leg]
        written[UAS] = _Scenario(is_caller=False).write(chosen)
    return written


def _leg_that_counts(messages: list[Request | Response]) -> str:
    """Return the Call-ID of the leg that was answered, else of the last one."""
    answered = [
        one.call_id
        for one in messages
        if isinstance(one, Response) and one.is_success and one.cseq.method == "INVITE"
    ]
    return (answered or [one.call_id for one in messages[-1:]] or [""])[0]


class _Scenario:
    """Writes one side."""

    def __init__(self, *, is_caller: bool) -> None:
        self._is_caller = is_caller
        self._lines: list[str] = []
        self._offset = 0
        self._last_s: float | None = None
        self._is_tagged = False
        self._awaits_final = ""

    def write(self, spoken: list[tuple[Step, Request | Response]]) -> str:
        if self._is_caller:
            self._ask_for_challenge([message for _, message in spoken])
        for step, message in spoken:
            if step.to_right is self._is_caller:
                self._pause(step)
                self._send(message)
            else:
                self._receive(message)
            self._last_s = step.at_s
        side = "caller" if self._is_caller else "callee"
        if not self._is_caller:
            self._lines.append(_USED)
        body = "\n".join(self._lines)
        return f'{_HEAD[self._is_caller]}<scenario name="the {side}">\n{body}\n</scenario>\n'

    def _ask_for_challenge(self, messages: list[Request | Response]) -> None:
        """Begin without credentials where the phone had a nonce of a former call."""
        first = messages[0]
        if not isinstance(first, Request) or not any(first.has(key) for key in _SIGNED):
            return
        status = 401 if first.has("authorization") else 407
        plain = Request(
            first.method,
            first.uri_text,
            [field for field in first.fields if field[0] not in _SIGNED],
            first.body,
        )
        self._send(plain)
        self._lines.append('  <recv response="100" optional="true"/>')
        self._lines.append(f'  <recv response="{status}" auth="true"/>')
        self._emit(self._request_lines("ACK", first, via="[last_Via:]", to="[last_To:]"))
        self._offset = 1

    def _pause(self, step: Step) -> None:
        waited = 0.0 if self._last_s is None else step.at_s - self._last_s
        if waited >= PAUSE_MIN_S:
            self._lines.append(
                f'  <pause milliseconds="{round(min(waited, PAUSE_MAX_S) * 1000)}"/>'
            )

    def _receive(self, message: Request | Response) -> None:
        if isinstance(message, Request):
            is_first = message.method == "INVITE" and not self._is_caller and not self._is_tagged
            actions = _REMEMBER if is_first else ""
            self._lines.append(f'  <recv request="{message.method}">{actions}</recv>')
            return
        status = message.status
        routes = ' rrs="true"' if message.is_success else ""
        auth = ' auth="true"' if status in (401, 407) else ""
        optional = ' optional="true"' if message.is_provisional else ""
        self._lines.append(f'  <recv response="{status}"{optional}{routes}{auth}/>')

    def _send(self, message: Request | Response) -> None:
        if isinstance(message, Response):
            self._emit(self._response_lines(message), retransmits=_is_final_of_invite(message))
            return
        method = message.method
        is_of_failure = method in ("ACK", "CANCEL") and message.to.tag is None
        if method == "ACK" and self._is_ack_of_failure():
            is_of_failure = True
        if is_of_failure:
            to = "[last_To:]" if method == "ACK" else None
            self._emit(self._request_lines(method, message, via="[last_Via:]", to=to))
            return
        self._emit(self._request_lines(method, message), retransmits=method != "ACK")

    def _is_ack_of_failure(self) -> bool:
        last = next((line for line in reversed(self._lines) if "<recv " in line), "")
        found = re.search(r'response="(\d)', last)
        return found is not None and found.group(1) in "3456"

    def _emit(self, lines: list[str], *, retransmits: bool = False) -> None:
        attribute = ' retrans="500"' if retransmits else ""
        end = "" if "" in lines else "\n\n"
        text = "\n".join(lines).replace("]]>", "]] >")
        self._lines.append(f"  <send{attribute}><![CDATA[\n{text}{end}\n]]></send>")

    def _request_lines(
        self, method: str, message: Request, *, via: str = _VIA_OF_OURS, to: str | None = None
    ) -> list[str]:
        in_dialog = message.to.tag is not None and not via.startswith("[last")
        number = message.cseq.number + (self._offset if self._is_caller else 0)
        target = "[next_url]" if in_dialog else f"sip:[service]@{_host(message)}"
        lines = [f"{method} {target} SIP/2.0", via]
        if self._is_caller:
            lines.append(f"From: <sip:{_user(message, 'from')}@{_host(message)}>;tag=[call_number]")
            tag = "[peer_tag_param]" if in_dialog else ""
            lines.append(to or f"To: <sip:[service]@{_host(message)}>{tag}")
        else:
            lines += ["From: [$local];tag=[pid]t[call_number]", "To: [$remote]"]
        lines += ["Call-ID: [call_id]", f"CSeq: {number} {method}"]
        if in_dialog:
            lines.append("[routes]")
        lines.append("Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>")
        if any(message.has(key) for key in _SIGNED):
            lines.append("[authentication]")
        return lines + self._rest(message)

    def _response_lines(self, message: Response) -> list[str]:
        lines = [
            f"SIP/2.0 {message.status} {_literal(message.reason) or 'OK'}",
            "[last_Via:]",
            "[last_From:]",
        ]
        if message.cseq.method == "INVITE" and not self._is_caller and not self._is_tagged:
            if message.status != 100:
                lines.append("[last_To:];tag=[pid]t[call_number]")
            else:
                lines.append("[last_To:]")
            self._is_tagged = message.is_success
        else:
            lines.append("[last_To:]")
        lines += ["[last_Call-ID:]", "[last_CSeq:]"]
        if message.has("contact"):
            lines.append("Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>")
        return lines + self._rest(message)

    def _rest(self, message: Request | Response) -> list[str]:
        lines = [
            f"{key.title()}: {_masked(value)}" for key in _KEPT for value in message.values(key)
        ]
        if not message.body:
            return [*lines, "Content-Length: 0"]
        return [*lines, "Content-Length: [len]", "", *_body_lines(message)]


def _user(message: Request, key: str) -> str:
    try:
        uri = (message.from_ if key == "from" else message.to).uri
    except RemoteError:
        return "anonymous"
    if not isinstance(uri, SipUri) or not uri.user:
        return "anonymous"
    return SipUri("host", user=_masked(uri.user)).escaped_user or "anonymous"


def _host(message: Request) -> str:
    uri = message.from_.uri
    return uri.host if isinstance(uri, SipUri) and "[" not in uri.host else "[remote_ip]"


def _masked(text: str) -> str:
    return _literal(mask_number(text).replace("*", "0"))


def _literal(text: str) -> str:
    """Return what a peer wrote without what SIPp would act on: ``[file name=…]`` reads a file."""
    return printable(text).translate(_NO_KEYWORDS)


def _body_lines(message: Request | Response) -> list[str]:
    """Return a body; what people wrote or typed is not in it."""
    body = message.body.decode("utf-8", "replace")
    if message.content_type.startswith("text/"):
        return [f"({len(body)} characters)"]
    if message.content_type.startswith("application/dtmf"):
        return [_literal(_DIGIT.sub("0", line)) for line in body.splitlines()]
    return [_body_line(line) for line in without_keys(body, _NO_KEY).splitlines()]


def _body_line(line: str) -> str:
    line = _masked(line) if names_people(line) else _literal(line)
    line = _MEDIA_LINE.sub(r"m=\1 [auto_media_port]", line)
    return _ADDRESS_LINE.sub(r"\1\2IN IP[media_ip_type] [media_ip]", line)


def _is_final_of_invite(message: Response) -> bool:
    return message.status >= 200 and message.cseq.method == "INVITE"
