"""`freiton run`: the switch itself, in the foreground."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from freiton.cli.desk import Desk
from freiton.cli.output import say
from freiton.cli.site import put_site
from freiton.cli.softphone import registrars
from freiton.config import Config, HostPort, shipped
from freiton.errors import OperatorError
from freiton.logs import adopt_library_logs, open_log
from freiton.running_switch import RunningSwitch


def _host_port(text: str) -> HostPort:
    try:
        return HostPort.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def run(
    context: typer.Context,
    sip: Annotated[
        HostPort | None,
        typer.Option(
            help="Address of every SIP listener, such as 127.0.0.1:5060.",
            metavar="ADDRESS:PORT",
            envvar="FREITON_SIP",
            parser=_host_port,
        ),
    ] = None,
    http: Annotated[
        HostPort | None,
        typer.Option(
            help="Address of health and metrics.",
            metavar="ADDRESS:PORT",
            envvar="FREITON_HTTP",
            parser=_host_port,
        ),
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    demo_site: Annotated[
        bool,
        typer.Option(help="Put the demo site in place when the state folder is new."),
    ] = True,
) -> None:
    """Start the switch.

    Ctrl-C or SIGTERM ends it, a second one at once, SIGHUP takes over site, price lists and number
    table anew. Several switches run side by side with
    different --state, --sip and --http.
    Example: freiton --state /tmp/second run --sip 127.0.0.1:5070 --http 127.0.0.1:8090
    """
    desk = Desk.of(context)
    config = desk.load_config(sip=sip, http=http, log_level=log_level)
    if demo_site and not (config.state_folder / "site.db").exists():
        say("A new state folder: the demo site is put in place.")
        put_site(desk, shipped("demo", "site.toml"), config)
    uvloop.run(serve(config))


async def serve(config: Config) -> None:
    """Run one switch until it is told to end."""
    log = open_log(config.log.level)
    adopt_library_logs(config.log.level)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    switch = RunningSwitch(config, log)
    await switch.start()

    def reload() -> None:
        try:
            switch.reload()
        except OperatorError as error:
            log.warning("not reloaded, the former site stays in force", reason=str(error))
        else:
            log.info("reloaded")

    def end() -> None:
        if ended.is_set():
            switch.hurry()
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    loop.add_signal_handler(signal.SIGHUP, reload)
    for transport, address in registrars(config):
        say(f"SIP on {address} ({transport})")
    say(f"Health and metrics on http://{config.http.listen}/")
    log.info("ready", state_folder=_shown(config.state_folder))
    await ended.wait()
    log.info("ending", deadline_s=config.shutdown.deadline_s)
    await switch.drain(config.shutdown.deadline_s)
    await switch.stop()
    log.info("ended")


def _shown(folder: Path) -> str:
    return folder.name
