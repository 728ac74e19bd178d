"""Who sends this request: a carrier, a device of an account, or a stranger."""

from __future__ import annotations

from functools import partial
from typing import Final

from freiton.calls.answers import Answer
from freiton.calls.ports import Site
from freiton.routing.directory import Account, Device, Directory
from freiton.routing.local_targets import aor_of
from freiton.routing.request import ANONYMOUS_HOST, Source
from sipcore.auth.authenticator import (
    Authenticator,
    Cause,
    Challenge,
    DeviceSecret,
    Refused,
    Verified,
)
from sipcore.auth.digest import Algorithm
from sipcore.auth.nonce import Nonces
from sipcore.auth.wrong_passwords import WrongPasswords
from sipcore.errors import RemoteError
from sipcore.message import Request, SipUri
from sipcore.registrar.location_table import LocationTable
from sipcore.transport.flow import Flow

_UNCHECKED: Final = frozenset(
    {Cause.NO_CREDENTIALS, Cause.FOREIGN_NONCE, Cause.STALE_NONCE, Cause.REUSED_NONCE}
)
"""Challenges that say nothing about the password: none was sent, or for a nonce of the past.

A nonce from before a restart is foreign. That the user is unknown is not among them, nor that the
password is wrong, so nobody can tell the two apart.
"""

STRONGEST_FIRST: Final = tuple(reversed(Algorithm))
"""A phone takes the first that it knows (RFC 8760 §2.4)."""


class Sender:
    """A sender that proved who it is; ``device`` is set for accounts only."""

    __slots__ = ("device", "source")

    def __init__(self, source: Source, device: Device | None = None) -> None:
        self.source = source
        self.device = device


