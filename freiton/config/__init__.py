"""Settings of one switch: TOML over the shipped defaults, checked whole, then frozen."""

from freiton.config.host_port import HostPort
from freiton.config.load import Overrides, load_config
from freiton.config.problems import ConfigError, Problem
from freiton.config.settings import Config
from freiton.config.shipped import shipped

__all__ = ["Config", "ConfigError", "HostPort", "Overrides", "Problem", "load_config", "shipped"]
