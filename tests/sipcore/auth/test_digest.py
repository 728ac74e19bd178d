"""The examples of the RFCs: 2069 §2.4 (with its erratum), 2617 §3.5, 7616 §3.9.1."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.auth.digest import Algorithm, compute_ha1, compute_response, is_same_response

NONCE_7616 = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE_7616 = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def test_rfc_2617() -> None:
    ha1 = compute_ha1(
        Algorithm.MD5, username="Mufasa", realm="testrealm@host.com", password="Circle Of Life"
    )
    assert ha1 == "939e7578ed9e3c518a452acee763bce9"
    response = compute_response(
        Algorithm.MD5,
        ha1=ha1,
        method="GET",
        uri="/dir/index.html",
        nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
        nonce_count="00000001",
        cnonce="0a4f113b",
        qop="auth",
    )
    assert response == "6629fae49393a05397450978507c4ef1"


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        (Algorithm.MD5, "8ca523f5e9506fed4657c9700eebdbec"),
        (
            Algorithm.SHA_256,
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ],
)
def test_rfc_7616(algorithm: Algorithm, expected: str) -> None:
    response = compute_response(
        algorithm,
        ha1=compute_ha1(
            algorithm, username="Mufasa", realm="http-auth@example.org", password="Circle of Life"
        ),
        method="GET",
        uri="/dir/index.html",
        nonce=NONCE_7616,
        nonce_count="00000001",
        cnonce=CNONCE_7616,
        qop="auth",
    )
    assert response == expected


def test_rfc_2069_without_qop() -> None:
    response = compute_response(
        Algorithm.MD5,
        ha1=compute_ha1(
            Algorithm.MD5, username="Mufasa", realm="testrealm@host.com", password="CircleOfLife"
        ),
        method="GET",
        uri="/dir/index.html",
        nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
    )
    assert response == "1949323746fe6a43ef61f9606e7febea"


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        ("", Algorithm.MD5), ("md5", Algorithm.MD5), ("sha-256", Algorithm.SHA_256),
        ("MD5-sess", None), ("SHA-512-256", None), ("SHA256", None), ("MD5 ", None),
    ],
)  # fmt: skip
def test_names(name: str, algorithm: Algorithm | None) -> None:
    assert Algorithm.parse(name) is algorithm


def test_names_and_passwords_are_hashed_as_utf8() -> None:
    assert compute_ha1(Algorithm.SHA_256, username="Jäsøn", realm="r", password="ß") == (
        hashlib.sha256("Jäsøn:r:ß".encode()).hexdigest()
    )


def test_comparing() -> None:
    assert is_same_response("ab12", "AB12")
    assert not is_same_response("ab12", "ab13")
    assert not is_same_response("ab12", "")


@given(st.text(), st.text())
def test_no_text_breaks_comparing(expected: str, received: str) -> None:
    def clean(text: str) -> str:
        return "".join(mark for mark in text if not 0xD800 <= ord(mark) <= 0xDFFF)

    expected, received = clean(expected), clean(received)
    assert is_same_response(expected, received) == (expected == received.lower())
