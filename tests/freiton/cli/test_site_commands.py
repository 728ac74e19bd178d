"""Commands that change and show the site, as an operator types them."""

import re
from pathlib import Path

import pytest

from freiton.storage.site_store import SiteStore
from tests.freiton.cli.conftest import Freiton, RunningSwitch

NOT_RUNNING = "No switch is running; the change holds from its next start.\n"


def add_alice(freiton: Freiton, *options: str) -> None:
    freiton("account", "add", "alice", "--area-code", "30", "--number", "+4930123456", *options)


def test_an_account_is_added_shown_changed_and_removed(freiton: Freiton) -> None:
    made = freiton(
        *("account", "add", "alice", "--area-code", "30", "--prepaid"),
        *("--number", "+49 30 123456", "--number", "+4930123457", "--main-number", "+4930123457"),
        *("--daily-limit", "7.5", "--short-number", "12=030998877"),
        *("--algorithm", "SHA-256", "--algorithm", "MD5", "--language", "en"),
    )
    assert made.out == "Account alice@freiton.internal added.\n"
    assert made.err == NOT_RUNNING
    freiton("account", "change", "alice", "--clir", "--no-premium", "--disabled")
    shown = freiton("account", "show", "alice", "--json").json
    assert shown == {
        "id": 1,
        "name": "alice",
        "domain": "freiton.internal",
        "customer": "default",
        "kind": "phone",
        "country_code": "49",
        "area_code": "30",
        "main_number": "+4930123457",
        "numbers": ["+4930123456", "+4930123457"],
        "blocks": [],
        "devices": [],
        "plan": "tgnet/account",
        "options": [],
        "charging": "prepaid",
        "daily_limit_micros": 7_500_000,
        "premium_allowed": False,
        "non_eu_allowed": False,
        "clir": True,
        "rejects_anonymous": False,
        "is_call_centre": False,
        "channels": None,
        "contacts_max": 10,
        "short_numbers": {"12": "030998877"},
        "algorithms": ["SHA-256", "MD5"],
        "ring_s": 60,
        "language": "en",
        "enabled": False,
    }
    assert "7.50 €" in freiton("account", "show", "+4930123456").out
    assert "alice@freiton.internal  phone" in freiton("account", "list").out
    freiton("account", "remove", "alice")
    assert freiton("account", "list").out == "There is no account yet.\n"


def test_a_devices_password_is_shown_once(freiton: Freiton) -> None:
    add_alice(freiton)
    made = freiton("device", "add", "alice", "--user", "alice-desk").out
    passwords = re.findall(r"\b[a-z2-9]{20}\b", made)
    assert len(passwords) == 1
    assert "freiton.internal" in made
    assert re.search(r":5060 \(UDP\)", made)
    listed = freiton("device", "list", "alice").out
    assert "alice-desk" in listed
    assert passwords[0] not in listed
    renewed = freiton("device", "password", "alice-desk").out
    assert re.findall(r"\b[a-z2-9]{20}\b", renewed) not in ([], passwords)


def test_a_given_password_is_not_repeated(freiton: Freiton) -> None:
    add_alice(freiton)
    made = freiton("device", "add", "alice", "--user", "a-1", "--password", "my-own-password").out
    assert made == "Device a-1 added to alice.\n"
    assert freiton("device", "list", "--json").json == [
        {
            "user": "a-1",
            "realm": "freiton.internal",
            "account": "alice@freiton.internal",
            "origin": "voip",
            "enabled": True,
        }
    ]
    freiton("device", "remove", "a-1")
    assert freiton("device", "list").out == "There is no device yet.\n"


def test_numbers_and_blocks(freiton: Freiton) -> None:
    freiton("account", "add", "pbx", "--kind", "pbx", "--channels", "4")
    freiton("number", "add", "pbx", "+49 30 999 999")
    freiton("block", "add", "pbx", "+4940200", "--digits", "2")
    assert freiton("number", "list", "--json").json == [
        {"number": "+4930999999", "account": "pbx@freiton.internal"}
    ]
    assert freiton("block", "list", "--json").json == [
        {"prefix": "+4940200", "digits": 2, "account": "pbx@freiton.internal"}
    ]
    freiton("number", "remove", "+4930999999")
    freiton("block", "remove", "+4940200")
    assert freiton("number", "list").out == "There is no number yet.\n"
    assert freiton("block", "list").out == "There is no block yet.\n"


