"""`freiton watcher`, `freiton lamps` and `freiton mailbox`: who sees what of whom."""

from typing import Annotated

import typer

from freiton.cli.accounts import AccountName
from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, counted, print_json, print_table, say
from freiton.routing.directory import Directory
from freiton.routing.watching import WatchedBy

app = typer.Typer(help="Watchers: who may see whose calls and presence.", no_args_is_help=True)
lamps_app = typer.Typer(
    help="Lists of lamps: all keys of a phone in one subscription.", no_args_is_help=True
)
mailbox_app = typer.Typer(help="Mailboxes: how many messages wait.", no_args_is_help=True)

_Watcher = Annotated[str, typer.Argument(help="Who watches: name or name@domain.")]
_ListName = Annotated[str, typer.Argument(help="The list's name; its URI is sip:NAME@domain.")]
_Count = Annotated[int, typer.Argument(min=0, max=1_000_000, help="How many.")]
_Urgent = Annotated[int, typer.Option(min=0, max=1_000_000, help="How many of them are urgent.")]


@app.command("list")
def list_watchers(context: typer.Context, as_json: AsJson = False) -> None:
    """List what was decided about watchers; where nothing was, colleagues may watch each other."""
    directory = Desk.of(context).directory()
    rows: list[tuple[str, str, str]] = []
    for account in directory.accounts:
        kept = directory.watching.settings(account.id)
        title = f"{account.name}@{account.domain}"
        if kept.watched_by is not WatchedBy.COLLEAGUES:
            rows.append((title, "all", "asked for each"))
        if kept.shows_remote:
            rows.append((title, "all", "see with whom"))
    for watched, watcher, is_allowed in directory.watching.verdicts():
        verdict = "allowed" if is_allowed else "denied"
        rows.append((_title(watched, directory), _title(watcher, directory), verdict))
    if as_json:
        names = ("account", "watcher", "verdict")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    print_table(("Account", "Watcher", "Verdict"), rows, empty="Colleagues may watch each other.")


@app.command("allow")
def allow(context: typer.Context, account: AccountName, watcher: _Watcher) -> None:
    """Let an account be watched by another one.

    Example: freiton watcher allow alice bob
    """
    _decide(context, account, watcher, is_allowed=True)
    say(f"{watcher} may watch {account}.")


@app.command("deny")
def deny(context: typer.Context, account: AccountName, watcher: _Watcher) -> None:
    """Keep another account from watching this one; its lamp goes out at once."""
    _decide(context, account, watcher, is_allowed=False)
    say(f"{watcher} may not watch {account}.")


@app.command("forget")
def forget(context: typer.Context, account: AccountName, watcher: _Watcher) -> None:
    """Take back what was decided about a watcher."""
    _decide(context, account, watcher, is_allowed=None)
    say(f"Nothing is decided about {watcher} watching {account}.")


@app.command("rule")
def rule(
    context: typer.Context,
    account: AccountName,
    *,
    watched_by: Annotated[
        WatchedBy | None,
        typer.Option("--by", help="colleagues, or allowed: each one waits for `watcher allow`."),
    ] = None,
    shows_remote: Annotated[
        bool | None,
        typer.Option("--remote/--no-remote", help="Watchers see the number of the other party."),
    ] = None,
) -> None:
    """Say what holds for all who watch an account.

    Example: freiton watcher rule alice --by allowed
    """
    with Desk.of(context).edit() as site:
        site.watching.set(
            site.accounts.get(account), watched_by=watched_by, shows_remote=shows_remote
        )
    say(f"The rule of {account} is set.")


@app.command("subscriptions")
def subscriptions(context: typer.Context, as_json: AsJson = False) -> None:
    """List the subscriptions of a running switch."""
    answer = Desk.of(context).control.call("subscriptions")
    if as_json:
        print_json(answer)
        return
    columns = ("watcher", "event", "resource", "lamps", "state", "expires_s", "phone")
    rows = [tuple(one[column] for column in columns) for one in answer]
    titles = ("Watcher", "Event", "Of", "Lamps", "State", "Expires", "Phone")
    print_table(titles, rows, empty="Nobody watches.")


@lamps_app.command("set")
def set_lamps(
    context: typer.Context,
    account: AccountName,
    name: _ListName,
    members: Annotated[list[str], typer.Argument(help="Whom its lamps show, in their order.")],
) -> None:
    """Make a list of lamps for an account's phones, or replace what it holds.

    Example: freiton lamps set alice team bob carol
    """
    with Desk.of(context).edit() as site:
        owner = site.accounts.get(account)
        site.watching.put_list(owner, name, [site.accounts.get(one) for one in members])
        uri = f"sip:{name}@{owner.domain}"
    say(f"{account} watches {counted(len(members), 'lamp')} at {uri}.")


@lamps_app.command("list")
def list_lamps(context: typer.Context, as_json: AsJson = False) -> None:
    """List the lists of lamps."""
    directory = Desk.of(context).directory()
    found = [
        (
            _title(one.account_id, directory),
            one.name,
            [_title(member, directory) for member in one.members],
        )
        for one in directory.watching.lists
    ]
    if as_json:
        names = ("account", "name", "members")
        print_json([dict(zip(names, row, strict=True)) for row in found])
        return
    rows = [(title, name, ", ".join(members)) for title, name, members in found]
    print_table(("Account", "List", "Lamps"), rows, empty="There is no list yet.")


@lamps_app.command("remove")
def remove_lamps(context: typer.Context, account: AccountName, name: _ListName) -> None:
    """Remove a list of lamps; phones that watch it are told that it is gone."""
    with Desk.of(context).edit() as site:
        site.watching.remove_list(site.accounts.get(account), name)
    say(f"List {name} of {account} removed.")


@mailbox_app.command("set")
def set_mailbox(
    context: typer.Context,
    account: AccountName,
    new: _Count,
    old: _Count = 0,
    *,
    new_urgent: _Urgent = 0,
    old_urgent: _Urgent = 0,
) -> None:
    """Say how many voice messages wait for an account; its phones light their lamp.

    The switch keeps no messages itself: whoever does tells it so. One must run.
    Example: freiton mailbox set alice 2 8
    """
    desk = Desk.of(context)
    owner = desk.account(account, desk.directory())
    desk.control.call(
        "set-mailbox",
        account_id=owner.id,
        new=new,
        old=old,
        new_urgent=new_urgent,
        old_urgent=old_urgent,
    )
    say(f"{counted(new, 'new message')} for {account}.")


def _decide(context: typer.Context, account: str, watcher: str, *, is_allowed: bool | None) -> None:
    with Desk.of(context).edit() as site:
        site.watching.decide(
            site.accounts.get(account), site.accounts.get(watcher), is_allowed=is_allowed
        )


def _title(account_id: int, directory: Directory) -> str:
    account = directory.account(account_id)
    return str(account_id) if account is None else f"{account.name}@{account.domain}"
