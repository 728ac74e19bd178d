"""`freiton check-config`: whether the switch can be started with what it is given."""

import typer

from freiton.calls.subscriptions import check_bookings
from freiton.cli.desk import Desk
from freiton.cli.output import say
from freiton.config import Config, ConfigError, Problem
from freiton.config.rating_data import read_charges
from freiton.listening import certificate_problems
from freiton.routing.directory import Directory
from freiton.routing.uncharged import charged_neighbours


def check_config(context: typer.Context) -> None:
    """Check settings, prices and site.

    Starts nothing; every problem is named with its line.

    Example: freiton --config freiton.toml check-config
    """
    desk = Desk.of(context)
    config = desk.config
    for listener in config.listeners:
        advertised = f", as {listener.advertise}" if listener.advertise else ""
        say(f"{listener.name}: {listener.transport} {listener.listen}{advertised}")
    problems = [Problem(one) for one in certificate_problems(config)]
    if problems:
        raise ConfigError(None, problems)
    say(f"http: {config.http.listen}")
    say(f"domains: {', '.join(config.domains)}")
    say(f"state folder: {config.state_folder}")
    for provider, tariff in sorted(desk.tariffs.plans.items()):
        lists = ", ".join(f"{one.id} {one.version}" for one in tariff.price_lists)
        default = ", the default" if provider == config.tariff.provider else ""
        say(f"tariff: {tariff.name} ({lists}){default}")
    read_charges(config, desk.tariffs)
    say(f"numbering: {desk.numbering.version}")
    say(f"profiles of carriers: {', '.join(desk.presets)}")
    if desk.has_site:
        directory = desk.directory()
        _check_listeners_of_trunks(config, directory)
        _check_neighbours(directory)
        check_bookings(directory, desk.tariffs)
        say(f"site: {len(directory.accounts)} accounts, {len(directory.trunks)} trunks")
    say("All is well.")


def _check_listeners_of_trunks(config: Config, directory: Directory) -> None:
    listeners = {one.name: one for one in config.listeners}
    problems = []
    for trunk in directory.trunks:
        listener = listeners.get(trunk.listener)
        if listener is None:
            problems.append(Problem(f"trunk {trunk.name}: there is no listener {trunk.listener}"))
        elif listener.transport != trunk.transport:
            problems.append(
                Problem(f"trunk {trunk.name}: listener {trunk.listener} is not {trunk.transport}")
            )
    if problems:
        raise ConfigError(None, problems)


def _check_neighbours(directory: Directory) -> None:
    problems = [
        Problem(f"trunk {trunk.name}: {why}") for trunk, why in charged_neighbours(directory)
    ]
    if problems:
        raise ConfigError(None, problems)
