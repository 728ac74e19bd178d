"""From a settings file to the frozen configuration, whole or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from freiton.config.host_port import HostPort
from freiton.config.machine_addresses import machine_addresses
from freiton.config.problems import TomlFile, validate
from freiton.config.settings import Config, contradictions
from freiton.config.shipped import shipped

_PATHS: Final = frozenset({"folder", "ca_file", "certificate", "client_ca_file", "private_key"})
"""Settings that are paths, and start at the folder of the file they stand in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What the command line or the environment puts over the file.

    `sip` is the address of every listener but those for WebSocket, `http` that of the health and
    metrics socket.
    """

    state_folder: Path | None = None
    sip: HostPort | None = None
    http: HostPort | None = None
    log_level: str | None = None


def load_config(path: Path | None = None, overrides: Overrides | None = None) -> Config:
    """Return the settings of a file over the shipped defaults; raises ConfigError."""
    defaults = TomlFile(shipped("default.toml"))
    site = defaults if path is None else TomlFile(path)
    folder = Path.cwd() if path is None else path.resolve().parent
    values = _merged(defaults.values, site.values)
    _place(values, folder, overrides or Overrides())
    config = validate(Config, values)
    if not isinstance(config, Config):
        raise site.error(config)
    if problems := tuple(contradictions(config)):
        raise site.error(problems)
    return config.model_copy(update={"local_hosts": _local_hosts(config)})


def _local_hosts(config: Config) -> tuple[str, ...]:
    """Add what a listener on every address is reached at."""
    families = {one.listen.is_ipv6 for one in config.listeners if one.listen.is_wildcard}
    found = (host for is_ipv6 in sorted(families) for host in machine_addresses(is_ipv6=is_ipv6))
    return tuple(dict.fromkeys((*config.local_hosts, *found)))


def _merged(under: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    merged = dict(under)
    for key, value in over.items():
        below = under.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(below, value)
        else:
            merged[key] = value
    return merged


def _place(values: dict[str, object], folder: Path, overrides: Overrides) -> None:
    """Anchor relative paths and put the overrides in."""
    if isinstance(values["state_folder"], str):
        values["state_folder"] = folder / values["state_folder"]
    if overrides.state_folder is not None:
        values["state_folder"] = overrides.state_folder.absolute()
    for section in ("tariff", "numbering", "profiles", "tls"):
        table = values[section]
        if isinstance(table, Mapping):
            values[section] = {key: _anchored(key, value, folder) for key, value in table.items()}
    if overrides.http is not None:
        values["http"] = {"listen": overrides.http}
    if overrides.log_level is not None:
        values["log"] = {"level": overrides.log_level}
    listeners = values["listeners"]
    if isinstance(listeners, list):
        values["listeners"] = [
            _placed(one, folder, overrides.sip) if isinstance(one, Mapping) else one
            for one in listeners
        ]


def _placed(
    listener: Mapping[str, object], folder: Path, sip: HostPort | None
) -> dict[str, object]:
    """Anchor the files of a listener, and put the address of the command line in its place.

    TLS takes the port behind it, as 5061 is behind 5060; WebSocket has ports of its own.
    """
    placed = {key: _anchored(key, value, folder) for key, value in listener.items()}
    transport = listener.get("transport")
    if sip is None or transport in ("ws", "wss"):
        return placed
    port = sip.port + (1 if transport == "tls" and sip.port else 0)
    return {**placed, "listen": HostPort(sip.host, port)}


def _anchored(key: str, value: object, folder: Path) -> object:
    if value == "":
        return None
    return folder / value if key in _PATHS and isinstance(value, str) else value