def test_flatrates_and_options(freiton: Freiton) -> None:
    add_alice(freiton)
    assert (
        freiton("flatrate", "add", "alice", "--count", "2").out == "alice now has 2 of FLAT.DE.\n"
    )
    assert freiton("flatrate", "remove", "alice").out == "alice now has 1 of FLAT.DE.\n"
    freiton("option", "add", "alice", "PLUS", "--ordered-on", "2026-03-10")
    booked = freiton("option", "list", "--json").json
    assert [(one["option"], one["count"]) for one in booked] == [
        ("FLAT.DE", 1),
        ("FLAT.DE", 1),
        ("PLUS", 1),
    ]
    assert booked[2]["ordered_on"] == "2026-03-10"
    assert len(freiton("flatrate", "list", "--json").json) == 2
    freiton("option", "remove", "alice", "PLUS", "--on", "2199-01-01")
    assert freiton("option", "list", "--json").json[2]["valid_to"] == "2199-01-01"


@pytest.mark.parametrize("command", ["option", "flatrate"])
def test_a_booking_that_ended_on_its_first_day_is_listed_for_programs_only(
    freiton: Freiton, command: str
) -> None:
    add_alice(freiton)
    freiton("flatrate", "add", "alice", "--count", "2")
    freiton("flatrate", "remove", "alice")
    assert [one["count"] for one in freiton(command, "list", "--json").json] == [1, 1]
    assert freiton(command, "list").out.count("FLAT.DE") == 1
    freiton("flatrate", "remove", "alice")
    assert freiton(command, "list").out == "Nothing is booked.\n"


def test_trunks(freiton: Freiton) -> None:
    freiton("trunk", "add", "carrier1", "--host", "127.0.0.1:5070", "--priority", "10")
    freiton(
        *("trunk", "add", "carrier2", "--host", "sip.carrier.example", "--username", "u-1"),
        *("--secret", "trunk-secret", "--emergency", "--reserved-for-emergency", "2"),
        *("--source", "192.0.2.0/24", "--trusted", "--priority", "20"),
    )
    freiton("trunk", "change", "carrier1", "--weight", "3", "--disabled")
    first, second = freiton("trunk", "list", "--json").json
    assert (first["name"], first["kind"], first["sources"]) == (
        "carrier2",
        "registration",
        ["192.0.2.0/24"],
    )
    assert (first["reserved_for_emergency"], first["is_emergency"]) == (2, True)
    assert (second["name"], second["weight"], second["enabled"]) == ("carrier1", 3, False)
    assert second["sources"] == ["127.0.0.1:5070"]
    listed = freiton("trunk", "list").out
    assert "127.0.0.1:5070/udp" in listed
    assert "trunk-secret" not in listed
    freiton("trunk", "remove", "carrier1")
    freiton("trunk", "remove", "carrier2")
    assert freiton("trunk", "list").out == "There is no trunk yet.\n"


def test_customers_and_domains(freiton: Freiton) -> None:
    freiton("customer", "add", "Musterhaus KG")
    freiton("domain", "add", "Two.Example")
    freiton("account", "add", "anna@two.example", "--customer", "Musterhaus KG")
    assert freiton("customer", "list", "--json").json == [
        {"name": "Musterhaus KG", "accounts": ["anna@two.example"]}
    ]
    assert freiton("domain", "list", "--json").json == ["freiton.internal", "two.example"]
    freiton("account", "remove", "anna@two.example")
    freiton("customer", "remove", "Musterhaus KG")
    freiton("domain", "remove", "two.example")
    assert freiton("customer", "list").out == "There is no customer yet.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["account", "add", "alice"], "account alice@freiton.internal exists already"),
        (["account", "show", "bob"], "there is no account bob"),
        (["account", "change", "bob"], "there is no account bob in domain freiton.internal"),
        (["account", "add", "bob", "--number", "+4930123456"], "+4930123456 belongs to account"),
        (["device", "add", "bob", "--user", "b"], "there is no account bob"),
        (["flatrate", "remove", "alice"], "alice has only 0 of FLAT.DE"),
        (
            ["option", "add", "alice", "plus"],
            "tgnet has no option plus; its options: FLAT.DE, PLUS",
        ),
        (["trunk", "change", "none", "--weight", "2"], "there is no trunk none"),
        (["domain", "remove", "freiton.internal"], "stands in the settings file"),
    ],
)
def test_a_refusal_is_one_sentence(freiton: Freiton, arguments: list[str], message: str) -> None:
    add_alice(freiton)
    refused = freiton(*arguments, status=1)
    assert refused.err.startswith("freiton: ")
    assert message in refused.err
    assert refused.err.count("\n") == 1
    assert refused.out == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["account", "add", "Alice"], "Invalid value for ACCOUNT: 'Alice' should be a name"),
        (["account", "add", "a", "--area-code", "030"], "Invalid value for --area-code: '030'"),
        (["account", "add", "a", "--number", "030"], "Invalid value for --number: '030' should"),
        (["account", "add", "a", "--daily-limit", "x"], "Invalid value for --daily-limit: 'x'"),
        (["account", "add", "a", "--short-number", "12"], "Invalid value for --short-number"),
        (["account", "add", "a", "--kind", "tank"], "Invalid value for '--kind'"),
        (["account", "fly"], "No such command 'fly'"),
        (["account", "add"], "Missing argument"),
        (["trunk", "add", "one"], "Invalid value for --host: is missing"),
        (["flatrate", "add", "alice", "--count", "0"], "Invalid value for '--count'"),
    ],
)
def test_wrong_usage_names_the_option(freiton: Freiton, arguments: list[str], message: str) -> None:
    assert message in freiton(*arguments, status=2).err


