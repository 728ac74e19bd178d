"""`freiton site`: a whole site from one file."""

from pathlib import Path
from typing import Annotated

import typer

from freiton.cli.desk import Desk
from freiton.cli.output import say
from freiton.cli.softphone import show_passwords
from freiton.config import Config, shipped
from freiton.storage.site.site_file import ImportReport, import_site

app = typer.Typer(help="The whole site in one file.", no_args_is_help=True)


@app.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="A site file (TOML); the demo site if left out.")
    ] = None,
) -> None:
    """Put a site in place as a file says.

    All of it, or nothing and every problem with its line. It may
    be imported again and again; what the file does not name stays as it is.
    Example: freiton site import config/demo/site.toml
    """
    desk = Desk.of(context)
    put_site(desk, file or shipped("demo", "site.toml"), desk.config)


def put_site(desk: Desk, file: Path, config: Config) -> ImportReport:
    """Import a site file and show the passwords that were made, for a switch so configured."""
    edit = desk.edit if desk.has_site else desk.edit_of_new_site
    with edit() as site:
        report = import_site(file, site)
    made = ", ".join(f"{count} {kind}" + "s" * (count > 1) for kind, count in report.new.items())
    say(f"Imported {file}: {made or 'nothing'} new.")
    show_passwords(report.passwords, config)
    return report
