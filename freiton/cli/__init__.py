"""The operator's command line.

One module per command or group of commands, each with its own Typer application or function;
this file only lists them. Commands that change the site tell a running switch to reload and wait
for its answer, so a change holds from the next call on.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from freiton.cli import (
    accounts,
    calls,
    cdr,
    charge,
    check_config,
    customers,
    demo,
    devices,
    explain,
    ledger,
    numbers,
    options,
    plans,
    quote,
    rate,
    reload,
    replay,
    rerate,
    run,
    simulate,
    site,
    sources,
    status,
    tariff,
    top_up,
    trace,
    trunks,
    watchers,
    why,
)
from freiton.cli.desk import Desk
from freiton.cli.errors import DEBUG, OneSentenceGroup, complain

app = typer.Typer(
    name="freiton",
    help="A telephone switch with a price tag.",
    cls=OneSentenceGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

app.command("run")(run.run)
app.command("demo")(demo.demo)
app.command("check-config")(check_config.check_config)
app.command("quote")(quote.quote)
app.command("rate")(rate.rate)
app.command("charge")(charge.charge)
app.command("explain")(explain.explain_call)
app.command("rerate")(rerate.rerate_calls)
app.command("simulate")(simulate.simulate_calls)
app.command("status")(status.status)
app.command("reload")(reload.reload)
app.command("top-up")(top_up.top_up)
app.command("calls")(calls.calls)
app.command("trace")(trace.trace_call)
app.command("replay")(replay.replay_call)
app.command("why")(why.why_call)
app.add_typer(cdr.app, name="cdr")
app.add_typer(ledger.app, name="ledger")
app.add_typer(site.app, name="site")
app.add_typer(customers.app, name="customer")
app.add_typer(customers.domain_app, name="domain")
app.add_typer(accounts.app, name="account")
app.add_typer(devices.app, name="device")
app.add_typer(numbers.app, name="number")
app.add_typer(numbers.block_app, name="block")
app.add_typer(plans.app, name="plan")
app.add_typer(options.app, name="option")
app.add_typer(options.flatrate_app, name="flatrate")
app.add_typer(trunks.app, name="trunk")
app.add_typer(watchers.app, name="watcher")
app.add_typer(watchers.lamps_app, name="lamps")
app.add_typer(watchers.mailbox_app, name="mailbox")
app.add_typer(tariff.app, name="tariff")
app.add_typer(sources.app, name="source")


@app.callback()
def root(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", envvar="FREITON_CONFIG", help="Settings file (TOML)."),
    ] = None,
    state_folder: Annotated[
        Path | None,
        typer.Option(
            "--state", "-s", envvar="FREITON_STATE_FOLDER", help="State folder, over the settings."
        ),
    ] = None,
) -> None:
    """Take the options that hold for every command."""
    context.obj = Desk(config, state_folder)


def main() -> None:
    """Run the command line."""
    try:
        app()
    except Exception as error:
        if DEBUG in os.environ:
            raise
        kind = type(error).__name__
        complain(f"{kind}: {error}; this is a fault of Freiton, {DEBUG}=1 shows where")
        raise SystemExit(1) from None
