"""The data that comes with the switch: default settings, demo site, price lists, numbering.

In the repository this data stands in `config/`; `freiton/data` is a link to it, which becomes a
real folder when the package is built, so that one path serves both.
"""

from pathlib import Path

_DATA = Path(__file__).resolve().parent.parent / "data"


def shipped(*parts: str) -> Path:
    """Return the path of a shipped file or folder, such as `shipped("default.toml")`."""
    return _DATA.joinpath(*parts)
