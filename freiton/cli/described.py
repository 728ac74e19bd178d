"""From command line options to a checked description; a wrong value is named by its option."""

from collections.abc import Mapping
from typing import TypeVar

import typer

from freiton.config.problems import validate
from freiton.storage.site.specs import Spec

_Spec = TypeVar("_Spec", bound=Spec)


def described(
    model: type[_Spec], given: Mapping[str, object], *, options: Mapping[str, str] | None = None
) -> _Spec:
    """Return the description made of what was given; None and an empty list mean nothing.

    `options` names fields whose option or argument is called otherwise.
    """
    values = {field: value for field, value in given.items() if value not in (None, [], {}, ())}
    checked = validate(model, values)
    if not isinstance(checked, tuple):
        return checked
    problem = checked[0]
    field = str(problem.location[0]) if problem.location else ""
    name = (options or {}).get(field) or f"--{field.replace('_', '-')}"
    raise typer.BadParameter(problem.message, param_hint=name if field else None)
