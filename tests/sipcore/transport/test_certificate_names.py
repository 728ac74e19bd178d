"""RFC 5922 §7: which names a certificate speaks for."""

from __future__ import annotations

import pytest

from sipcore.transport.certificate_names import CertificateNames


@pytest.mark.parametrize(
    ("names", "domain"),
    [
        (CertificateNames(uris=["sip:Carrier.example"]), "carrier.example"),
        (CertificateNames(dns_names=["sip.carrier.example"]), "SIP.carrier.example."),
        (CertificateNames(common_names=["carrier.example"]), "carrier.example"),
        (CertificateNames(addresses=["192.0.2.1"]), "192.0.2.1"),
        (CertificateNames(addresses=["2001:DB8:0:0:0:0:0:1"]), "2001:db8::1"),
    ],
)
def test_a_name_that_stands_in_the_certificate_is_proven(
    names: CertificateNames, domain: str
) -> None:
    assert names.speak_for(domain)


@pytest.mark.parametrize(
    ("names", "domain"),
    [
        (CertificateNames(uris=["sip:alice@carrier.example"]), "carrier.example"),
        (CertificateNames(uris=["sips:carrier.example"]), "carrier.example"),
        (CertificateNames(uris=["https://carrier.example"]), "carrier.example"),
        (CertificateNames(uris=["sip:a.example"], dns_names=["b.example"]), "b.example"),
        (CertificateNames(dns_names=["a.example"], common_names=["b.example"]), "b.example"),
        (CertificateNames(addresses=["192.0.2.1"], common_names=["b.example"]), "b.example"),
        (CertificateNames(dns_names=["*.carrier.example"]), "sip.carrier.example"),
        (CertificateNames(dns_names=["carrier.example"]), "sip.carrier.example"),
        (CertificateNames(dns_names=["192.0.2.1"]), "192.0.2.1"),
        (CertificateNames(common_names=[""]), ""),
        (CertificateNames(), "carrier.example"),
    ],
)
def test_everything_else_is_not(names: CertificateNames, domain: str) -> None:
    assert not names.speak_for(domain)


def test_an_operator_may_let_a_wildcard_stand_for_one_label() -> None:
    names = CertificateNames(dns_names=["*.carrier.example", "*.example"])
    assert names.speak_for("sip.carrier.example", allows_wildcards=True)
    assert not names.speak_for("a.sip.carrier.example", allows_wildcards=True)
    assert not names.speak_for("carrier.example", allows_wildcards=True)