def test_looking_makes_no_site(freiton: Freiton, state: Path) -> None:
    assert "there is no site in" in freiton("account", "list", status=1).err
    assert not state.exists()


def test_a_running_switch_reloads_after_each_change(
    freiton: Freiton, switch: RunningSwitch
) -> None:
    made = freiton("account", "add", "alice")
    freiton("flatrate", "add", "alice")
    freiton("account", "list")
    assert made.err == ""
    assert switch.asked == [("reload", {}), ("reload", {})]


def test_a_refused_change_reloads_nothing(freiton: Freiton, switch: RunningSwitch) -> None:
    freiton("account", "remove", "alice", status=1)
    assert switch.asked == []


def test_a_reload_that_fails_is_told(freiton: Freiton, switch: RunningSwitch, state: Path) -> None:
    switch.refusal = "trunk one: there is no listener udp"
    refused = freiton("account", "add", "alice", status=1)
    assert refused.err == (
        "freiton: the change is stored, but not yet in force: trunk one: there is no listener udp\n"
    )
    store = SiteStore.open(state, domains=("freiton.internal",), provider="tgnet")
    assert [one.name for one in store.load_directory().accounts] == ["alice"]
    store.close()


def test_the_demo_site_is_imported_once(freiton: Freiton) -> None:
    first = freiton("site", "import")
    assert "5 customers, 7 accounts" in first.out
    assert len(re.findall(r"\b[a-z2-9]{20}\b", first.out)) == 10
    assert first.err == ""  # of a new site nobody needs to be told
    second = freiton("site", "import")
    assert second.out.endswith("nothing new.\n")
    assert second.err == NOT_RUNNING


def test_a_bad_site_file_is_refused_whole(freiton: Freiton, tmp_path: Path) -> None:
    file = tmp_path / "site.toml"
    file.write_text('[[accounts]]\nname = "a"\n[[accounts]]\nname = "b"\ncolour = "red"\n')
    refused = freiton("site", "import", str(file), status=1)
    assert refused.err == f"freiton: {file}:5: accounts[1].colour: there is no such setting\n"
    assert freiton("site", "import", str(tmp_path / "none.toml"), status=1).err.endswith(
        "none.toml: cannot be read: No such file or directory\n"
    )


def test_a_right_to_show_a_number_is_entered_renewed_and_taken_away(freiton: Freiton) -> None:
    add_alice(freiton)
    proof = ("--document", "letter of 3 May", "--verified", "2026-05-03")
    made = freiton(
        *("number", "right", "add", "alice", "+49 30 777777", *proof, "--expires", "2099-12-31")
    )
    assert made.out == "alice may show +4930777777 until 2099-12-31.\n"
    freiton("number", "right", "add", "alice", "+4930888888", *proof, "--expires", "2026-05-04")
    first, second = freiton("number", "right", "list", "--json").json
    assert (first["number"], first["document"]) == ("+4930777777", "letter of 3 May")
    assert (first["holds"], second["holds"]) == (True, False)
    assert "letter of 3 May" in freiton("number", "right", "list").out
    freiton("number", "right", "remove", "alice", "+4930777777")
    freiton("number", "right", "remove", "alice", "+4930888888")
    assert freiton("number", "right", "list").out == "There is no right yet.\n"


def test_a_trunk_of_a_profile_shows_it(freiton: Freiton) -> None:
    freiton("trunk", "add", "c1", "--host", "192.0.2.9", "--profile", "plusnet", "--foreign")
    (trunk,) = freiton("trunk", "list", "--json").json
    assert (trunk["profile"], trunk["number_format"]) == ("plusnet", "international")
    assert (trunk["sends_asserted_identity"], trunk["is_foreign"]) == (True, True)
    assert "plusnet" in freiton("trunk", "list").out
    freiton("trunk", "change", "c1", "--profile", "telekom-1tr118", "--transport", "udp")
    (changed,) = freiton("trunk", "list", "--json").json
    assert (changed["profile"], changed["number_format"]) == ("telekom-1tr118", "e164")
    shown = freiton("trunk", "profiles").out
    assert "Deutsche Telekom" in shown
    assert "sipconnect-2.0" in freiton("trunk", "profiles", "--json").json
