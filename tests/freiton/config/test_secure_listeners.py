"""What the settings say of TLS and WebSocket, and what is said about what does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from freiton.config import Config, ConfigError, HostPort, Overrides, load_config

TLS = '[[listeners]]\nname = "tls"\ntransport = "tls"\nlisten = "0.0.0.0:5061"\n'
WS = '[[listeners]]\nname = "ws"\ntransport = "ws"\nlisten = "0.0.0.0:8088"\n'
FILES = 'certificate = "cert.pem"\nprivate_key = "/keys/key.pem"\n'


def load(tmp_path: Path, text: str, overrides: Overrides | None = None) -> Config:
    path = tmp_path / "site.toml"
    path.write_text(text)
    return load_config(path, overrides)


def test_files_start_at_the_folder_of_the_settings(tmp_path: Path) -> None:
    text = TLS + FILES + 'client_certificates = "require"\nclient_ca_file = "ca.pem"\n'
    config = load(tmp_path, text + '[tls]\nca_file = "carriers.pem"\n')
    (listener,) = config.listeners
    assert listener.certificate == tmp_path / "cert.pem"
    assert listener.private_key == Path("/keys/key.pem")
    assert listener.client_ca_file == tmp_path / "ca.pem"
    assert config.tls.ca_file == tmp_path / "carriers.pem"
    assert config.tls.verify_carriers


def test_without_a_file_the_system_is_believed(tmp_path: Path) -> None:
    assert load(tmp_path, "").tls.ca_file is None


def test_the_command_line_moves_every_listener_but_the_browsers(tmp_path: Path) -> None:
    overrides = Overrides(sip=HostPort("127.0.0.1", 5070))
    udp = TLS.replace("tls", "udp")
    config = load(tmp_path, udp + TLS + FILES + WS, overrides)
    assert [str(one.listen) for one in config.listeners] == [
        "127.0.0.1:5070",
        "127.0.0.1:5071",
        "0.0.0.0:8088",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (TLS, "listeners[0].certificate: is needed for tls"),
        (TLS, "listeners[0].private_key: is needed for tls"),
        (WS + FILES, "listeners[0].certificate: is for tls and wss, not ws"),
        (
            TLS + FILES + 'client_certificates = "check"\n',
            "listeners[0].client_certificates: wants a client_ca_file",
        ),
        (
            TLS + FILES + 'origins = ["https://a.example"]\n',
            "listeners[0].origins: are for ws and wss, not tls",
        ),
        (WS + 'origins = ["a.example"]\n', "should be like https://example.org"),
        (
            WS + TLS.replace("5061", "8088") + FILES,
            "listeners[1].listen: tls 0.0.0.0:8088 is taken by another listener",
        ),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert problem in str(caught.value)


def test_tcp_and_udp_share_a_port(tmp_path: Path) -> None:
    assert len(load(tmp_path, WS + WS.replace("ws", "udp")).listeners) == 2
