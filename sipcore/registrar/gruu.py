"""Globally routable URIs of one device: public and temporary GRUUs (RFC 5627).

A public GRUU is the address-of-record with the instance-id; anybody may read it. A temporary one
tells nobody whose it is: it is a handle of the device under a key of ours, with a new mask in each
registration, so that two of them have nothing in common. The handle lives in the bindings of the
device and is drawn anew with a new Call-ID (§3.2); where no binding has it, the URI is dead.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from base64 import b32decode, b32encode
from collections.abc import Iterable
from typing import Final

from sipcore.errors import LocalError
from sipcore.identifiers import Identifiers
from sipcore.message.message import Request
from sipcore.message.uri import SipUri
from sipcore.registrar.binding import Binding
from sipcore.registrar.update import BindingChanges

OPTION_TAG: Final = "gruu"

_PREFIX: Final = "tgruu."
_PART: Final = 8
"""Octets of mask, handle and proof: each too many to be guessed, or to meet by chance."""

_KEY_OCTETS_MIN: Final = 16
_TEMPORARY: Final = re.compile(rf"{re.escape(_PREFIX)}[a-z2-7]{{39}}", re.IGNORECASE)
_PLAIN_INSTANCE: Final = re.compile(r"[A-Za-z0-9\-_.!~*'()\[\]/:&+$]+")
"""``paramchar`` of RFC 3261 §25.1 without escapes: what every URN of a UUID is made of."""


class Gruus:
    """Makes GRUUs for those who ask and reads those that come back; ``key`` outlives the run."""

    __slots__ = ("_identifiers", "_key")

    def __init__(self, key: bytes, identifiers: Identifiers) -> None:
        if len(key) < _KEY_OCTETS_MIN:
            raise LocalError(f"a key of GRUUs needs {_KEY_OCTETS_MIN} octets")
        self._key = key
        self._identifiers = identifiers

    def mark(
        self, changes: BindingChanges, request: Request, before: Iterable[Binding]
    ) -> BindingChanges:
        """Give the devices of a REGISTER the handles of their temporary GRUUs.

        A handle is kept as long as its device keeps its Call-ID, on all of its flows, whether or
        not this REGISTER asks for GRUUs.
        """
        made = (*changes.added, *changes.refreshed)
        wants = asks_for_gruus(request)
        handles: dict[str, str] = {}
        for binding in made:
            instance = binding.instance_id
            if not instance or instance in handles or binding.is_bulk:
                continue
            kept = [
                one.gruu_handle
                for one in before
                if one.instance_id == instance and one.call_id == binding.call_id
            ]
            handles[instance] = next(filter(None, kept), self._handle() if wants else "")
        if not any(handles.values()) and not any(one.gruu_handle for one in changes.bindings):
            return changes
        return changes.mapped(
            lambda one: (
                one.with_gruu_handle(handles[one.instance_id])
                if handles.get(one.instance_id, one.gruu_handle) != one.gruu_handle
                else one
            )
        )

    def parameters(self, aor: SipUri, binding: Binding) -> str:
        """Return the parameters of a Contact in the 200 (§5.3); none where GRUUs make no sense."""
        if _PLAIN_INSTANCE.fullmatch(_bare(binding.instance_id)) is None:
            return ""
        shown = f';pub-gruu="{self._public(aor, binding)}"'
        if binding.gruu_handle:
            shown += f';temp-gruu="{self._temporary(aor.host, binding.gruu_handle)}"'
        return shown

    def handle_of(self, user: str) -> str | None:
        """Return the handle in the user part of a temporary GRUU; None when it is none of ours."""
        if _TEMPORARY.fullmatch(user) is None:
            return None
        try:
            sealed = b32decode(user[len(_PREFIX) :].upper() + "=")
        except binascii.Error:
            return None
        mask, masked, proof = sealed[:_PART], sealed[_PART : 2 * _PART], sealed[2 * _PART :]
        if not hmac.compare_digest(proof, self._digest(b"proof", mask + masked)):
            return None
        return self._masked(mask, masked).hex()

    def _public(self, aor: SipUri, binding: Binding) -> str:
        gr = _bare(binding.instance_id)
        if binding.is_bulk:
            # RFC 6140 §7.1.1: of the exchange as a whole; it adds the user itself.
            return f"{aor.scheme}:{aor.host};bnc;gr={gr}"
        return f"{aor.scheme}:{aor.escaped_user}@{aor.host};gr={gr}"

    def _temporary(self, host: str, handle: str) -> str:
        mask = hashlib.sha256(self._identifiers.token().encode()).digest()[:_PART]
        masked = self._masked(mask, bytes.fromhex(handle))
        sealed = mask + masked + self._digest(b"proof", mask + masked)
        text = b32encode(sealed).decode("ascii").rstrip("=").lower()
        return f"sip:{_PREFIX}{text}@{host};gr"

    def _handle(self) -> str:
        return hashlib.sha256(self._identifiers.token().encode()).digest()[:_PART].hex()

    def _masked(self, mask: bytes, text: bytes) -> bytes:
        pad = self._digest(b"mask", mask)
        return bytes(one ^ other for one, other in zip(text, pad, strict=True))

    def _digest(self, purpose: bytes, text: bytes) -> bytes:
        return hmac.digest(self._key, purpose + text, "sha256")[:_PART]


def asks_for_gruus(request: Request) -> bool:
    """Tell whether a device understands GRUUs (§4.1)."""
    return request.has("supported") and OPTION_TAG in request.tokens("supported")


def instance_of(uri: SipUri) -> str | None:
    """Return the instance-id, in its brackets, that a public GRUU names; None for another URI."""
    gr = uri.parameters.get("gr")
    return f"<{gr}>" if gr else None


def _bare(instance_id: str) -> str:
    return instance_id.removeprefix("<").removesuffix(">")
