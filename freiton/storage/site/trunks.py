"""The trunks of the site and their secrets."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from freiton.config.host_port import HostPort
from freiton.config.trunk_profiles import TrunkPreset
from freiton.routing.directory import Handling
from freiton.routing.uncharged import why_charged
from freiton.storage.schema import TrunkRow
from freiton.storage.secrets_box import SecretsBox
from freiton.storage.site.customers import Domains
from freiton.storage.site.read import read_trunks
from freiton.storage.site.specs import TrunkSpec, parse_source
from freiton.storage.site_database import SiteError

OF_PRESET: Final = frozenset(
    {"transport", "listener", "number_format", "sends_asserted_identity", "expires_s"}
)
"""What a trunk begins with as its profile has it, where nothing else is said."""


class Trunks:
    """Ways to and from carriers."""

    def __init__(
        self,
        session: Session,
        box: SecretsBox,
        domains: Domains,
        presets: Mapping[str, TrunkPreset],
    ) -> None:
        self._session = session
        self._box = box
        self._domains = domains
        self._presets = presets

    def add(self, spec: TrunkSpec) -> None:
        """Make a trunk."""
        if self._find(spec.name) is not None:
            raise SiteError(f"trunk {spec.name} exists already", field="name")
        self.put(spec)

    def put(self, spec: TrunkSpec) -> bool:
        """Make a trunk or replace all that is known of it; return whether it is new."""
        spec = self._with_preset(spec)
        self._refuse_shared_sources(spec)
        row = self._find(spec.name)
        is_new = row is None
        if row is None:
            row = TrunkRow(name=spec.name, secret=b"")
            self._session.add(row)
        for column, value in _columns(spec).items():
            setattr(row, column, value)
        if not row.secret or self._box.decrypt(row.secret) != spec.secret:
            row.secret = self._box.encrypt(spec.secret)
        self._session.flush()
        self._refuse_charged_neighbours()
        return is_new

    def described(self, name: str) -> dict[str, Any]:
        """Return what a trunk's description would say, to change a part of it."""
        row = self._get(name)
        return {
            **{field: getattr(row, field) for field in TrunkSpec.model_fields if field != "host"},
            "host": HostPort(row.host, row.port),
            "secret": self._box.decrypt(row.secret),
            "sources": tuple(row.sources),
        }

    def remove(self, name: str) -> None:
        """Take a trunk away."""
        self._session.delete(self._get(name))
        self._session.flush()

    def _get(self, name: str) -> TrunkRow:
        row = self._find(name)
        if row is None:
            raise SiteError(f"there is no trunk {name}", field="name")
        return row

    def _find(self, name: str) -> TrunkRow | None:
        return self._session.scalar(select(TrunkRow).where(TrunkRow.name == name))

    def _with_preset(self, spec: TrunkSpec) -> TrunkSpec:
        """Fill what was not said with what its profile begins with."""
        preset = self._presets.get(spec.profile)
        if preset is None:
            known = ", ".join(self._presets)
            raise SiteError(f"there is no profile {spec.profile}; known: {known}", field="profile")
        begins_with = {
            "transport": preset.transport,
            "number_format": preset.number_format,
            "sends_asserted_identity": preset.is_trusted,
            "expires_s": preset.expires_s,
        }
        said = spec.model_fields_set
        return spec.model_copy(
            update={field: value for field, value in begins_with.items() if field not in said}
        )

    def _refuse_shared_sources(self, spec: TrunkSpec) -> None:
        """Make sure that an incoming call belongs to one trunk."""
        sources = {parse_source(text): text for text in spec.effective_sources}
        for row in self._session.scalars(select(TrunkRow).where(TrunkRow.name != spec.name)):
            for source in map(parse_source, row.sources):
                if source in sources:
                    raise SiteError(
                        f"calls from {sources[source]} belong to trunk {row.name}", field="sources"
                    )

    def _refuse_charged_neighbours(self) -> None:
        """Make sure that nothing charged goes over a neighbour, this trunk or another."""
        neighbours = select(TrunkRow.id).where(TrunkRow.handling == Handling.PROXY.value)
        if self._session.scalar(neighbours.limit(1)) is None:
            return
        trunks = read_trunks(self._session, self._box, self._presets)
        for trunk in trunks:
            others = [one for one in trunks if one.id != trunk.id]
            why = why_charged(trunk, others, is_local_domain=self._domains.known)
            if why is not None:
                raise SiteError(f"trunk {trunk.name}: {why}", field="handling")


def _columns(spec: TrunkSpec) -> dict[str, Any]:
    return {
        "kind": spec.kind.value,
        "host": spec.host.host,
        "port": spec.host.port,
        "transport": spec.transport,
        "listener": spec.listener or spec.transport,
        "domain": spec.domain or spec.host.host,
        "username": spec.username,
        "auth_user": spec.auth_user,
        "realm": spec.realm,
        "expires_s": spec.expires_s,
        "priority": spec.priority,
        "weight": spec.weight,
        "channels": spec.channels,
        "reserved_for_emergency": spec.reserved_for_emergency,
        "is_emergency": spec.is_emergency,
        "asserted_number": spec.asserted_number,
        "sources": list(spec.effective_sources),
        "number_format": spec.number_format.value,
        "sends_asserted_identity": spec.sends_asserted_identity,
        "is_foreign": spec.is_foreign,
        "profile": spec.profile,
        "limit_refusal_status": spec.limit_refusal_status,
        "handling": spec.handling.value,
        "enabled": spec.enabled,
    }
