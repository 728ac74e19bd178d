"""How a command fails: one sentence on stderr, exit status 1, and never a traceback."""

import os
import sys
from typing import Any, Final

import typer
from typer.core import TyperGroup

from freiton.errors import OperatorError

DEBUG: Final = "FREITON_DEBUG"
"""An environment variable; when set, a fault of Freiton itself shows where it happened."""


class OneSentenceGroup(TyperGroup):
    """The root command; what the operator can put right becomes a sentence."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - the signature is Typer's
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except OperatorError as error:
            complain(str(error))
        except BrokenPipeError:
            # The reader of a pipe has had enough; nobody is left to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except OSError as error:
            complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        raise typer.Exit(1)


def complain(sentence: str) -> None:
    """Say on stderr what went wrong."""
    typer.echo(f"freiton: {sentence}", err=True)
