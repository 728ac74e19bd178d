"""The SQLite file of the site: opened, brought up to date, and changed whole or not at all."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm import Session

from freiton.errors import OperatorError
from freiton.storage.schema import SCHEMA_VERSION

_BUSY_S: Final = 10  # a change of the site takes milliseconds, an import of thousands a second
_MIGRATIONS: Final = Path(__file__).parent / "migrations"


class SiteError(OperatorError):
    """A change that the site's rules forbid, or a site file that cannot be used.

    `field` is the name of the value that is wrong, when one is.
    """

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class SiteDatabase:
    """One file; every transaction has it alone, so that what was checked is still so at commit."""

    def __init__(self, path: Path, *, provider: str) -> None:
        """Open the file, make it where it is missing and migrate it; raises SiteError.

        `provider` is whose options a site from before there were several has booked.
        """
        self._path = path
        _make_private(path)
        self._engine = _engine(path)
        with self._reported():
            _migrate(self._engine, path, provider=provider)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Commit what was done in the block; any exception undoes all of it."""
        with self._reported(), Session(self._engine) as session, session.begin():
            yield session

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError as error:
            raise SiteError(
                f"{self._path}: the change contradicts the site: {error.orig}"
            ) from error
        except DatabaseError as error:
            raise SiteError(f"{self._path}: {error.orig}") from error


def _make_private(path: Path) -> None:
    """Make the file before SQLite does, so that it is never open to others."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise SiteError(f"{path} cannot be opened: {error.strerror}") from error


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": _BUSY_S})

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # sqlite3 starts no transactions of its own; we do
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _migrate(engine: Engine, path: Path, *, provider: str) -> None:
    with engine.begin() as connection:
        version = _version(connection)
        if version == SCHEMA_VERSION:
            return
        if version > SCHEMA_VERSION:
            raise SiteError(f"{path} was made by a newer version of Freiton (schema {version})")
        # Most commands find the schema up to date; Alembic is a third of a second of imports.
        from alembic import command  # noqa: PLC0415
        from alembic.config import Config  # noqa: PLC0415

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        config.attributes.update(connection=connection, provider=provider)
        command.upgrade(config, "head")


def _version(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    version = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return str(version or "")
