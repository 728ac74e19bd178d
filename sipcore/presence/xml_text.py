"""Text inside XML that we write (XML 1.0 §2.2, §2.4): nothing of it can become markup."""

from __future__ import annotations

import re
from typing import Final

# What is no Char of XML 1.0, lone surrogates among it, has no way to be written at all.
_NO_CHAR: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES: Final = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "'": "&apos;",
        # A reader makes blanks of these inside an attribute, unless they are written so.
        "\t": "&#9;",
        "\n": "&#10;",
        "\r": "&#13;",
    }
)

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


def escape(text: str) -> str:
    """Return text as it may stand in content and in quoted attributes."""
    return _NO_CHAR.sub("\ufffd", text).translate(_ESCAPES)
