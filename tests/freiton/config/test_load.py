"""Settings: the shipped defaults, a site's file over them, and what is said about bad ones."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freiton.config import Config, ConfigError, Overrides, load_config
from freiton.config.host_port import HostPort
from freiton.config.machine_addresses import machine_addresses
from freiton.config.problems import validate
from freiton.storage.site.site_file import AccountEntry, SiteFile
from freiton.storage.site.specs import TrunkSpec


def load(tmp_path: Path, text: str, overrides: Overrides | None = None) -> Config:
    path = tmp_path / "site.toml"
    path.write_text(text)
    return load_config(path, overrides)


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    return str(caught.value).replace(f"{tmp_path}/", "").splitlines()


def test_the_shipped_defaults_are_complete(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    config = load_config()
    assert config.state_folder == tmp_path / "var"
    assert [str(one.listen) for one in config.listeners] == ["0.0.0.0:5060", "0.0.0.0:5060"]
    assert config.default_domain == "freiton.internal"
    assert config.tariff.folder is None
    assert config.numbering.version is None


def test_a_site_file_needs_only_what_differs(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        """
        state_folder = "state"
        domains = ["Phones.Example", "other.example"]
        [timers]
        t1_s = 1
        [tariff]
        folder = "lists"
        """,
    )
    assert config.state_folder == tmp_path / "state"
    assert config.domains == ("phones.example", "other.example")
    assert (config.timers.t1_s, config.timers.t4_s) == (1.0, 5.0)
    assert config.tariff.folder == tmp_path / "lists"
    assert len(config.listeners) == 2


def test_a_listener_may_advertise_another_address(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        """
        local_hosts = ["pbx"]
        [[listeners]]
        name = "inside"
        transport = "udp"
        listen = "192.0.2.1:5060"
        advertise = "198.51.100.1:5062"
        [[listeners]]
        name = "six"
        transport = "tcp"
        listen = "[2001:db8::1]:5060"
        advertise = "sip.example:5060"
        [[listeners]]
        name = "any"
        transport = "udp"
        listen = "[::]:5070"
        """,
    )
    assert config.listeners[0].advertise == HostPort("198.51.100.1", 5062)
    assert str(config.listeners[1].listen) == "[2001:db8::1]:5060"
    hosts = [host for host in config.known_hosts if host not in machine_addresses(is_ipv6=True)]
    assert hosts == ["pbx", "192.0.2.1", "198.51.100.1", "2001:db8::1", "sip.example"]


def test_the_command_line_stands_over_the_file(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        'state_folder = "state"\n[log]\nlevel = "error"',
        Overrides(
            state_folder=tmp_path / "mine",
            sip=HostPort.parse("127.0.0.1:0"),
            http=HostPort.parse(":9090"),
            log_level="debug",
        ),
    )
    assert config.state_folder == tmp_path / "mine"
    assert {str(one.listen) for one in config.listeners} == {"127.0.0.1:0"}
    assert str(config.http.listen) == "0.0.0.0:9090"
    assert config.log.level == "debug"


def test_a_configuration_does_not_change(tmp_path: Path) -> None:
    config = load(tmp_path, "")
    with pytest.raises(ValueError, match="frozen"):
        config.worker_id = "b2"


def test_every_problem_is_reported_with_line_and_path(tmp_path: Path) -> None:
    text = """\
worker_id = "abc"
colour = "red"
domains = ["good.example",
           "bad domain"]

[[listeners]]
name = "one"
transport = "udp"
listen = "0.0.0.0:5060"

[[listeners]]
name = "two"
transport = "sctp"
listen = "0.0.0.0"
advertise = 5

[http]
listen = "2001:db8::1:80"

[timers]
t1_s = "0.5"
t2_s = true

