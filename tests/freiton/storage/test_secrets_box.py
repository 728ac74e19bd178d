"""The key of the site's secrets."""

from pathlib import Path

import pytest

from freiton.storage.secrets_box import SecretsBox, SecretsError


def test_what_was_encrypted_is_read_again(tmp_path: Path) -> None:
    stored = SecretsBox.create(tmp_path / "key").encrypt("grün, 日本")
    assert SecretsBox.open(tmp_path / "key").decrypt(stored) == "grün, 日本"


def test_a_key_is_never_replaced(tmp_path: Path) -> None:
    SecretsBox.create(tmp_path / "key")
    with pytest.raises(SecretsError, match="key cannot be made: File exists"):
        SecretsBox.create(tmp_path / "key")


def test_a_missing_key_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SecretsError, match="key cannot be read: No such file"):
        SecretsBox.open(tmp_path / "key")


def test_a_file_without_a_key_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("no key")
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(SecretsError, match="does not hold a key"):
        SecretsBox.open(tmp_path / "key")


@pytest.mark.parametrize("change", [slice(0, 10), slice(0, -1)])
def test_damaged_secrets_are_noticed(tmp_path: Path, change: slice) -> None:
    box = SecretsBox.create(tmp_path / "key")
    with pytest.raises(SecretsError, match="is not the key"):
        box.decrypt(box.encrypt("secret")[change])
