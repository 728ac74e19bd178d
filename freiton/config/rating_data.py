"""Price lists and number tables from the folders that the settings name."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

from freiton.config.problems import ConfigError, Problem
from freiton.config.settings import Config
from freiton.config.shipped import shipped
from rating.charges import ChargeBook, load_charges
from rating.errors import DataError
from rating.numbering import Numbering, load_numbering
from rating.pricing import Tariffs, load_tariffs

_Data = TypeVar("_Data")

_SUFFIXES: Final = frozenset({".csv", ".toml"})
_FILE_BYTES_MAX: Final = 32 * 1024 * 1024  # a prefix table of the whole world has about one


def read_tariffs(config: Config) -> Tariffs:
    """Return all price lists; raises ConfigError with every problem in them."""
    folder = config.tariff.folder or shipped("tariffs")
    tariffs = _loaded(folder, load_tariffs)
    provider = config.tariff.provider
    if provider not in tariffs.plans:
        known = ", ".join(sorted(tariffs.plans))
        message = f"there is no tariff of provider {provider} in {folder}; known: {known}"
        raise ConfigError(None, [Problem(message, ("tariff", "provider"))])
    return tariffs


def read_charges(config: Config, tariffs: Tariffs) -> Mapping[str, ChargeBook]:
    """Return the charges that are no calls by provider; raises ConfigError."""
    folder = config.tariff.folder or shipped("tariffs")
    return _loaded(folder, lambda files: load_charges(files, tariffs))


def read_numbering(config: Config) -> Numbering:
    """Return the number table of the chosen version; raises ConfigError with every problem."""
    folder = config.numbering.folder or shipped("numbering")
    version = config.numbering.version
    return _loaded(folder, lambda files: load_numbering(files, version=version))


def _loaded(folder: Path, load: Callable[[dict[str, str]], _Data]) -> _Data:
    try:
        return load(read_texts(folder))
    except DataError as error:
        raise ConfigError(folder, [Problem(str(one)) for one in error.problems]) from error


def read_texts(folder: Path) -> dict[str, str]:
    """Return the texts of a folder by their relative paths; raises ConfigError."""
    if not folder.is_dir():
        raise ConfigError(None, [Problem(f"{folder} is no folder")])
    texts = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix not in _SUFFIXES or not path.is_file():
            continue
        if path.stat().st_size > _FILE_BYTES_MAX:
            raise ConfigError(path, [Problem(f"is larger than {_FILE_BYTES_MAX} bytes")])
        try:
            texts[str(path.relative_to(folder))] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ConfigError(path, [Problem("is not UTF-8 text")]) from error
    return texts
