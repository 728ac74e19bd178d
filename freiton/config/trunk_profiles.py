"""Profiles of carriers: one file each, shipped or from the folder that the settings name.

A file says what a trunk writes (`TrunkProfile`), what a new trunk begins with, and where all of it
stands to be read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from freiton.config.problems import ConfigError, Problem, TomlFile, validate
from freiton.config.shipped import shipped
from freiton.config.texts import shaped
from freiton.routing.directory import NumberFormat
from freiton.routing.trunk_profile import (
    EmergencyForm,
    IdentityHeader,
    RedirectionForm,
    RegistrationForm,
    TrunkProfile,
)

PLAIN_PROFILE: Final = "plain"

ProfileName = Annotated[str, shaped(r"[a-z0-9][a-z0-9.-]{0,31}", "the name of a profile")]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkPreset:
    """A profile, and what a new trunk of it begins with where the operator says nothing else."""

    profile: TrunkProfile
    title: str
    transport: str
    number_format: NumberFormat
    is_trusted: bool
    expires_s: int


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Source(_Table):
    """Where something of a profile is to be read; a reading is our understanding, not its text."""

    document: Annotated[str, Field(min_length=1)]
    section: str = ""
    says: Annotated[str, Field(min_length=1)]
    is_reading: bool = False


class _NewTrunk(_Table):
    transport: Literal["udp", "tcp", "tls"]
    number_format: NumberFormat
    trusted: bool
    expires_s: Annotated[int, Field(strict=True, ge=60, le=86_400)]


class _Identity(_Table):
    header: IdentityHeader
    from_assigned: bool
    user_phone: bool
    anonymous_from: bool
    privacy: Literal["id", "user;id", "header;id", "header;user;id"]
    redirection: RedirectionForm


class _Signalling(_Table):
    registration: RegistrationForm
    emergency: EmergencyForm
    early_media_header: bool
    offers_100rel: bool = True
    hears_load: bool = False
    session_expires_s: Annotated[int, Field(strict=True, ge=90, le=86_400)] | None = None
    options_ping_s: Annotated[int, Field(strict=True, ge=0, le=3600)]


class _ProfileFile(_Table):
    title: Annotated[str, Field(min_length=1, max_length=100)]
    sources: Annotated[tuple[_Source, ...], Field(min_length=1)]
    new_trunk: _NewTrunk
    identity: _Identity
    signalling: _Signalling


def read_trunk_presets(folder: Path | None = None) -> Mapping[str, TrunkPreset]:
    """Return the profiles of a folder by name; None is the shipped one. Raises ConfigError.

    The plain profile always exists: every trunk that names none has it.
    """
    presets = {}
    for place in dict.fromkeys((shipped("profiles"), folder or shipped("profiles"))):
        if not place.is_dir():
            raise ConfigError(None, [Problem(f"{place} is no folder", ("profiles", "folder"))])
        for path in sorted(place.glob("*.toml")):
            presets[path.stem] = _preset(path)
    if PLAIN_PROFILE not in presets:
        raise ConfigError(None, [Problem(f"there is no profile {PLAIN_PROFILE}")])
    return MappingProxyType(presets)


def _preset(path: Path) -> TrunkPreset:
    file = TomlFile(path)
    content = validate(_ProfileFile, file.values)
    if not isinstance(content, _ProfileFile):
        raise file.error(content)
    identity, signalling = content.identity, content.signalling
    return TrunkPreset(
        title=content.title,
        transport=content.new_trunk.transport,
        number_format=content.new_trunk.number_format,
        is_trusted=content.new_trunk.trusted,
        expires_s=content.new_trunk.expires_s,
        profile=TrunkProfile(
            name=path.stem,
            user_phone=identity.user_phone,
            identity_header=identity.header,
            from_assigned=identity.from_assigned,
            hides_from=identity.anonymous_from,
            privacy=identity.privacy,
            redirection=identity.redirection,
            emergency=signalling.emergency,
            registration=signalling.registration,
            early_media_header=signalling.early_media_header,
            offers_reliable=signalling.offers_100rel,
            hears_load=signalling.hears_load,
            session_expires_s=signalling.session_expires_s,
            options_ping_s=signalling.options_ping_s,
        ),
    )