class Intake:
    """Recognises carriers by their address, phones by digest or, for emergencies, by flow."""

    def __init__(
        self,
        site: Site,
        locations: LocationTable,
        nonces: Nonces,
        *,
        wrong_passwords: WrongPasswords,
    ) -> None:
        self._site = site
        self._locations = locations
        self._nonces = nonces
        self._wrong_passwords = wrong_passwords
        self._asked: tuple[Directory, bool] | None = None
        self._authenticators: dict[tuple[str, bool], Authenticator] = {}

    def authenticate(
        self, request: Request, flow: Flow, *, now: float, as_proxy: bool = False
    ) -> Sender | Answer:
        """Return who sent this, or the challenge that it gets.

        Raises RemoteError when From cannot be read.
        """
        trunk = self._site.directory.trunk_by_source(*flow.remote)
        if trunk is not None and request.method != "REGISTER":
            return Sender(Source(host=flow.remote[0], listener=flow.listener.name, trunk=trunk))
        outcome = self._verify(request, flow, now=now, as_proxy=as_proxy)
        if isinstance(outcome, Challenge):
            return _challenge(outcome)
        return self._sender_or_refusal(outcome, request, flow)

    def sender_of_emergency(
        self, request: Request, flow: Flow, *, challenges_strangers: bool, now: float
    ) -> Sender | Answer:
        """Return who calls for help: without a password wherever that can be known.

        A carrier by its address, a phone by the flow it is registered over, else by credentials
        that it sent; otherwise a stranger. With ``challenges_strangers``, which is for a policy
        that refuses them, somebody whose password was not checked yet is asked for it: a phone
        that lost its registration repeats the call with credentials by itself.
        """
        directory = self._site.directory
        host, listener = flow.remote[0], flow.listener.name
        trunk = directory.trunk_by_source(*flow.remote)
        if trunk is not None:
            return Sender(Source(host=host, listener=listener, trunk=trunk))
        account = self._account_over(request, flow)
        if account is not None:
            return Sender(Source(host=host, listener=listener, account=account))
        stranger = Sender(Source(host=host, listener=listener))
        try:
            outcome = self._verify(request, flow, now=now)
        except RemoteError:
            return stranger
        if isinstance(outcome, Challenge):
            is_unasked = challenges_strangers and outcome.cause in _UNCHECKED
            return _challenge(outcome) if is_unasked else stranger
        sender = self._sender_or_refusal(outcome, request, flow)
        return sender if isinstance(sender, Sender) else stranger

    def may_register(self, sender: Sender, aor: SipUri) -> bool:
        """Tell whether a device registers for its own account (RFC 3261 §10.3 step 4).

        A phone with a single field for its user name writes that of the device.
        """
        device = sender.device
        if device is not None and aor.user == device.auth_user:
            return self._site.directory.local_domain(aor.host) == device.realm
        account = self._site.directory.account_by_aor(aor.user or "", aor.host)
        return account is not None and account == sender.source.account

    def may_show(self, sender: Sender, identity: SipUri) -> bool:
        """Tell whether an identity in a From belongs to its sender; a carrier's is not ours."""
        if sender.source.trunk is not None or identity.host == ANONYMOUS_HOST:
            return True
        return self.may_register(sender, identity)

    def _verify(
        self, request: Request, flow: Flow, *, now: float, as_proxy: bool = False
    ) -> Verified | Challenge | Refused:
        realm = self._realm(request)
        return self._authenticator(realm, as_proxy=as_proxy).verify(
            request,
            partial(self._secret, realm),
            now=now,
            algorithms=self._offered(request, realm),
            is_known=partial(self._is_registered_over, realm, flow),
            source=flow.remote[0],
        )

    def _offered(self, request: Request, realm: str) -> tuple[Algorithm, ...] | None:
        """Return the algorithms to offer: of the account in From, or of any where From hides it.

        None for those of everybody. An answer counts by what its own account asks for: else
        whoever stands between could choose the weaker one by writing another account into From.
        """
        account = self._named_account(request, realm)
        if account is not None:
            return _algorithms(account)
        uri = request.from_.uri
        is_hidden = isinstance(uri, SipUri) and uri.host == ANONYMOUS_HOST
        return STRONGEST_FIRST if is_hidden and self._asks_for_more() else None

    def _asks_for_more(self) -> bool:
        """Tell whether an account asks for more than MD5; looked up once for each directory."""
        directory = self._site.directory
        if self._asked is None or self._asked[0] is not directory:
            accounts = directory.accounts
            found = any(Algorithm.MD5 not in _algorithms(one) for one in accounts)
            self._asked = (directory, found)
        return self._asked[1]

    def _sender_or_refusal(
        self, outcome: Verified | Refused, request: Request, flow: Flow
    ) -> Sender | Answer:
        if isinstance(outcome, Refused):
            return Answer(outcome.status, outcome.reason)
        if outcome.is_repeat and request.method == "INVITE":
            # Its transaction has ended, so this is a copy: it may not start another call.
            return Answer(482)
        return self._sender(outcome, self._realm(request), flow)

    def _account_over(self, request: Request, flow: Flow) -> Account | None:
        """Return whose phone this is: whom From names of those registered over this flow.

        Several accounts may share a flow, as the lines of one telephone do.
        """
        directory = self._site.directory
        here = self._locations.aors_over(flow)
        named = self._named_account(request, self._realm(request)) if len(here) > 1 else None
        if named is not None and aor_of(named) in here:
            return named
        for aor in here:
            user, _, domain = aor.rpartition("@")
            account = directory.account_by_aor(user, domain)
            if account is not None:
                return account
        return None

    def _named_account(self, request: Request, realm: str) -> Account | None:
        """Return the account in From; a phone with one field for its name writes its device's."""
        account = self._claimed_account(request, realm)
        uri = request.from_.uri
        if account is not None or not isinstance(uri, SipUri):
            return account
        device = self._site.directory.device(uri.user or "", realm)
        return None if device is None else self._site.directory.account(device.account_id)

    def _sender(self, verified: Verified, realm: str, flow: Flow) -> Sender | Answer:
        directory = self._site.directory
        device = directory.device(verified.username, realm)
        account = None if device is None else directory.account(device.account_id)
        if device is None or account is None:
            return Answer(403)
        source = Source(host=flow.remote[0], listener=flow.listener.name, account=account)
        return Sender(source, device)

    def _realm(self, request: Request) -> str:
        """Return the domain of ours that the sender claims to be of, else the default one."""
        directory = self._site.directory
        uri = request.from_.uri
        domain = directory.local_domain(uri.host) if isinstance(uri, SipUri) else None
        return directory.default_domain if domain is None else domain

    def _claimed_account(self, request: Request, realm: str) -> Account | None:
        uri = request.from_.uri
        if not isinstance(uri, SipUri) or uri.user is None:
            return None
        return self._site.directory.account_by_aor(uri.user, realm)

    def _authenticator(self, realm: str, *, as_proxy: bool) -> Authenticator:
        # Bounded: a realm is always a domain of the directory.
        key = (realm, as_proxy)
        if key not in self._authenticators:
            self._authenticators[key] = Authenticator(
                realm,
                self._nonces,
                wrong_passwords=self._wrong_passwords,
                as_proxy=as_proxy,
                is_own_host=self._is_own_host,
            )
        return self._authenticators[key]

    def _is_own_host(self, host: str) -> bool:
        return self._site.directory.is_local_domain(host)

    def _secret(self, realm: str, username: str) -> DeviceSecret | None:
        device = self._site.directory.device(username, realm)
        account = None if device is None else self._site.directory.account(device.account_id)
        if device is None or account is None:
            return None
        ha1s = {Algorithm.MD5: device.ha1_md5, Algorithm.SHA_256: device.ha1_sha256}
        accepted = {one: ha1s[one] for one in _algorithms(account)}
        return DeviceSecret(device.auth_user, str(device.account_id), accepted)

    def _is_registered_over(self, realm: str, flow: Flow, auth_user: str) -> bool:
        directory = self._site.directory
        device = directory.device(auth_user, realm)
        account = None if device is None else directory.account(device.account_id)
        return account is not None and aor_of(account) in self._locations.aors_over(flow)


def _challenge(challenge: Challenge) -> Answer:
    return Answer(challenge.status, fields=tuple(challenge.fields))


def _algorithms(account: Account) -> tuple[Algorithm, ...]:
    return tuple(Algorithm(name) for name in account.algorithms) or (Algorithm.MD5,)
