"""The structured log: JSON lines on stderr, without a whole telephone number in any of them.

One line tells one call leg or attempt, never one message. Numbers are known to whoever needs them
from the call detail records; a log is read by many, kept long and sent far, so every run of
digits that could be a telephone number loses its last three (§ 3 TDDDG: also failed attempts are
under the secrecy of telecommunications).
"""

import logging
import re
import sys
from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address
from typing import Final, TextIO
from urllib.parse import unquote

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

UNMASKED_KEYS: Final = frozenset({"timestamp", "level", "call"})
"""Values that we made ourselves and that must stay whole to be of use: `call` is our call id."""

HIDDEN_DIGITS: Final = 3

TEXT_MAX: Final = 8_192
"""Characters of one value; a peer does not decide how long our lines are."""

# Six digits or more, with the separators that people and RFC 3966 §5.1.1 put between them.
# Service numbers and short dialling are shorter and name nobody.
_NUMBER: Final = re.compile(r"\d(?:[-./()\s]{0,3}\d){5,}")


def open_log(level: str, *, stream: TextIO | None = None) -> FilteringBoundLogger:
    """Return a log that writes lines of at least this level: debug, info, warning or error."""
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(stream or sys.stderr),
        processors=(*_shared_processors(), structlog.processors.JSONRenderer()),
        wrapper_class=structlog.make_filtering_bound_logger(_level_number(level)),
        cache_logger_on_first_use=True,
    )
    return logger


def adopt_library_logs(level: str, *, stream: TextIO | None = None) -> None:
    """Write what asyncio, aiohttp and others log in the same form to the same place.

    Their debug lines are none of an operator's business: info is the least level here.
    """
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *_shared_processors(),
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(
        handlers=[handler], level=max(logging.INFO, _level_number(level)), force=True
    )


def mask_numbers(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """Hide the last digits of every number in a line, wherever it stands; a processor."""
    return {
        _masked_text(str(key)): value if key in UNMASKED_KEYS else _masked(value)
        for key, value in event_dict.items()
    }


def mask_number(text: str) -> str:
    """Return the text with the last three digits of every number in it hidden."""
    return _masked_text(text)


def _shared_processors() -> tuple[Processor, ...]:
    return (
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        mask_numbers,
    )


def _level_number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]


def _masked(value: object) -> object:
    """Mask text at any depth; what is neither plain nor a container is written as text first."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return _masked_text(value)
    if isinstance(value, Mapping):
        return {_masked_text(str(key)): _masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(inner) for inner in value]
    return _masked_text(repr(value))


def _masked_text(text: str) -> str:
    text = text[:TEXT_MAX]
    if "%" in text:  # a URI may have its digits percent-encoded
        text = unquote(text)
    return _NUMBER.sub(_hide_end, text)


def _hide_end(match: re.Match[str]) -> str:
    found = match[0]
    if _is_ip_address(found):
        return found
    kept = list(found)
    digits = [place for place, character in enumerate(kept) if character.isdecimal()]
    for place in digits[-HIDDEN_DIGITS:]:
        kept[place] = "*"
    return "".join(kept)


def _is_ip_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True
