"""Whether a request asks for what we can do, before anything is asked or reserved for it."""

from __future__ import annotations

from typing import Final

from sipcore.b2bua.body import Body
from sipcore.b2bua.call_events import Refuse
from sipcore.b2bua.settings import DEFAULT_SETTINGS, CallSettings
from sipcore.dialog.dialog import Dialog
from sipcore.dialog.session_timer import OPTION_TAG, is_interval_too_brief
from sipcore.errors import RemoteError
from sipcore.message import rack
from sipcore.message.message import Request

_EXTENSIONS: Final = frozenset({OPTION_TAG, rack.OPTION_TAG, "replaces", "norefersub"})
_ENDS_HERE: Final = frozenset({"REGISTER", "OPTIONS", "BYE"})
"""What goes no further than to us: the last hop is allowed to be the last (RFC 3261 §16.3)."""


def check_invite(request: Request, *, settings: CallSettings = DEFAULT_SETTINGS) -> Refuse | None:
    """Say why an INVITE outside of a dialog cannot become a call, None when it can."""
    refusal = check_extensions(request, settings=settings)
    if refusal is not None:
        return refusal
    try:
        Body.of(request, bytes_max=settings.body_bytes_max)
        Dialog.from_request(request, local_tag="")
    except RemoteError as error:
        return Refuse(error.status_hint)
    return None


def check_extensions(
    request: Request,
    *,
    settings: CallSettings = DEFAULT_SETTINGS,
    extensions: frozenset[str] = _EXTENSIONS,
) -> Refuse | None:
    """Say why a request cannot be served: 420, 483, 413 or 422; 400 when it is malformed."""
    try:
        return _check(request, settings, extensions)
    except RemoteError as error:
        return Refuse(error.status_hint)


def _check(request: Request, settings: CallSettings, extensions: frozenset[str]) -> Refuse | None:
    # Proxy-Require speaks to proxies, and we stand where one would: nothing passes us unread.
    required = request.tokens("require") + request.tokens("proxy-require")
    unsupported = [tag for tag in required if tag not in extensions]
    if unsupported:
        return Refuse(420, fields=(("unsupported", ", ".join(unsupported)),))
    if request.max_forwards == 0 and request.method not in _ENDS_HERE:
        return Refuse(483)
    if len(request.body) > settings.body_bytes_max:
        return Refuse(413)
    if request.method in ("INVITE", "UPDATE") and is_interval_too_brief(
        request, min_se_s=settings.min_se_s
    ):
        return Refuse(422, fields=(("min-se", str(settings.min_se_s)),))
    return None
