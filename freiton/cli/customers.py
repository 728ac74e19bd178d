"""`freiton customer` and `freiton domain`: tenants, and the domains they live in."""

from typing import Annotated

import typer

from freiton.cli.described import described
from freiton.cli.desk import Desk
from freiton.cli.output import AsJson, print_json, print_table, say
from freiton.config.texts import HostName
from freiton.storage.site.specs import CustomerName, Spec

app = typer.Typer(help="Customers: who signs and gets the bill.", no_args_is_help=True)
domain_app = typer.Typer(help="Domains that the switch answers for.", no_args_is_help=True)


class _CustomerSpec(Spec):
    name: CustomerName


class _DomainSpec(Spec):
    name: HostName


_Name = Annotated[str, typer.Argument(help="The customer's name.")]
_Domain = Annotated[str, typer.Argument(help="The domain, such as phones.example.")]


@app.command("add")
def add_customer(context: typer.Context, name: _Name) -> None:
    """Add a customer.

    Example: freiton customer add "Musterhaus KG"
    """
    spec = described(_CustomerSpec, {"name": name}, options={"name": "NAME"})
    with Desk.of(context).edit() as site:
        site.customers.add(spec.name)
    say(f"Customer {spec.name} added.")


@app.command("list")
def list_customers(context: typer.Context, as_json: AsJson = False) -> None:
    """List the customers with their accounts."""
    directory = Desk.of(context).directory()
    accounts: dict[int, list[str]] = {}
    for account in directory.accounts:
        accounts.setdefault(account.customer_id, []).append(f"{account.name}@{account.domain}")
    found = [(one.name, accounts.get(one.id, [])) for one in directory.customers]
    if as_json:
        print_json([{"name": name, "accounts": names} for name, names in found])
        return
    rows = [(name, ", ".join(names)) for name, names in found]
    print_table(("Customer", "Accounts"), rows, empty="There is no customer yet.")


@app.command("remove")
def remove_customer(context: typer.Context, name: _Name) -> None:
    """Remove a customer that has no account any more."""
    with Desk.of(context).edit() as site:
        site.customers.remove(name)
    say(f"Customer {name} removed.")


@domain_app.command("add")
def add_domain(context: typer.Context, name: _Domain) -> None:
    """Answer for one more domain."""
    spec = described(_DomainSpec, {"name": name}, options={"name": "NAME"})
    with Desk.of(context).edit() as site:
        site.domains.add(spec.name)
    say(f"Domain {spec.name} added.")


@domain_app.command("list")
def list_domains(context: typer.Context, as_json: AsJson = False) -> None:
    """List the domains; the first is the default."""
    directory = Desk.of(context).directory()
    if as_json:
        print_json(directory.domains)
        return
    print_table(("Domain",), [(one,) for one in directory.domains], empty="")


@domain_app.command("remove")
def remove_domain(context: typer.Context, name: _Domain) -> None:
    """Answer no longer for a domain that has no account any more."""
    with Desk.of(context).edit() as site:
        site.domains.remove(name.lower())
    say(f"Domain {name} removed.")
