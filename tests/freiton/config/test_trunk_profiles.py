"""Profiles of carriers as data: the shipped ones are whole, a wrong one is named by its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from freiton.config import ConfigError
from freiton.config.shipped import shipped
from freiton.config.trunk_profiles import read_trunk_presets
from freiton.routing.trunk_profile import PLAIN, RegistrationForm

SHIPPED = ["plain", "plusnet", "sipconnect-2.0", "telekom-1tr118", "telekom-1tr119"]


def test_every_shipped_profile_can_be_read() -> None:
    presets = read_trunk_presets()
    assert sorted(presets) == SHIPPED
    assert all(name == one.profile.name for name, one in presets.items())
    assert presets["plain"].profile == PLAIN
    assert not presets["plain"].is_trusted
    assert presets["sipconnect-2.0"].profile.registration is RegistrationForm.GIN


def test_a_profile_of_ones_own_comes_before_the_shipped_one(tmp_path: Path) -> None:
    text = (shipped("profiles") / "plusnet.toml").read_text()
    (tmp_path / "plusnet.toml").write_text(text.replace('"diversion"', '"both"'))
    (tmp_path / "mine.toml").write_text(text)
    presets = read_trunk_presets(tmp_path)
    assert sorted(presets) == sorted([*SHIPPED, "mine"])
    assert presets["plusnet"].profile.redirection == "both"
    assert presets["mine"].profile.name == "mine"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"diversion"', '"somehow"', "identity.redirection"),
        ("user_phone = true", "user_fone = true", "there is no such setting"),
        ("options_ping_s = 60", "options_ping_s = -1", "options_ping_s"),
        ("[[sources]]", "[[sorces]]", "sources"),
    ],
)
def test_a_wrong_profile_is_named(tmp_path: Path, old: str, new: str, why: str) -> None:
    text = (shipped("profiles") / "plusnet.toml").read_text()
    assert old in text
    (tmp_path / "mine.toml").write_text(text.replace(old, new))
    with pytest.raises(ConfigError, match=why) as raised:
        read_trunk_presets(tmp_path)
    assert "mine.toml" in str(raised.value)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no folder"):
        read_trunk_presets(tmp_path / "nowhere")