[log]
"""
    assert problems(tmp_path, text) == [
        "site.toml:1: worker_id: 'abc' should be two letters or digits",
        "site.toml:2: colour: there is no such setting",
        "site.toml:3: domains[1]: 'bad domain' should be a host name or an IP address",
        "site.toml:13: listeners[1].transport: should be 'udp', 'tcp', 'tls', 'ws' or 'wss'",
        "site.toml:14: listeners[1].listen: '0.0.0.0' should be like 192.0.2.1:5060",
        "site.toml:15: listeners[1].advertise: should be text like 192.0.2.1:5060",
        "site.toml:18: http.listen: '2001:db8::1:80' should be written [2001:db8::1]:80",
        "site.toml:21: timers.t1_s: should be a valid number",
        "site.toml:22: timers.t2_s: should be a valid number",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[registration]\ndefault_expires_s = 59",
            (
                "site.toml:2: registration.default_expires_s: "
                "should lie between min_expires_s and max_expires_s"
            ),
        ),
        (
            "[session_timer]\nexpires_s = 89",
            "site.toml:2: session_timer.expires_s: should not be less than min_s",
        ),
        ("[timers]\nt2_s = 0.1", "site.toml:2: timers.t2_s: should not be less than t1_s"),
        ("http = 5", "site.toml:1: http: should be a table"),
        ("listeners = 5", "site.toml:1: listeners: should be an array"),
        ("state_folder = 5", "site.toml:1: state_folder: should be text in quotes"),
        ("tariff = 5", "site.toml:1: tariff: should be a table"),
        ("worker_id =", "site.toml: is not valid TOML: Invalid value (at end of document)"),
    ],
)
def test_one_problem(tmp_path: Path, text: str, expected: str) -> None:
    assert problems(tmp_path, text) == [expected]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({}, {"name": "a"}, "name: there is another listener named a"),
        (
            {},
            {"listen": "127.0.0.1:5060"},
            "listen: udp 127.0.0.1:5060 is taken by another listener",
        ),
        ({}, {"listen": "localhost:5060"}, "listen: should be an IP address of this machine"),
        (
            {},
            {"advertise": "0.0.0.0:5060"},
            "advertise: should be an address that others can reach",
        ),
        ({}, {"advertise": "192.0.2.1:0"}, "advertise: should be an address that others can reach"),
        (
            {},
            {"advertise": "[2001:db8::1]:5060"},
            "advertise: should be of the same address family as listen, 127.0.0.1:5061",
        ),
        (
            {},
            {"listen": "[::1]x:5060"},
            "listen: '[::1]x' is neither an IP address nor a host name",
        ),
        ({}, {"listen": "[::g]:5060"}, "listen: '::g' is no IPv6 address"),
        ({}, {"listen": "127.0.0.1:70000"}, None),
    ],
)
def test_listeners_that_contradict(
    tmp_path: Path, first: dict[str, str], second: dict[str, str], expected: str | None
) -> None:
    text = ""
    for values in (
        {"name": "a", "transport": "udp", "listen": "127.0.0.1:5060", **first},
        {"name": "b", "transport": "udp", "listen": "127.0.0.1:5061", **second},
    ):
        text += "[[listeners]]\n"
        text += "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
    found = problems(tmp_path, text)
    assert len(found) == 1
    if expected is not None:
        assert found[0].partition(": listeners[1].")[2] == expected


def test_tcp_and_udp_may_share_an_address_and_port_0_is_never_taken(tmp_path: Path) -> None:
    listener = '[[listeners]]\nname = "{}"\ntransport = "{}"\nlisten = "127.0.0.1:{}"\n'
    text = "".join(
        listener.format(*values)
        for values in [("a", "udp", 5060), ("b", "tcp", 5060), ("c", "udp", 0), ("d", "udp", 0)]
    )
    assert len(load(tmp_path, text).listeners) == 4


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read: No such file"):
        load_config(tmp_path / "none.toml")


def test_a_file_of_other_bytes_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b'name = "M\xfcller"')
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load_config(tmp_path / "latin.toml")
    (tmp_path / "big.toml").write_bytes(b"# " + b"x" * 5_000_000)
    with pytest.raises(ConfigError, match="is larger than"):
        load_config(tmp_path / "big.toml")
    (tmp_path / "deep.toml").write_text("a = " + "[" * 100_000)
    with pytest.raises(ConfigError, match="is nested too deeply"):
        load_config(tmp_path / "deep.toml")


def test_a_listener_on_every_address_is_known_by_all_of_this_machine(tmp_path: Path) -> None:
    config = load(tmp_path, "")
    assert {"localhost", "127.0.0.1"} <= set(config.known_hosts)
    bound = load(tmp_path, "", Overrides(sip=HostPort.parse("192.0.2.1:5060")))
    assert bound.known_hosts == ("localhost", "192.0.2.1")


def test_the_kernels_tables_are_read(tmp_path: Path) -> None:
    four, six = tmp_path / "fib_trie", tmp_path / "if_inet6"
    four.write_text(
        "Main:\n"
        "     +-- 192.0.2.0/24 2 0 2\n"
        "        |-- 192.0.2.0\n"
        "           /24 link UNICAST\n"
        "        |-- 192.0.2.7\n"
        "           /32 host LOCAL\n"
        "        |-- 192.0.2.255\n"
        "           /32 link BROADCAST\n"
        "Local:\n"
        "        |-- 192.0.2.7\n"
        "           /32 host LOCAL\n"
        "           |-- 127.0.0.0\n"
        "              /8 host LOCAL\n"
        "           |-- 127.0.0.1\n"
        "              /32 host LOCAL\n"
    )
    six.write_text(
        "fe8000000000000000fc00fffe000001 04 40 20 80     eth0\n"
        "20010db8000000000000000000000002 04 40 00 82     eth0\n"
    )
    tables = {"ipv4_table": four, "ipv6_table": six}
    assert machine_addresses(is_ipv6=False, **tables) == ("192.0.2.7", "127.0.0.1")
    assert machine_addresses(is_ipv6=True, **tables) == ("2001:db8::2",)
    assert machine_addresses(is_ipv6=True, ipv6_table=tmp_path / "none") == ()


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.sampled_from(sorted(Config.model_fields)), _VALUES, max_size=5))
def test_no_setting_does_more_than_be_refused(values: dict[str, object]) -> None:
    assert isinstance(validate(Config, values), Config | tuple)


_ENTRY = st.dictionaries(
    st.sampled_from(sorted({*AccountEntry.model_fields, *TrunkSpec.model_fields})), _VALUES
)


@settings(deadline=None, max_examples=50)
@given(st.fixed_dictionaries({"accounts": st.lists(_ENTRY), "trunks": st.lists(_ENTRY)}))
def test_no_entry_of_a_site_does_more_than_be_refused(values: dict[str, object]) -> None:
    assert isinstance(validate(SiteFile, values), SiteFile | tuple)


@pytest.mark.parametrize("text", ["192.0.2.1:5060", "[2001:db8::1]:5060", "sip.example:0"])
def test_an_address_is_written_as_it_was_read(text: str) -> None:
    assert str(HostPort.parse(text)) == text
