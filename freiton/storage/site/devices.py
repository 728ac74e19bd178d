"""The devices of accounts and their passwords."""

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from freiton.storage.schema import AccountRow, DeviceRow
from freiton.storage.secrets_box import SecretsBox, digest_ha1, random_password
from freiton.storage.site.specs import DeviceSpec
from freiton.storage.site_database import SiteError


@dataclass(frozen=True, slots=True)
class IssuedPassword:
    """What must be typed into a device; shown once, when it is made at random."""

    account: str
    user: str
    realm: str
    password: str = field(repr=False)


class Devices:
    """Devices; their users are unique in a realm, which is the domain of the account."""

    def __init__(self, session: Session, box: SecretsBox) -> None:
        self._session = session
        self._box = box

    def add(self, account: AccountRow, spec: DeviceSpec) -> IssuedPassword:
        """Make a device; the password is the given one or made at random."""
        if self._find(spec.user, account.domain) is not None:
            raise SiteError(
                f"a device {spec.user} exists already in {account.domain}", field="user"
            )
        password = spec.password or random_password()
        row = DeviceRow(
            auth_user=spec.user,
            realm=account.domain,
            origin=spec.origin.value,
            enabled=spec.enabled,
        )
        self._set_password(row, password)
        account.devices.append(row)
        self._session.flush()
        return IssuedPassword(account.name, spec.user, account.domain, password)

    def put(self, account: AccountRow, spec: DeviceSpec) -> tuple[bool, IssuedPassword | None]:
        """Make a device or give it what was named.

        Return whether it is new, and its password if that was made at random.
        """
        row = self._find(spec.user, account.domain)
        if row is None:
            issued = self.add(account, spec)
            return True, issued if spec.password is None else None
        if row.account_id != account.id:
            raise SiteError(
                f"device {spec.user} belongs to account {row.account.name} already", field="user"
            )
        self._set_state(row, spec)
        if spec.password is not None and spec.password != self._box.decrypt(row.password):
            self._set_password(row, spec.password)
        self._session.flush()
        return False, None

    def change(self, realm: str, spec: DeviceSpec) -> None:
        """Give a device what was named."""
        row = self._get(spec.user, realm)
        self._set_state(row, spec)
        self._session.flush()

    def renew_password(self, user: str, realm: str) -> IssuedPassword:
        """Replace a password by one made at random."""
        row = self._get(user, realm)
        password = random_password()
        self._set_password(row, password)
        self._session.flush()
        return IssuedPassword(row.account.name, user, realm, password)

    def remove(self, user: str, realm: str) -> None:
        """Take a device away."""
        row = self._get(user, realm)
        row.account.devices.remove(row)
        self._session.flush()

    def _get(self, user: str, realm: str) -> DeviceRow:
        row = self._find(user, realm)
        if row is None:
            raise SiteError(f"there is no device {user} in {realm}", field="user")
        return row

    def _find(self, user: str, realm: str) -> DeviceRow | None:
        return self._session.scalar(
            select(DeviceRow).where(DeviceRow.auth_user == user, DeviceRow.realm == realm)
        )

    def _set_state(self, row: DeviceRow, spec: DeviceSpec) -> None:
        if "enabled" in spec.model_fields_set:
            row.enabled = spec.enabled
        if "origin" in spec.model_fields_set:
            row.origin = spec.origin.value

    def _set_password(self, row: DeviceRow, password: str) -> None:
        for algorithm, column in (("MD5", "ha1_md5"), ("SHA-256", "ha1_sha256")):
            digest = digest_ha1(algorithm, user=row.auth_user, realm=row.realm, password=password)
            setattr(row, column, digest)
        row.password = self._box.encrypt(password)
