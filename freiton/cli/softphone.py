"""What must be typed into a phone, shown in the one moment when a new password is known."""

from collections.abc import Sequence

from freiton.cli.output import print_table, say
from freiton.config import Config, HostPort
from freiton.config.reachable import reachable
from freiton.storage.site.devices import IssuedPassword


def show_passwords(issued: Sequence[IssuedPassword], config: Config) -> None:
    """Print passwords that will not be shown again, and where to register with them."""
    if not issued:
        return
    print_table(
        ("Account", "User", "Password", "Domain"),
        [(one.account, one.user, one.password, one.realm) for one in issued],
        empty="",
    )
    say("")
    say("Type user, password and domain into the phone; if the domain has no entry in the DNS,")
    say("give one of these as its proxy or registrar. Passwords are not shown again.")
    for listener, address in registrars(config):
        say(f"  {address} ({listener})")


def registrars(config: Config) -> list[tuple[str, HostPort]]:
    """Return transport and address of each listener as a phone can reach it."""
    return [
        (one.transport.upper(), one.advertise or reachable(one.listen)) for one in config.listeners
    ]
