from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcore.auth.authenticator import (
    Authenticator,
    Cause,
    Challenge,
    DeviceSecret,
    Refused,
    Verified,
)
from sipcore.auth.digest import Algorithm, compute_response
from sipcore.limits import KNOWN_CHECKS_MAX
from sipcore.message.credentials import Challenge as ChallengeField
from sipcore.message.credentials import Credentials
from tests.sipcore.auth.phone import PASSWORD, answer, authenticator, lookup, request


def challenged(outcome: Verified | Challenge | Refused) -> Challenge:
    assert isinstance(outcome, Challenge)
    return outcome


def ask(server: Authenticator, now: float = 0.0) -> Challenge:
    return challenged(server.verify(request(), lookup, now=now))


def try_password(
    server: Authenticator, password: str, *, now: float, known: bool = False
) -> object:
    field = answer(ask(server, now), password=password)
    outcome = server.verify(request(field), lookup, now=now, is_known=lambda _: known)
    return outcome.cause if isinstance(outcome, Challenge) else type(outcome)


def test_a_request_without_credentials_is_challenged() -> None:
    outcome = ask(authenticator())
    assert (outcome.status, outcome.cause) == (401, Cause.NO_CREDENTIALS)
    key, value = outcome.fields[0]
    field = ChallengeField.parse(value)
    assert key == "www-authenticate"
    assert (field.get("realm"), field.get("qop"), field.get("algorithm")) == (
        "example.org", "auth", "MD5"
    )  # fmt: skip
    assert "stale" not in field.parameters
    assert len(outcome.fields) == 1


def test_the_right_password() -> None:
    server = authenticator()
    outcome = server.verify(request(answer(ask(server))), lookup, now=1.0)
    assert isinstance(outcome, Verified)
    assert (outcome.device_key, outcome.account_key, outcome.username) == (
        "device-1", "account-1", "anna"
    )  # fmt: skip
    assert not outcome.is_repeat


def test_as_proxy() -> None:
    server = authenticator(as_proxy=True)
    outcome = ask(server)
    assert outcome.status == 407
    assert outcome.fields[0][0] == "proxy-authenticate"
    assert isinstance(server.verify(request(answer(outcome)), lookup, now=0.0), Challenge)
    field = answer(outcome, key="proxy-authorization")
    assert isinstance(server.verify(request(field), lookup, now=0.0), Verified)


@pytest.mark.parametrize(
    ("username", "password", "cause"),
    [("anna", "wrong", Cause.WRONG_PASSWORD), ("nobody", PASSWORD, Cause.UNKNOWN_USER)],
)
def test_unknown_user_and_wrong_password_get_the_same_answer(
    username: str, password: str, cause: Cause
) -> None:
    server = authenticator()
    outcome = challenged(
        server.verify(
            request(answer(ask(server), username=username, password=password)), lookup, now=0.0
        )
    )
    assert outcome.cause is cause
    assert outcome.status == 401
    parameters = dict(ChallengeField.parse(outcome.fields[0][1]).parameters)
    del parameters["nonce"]
    assert parameters == {"realm": "example.org", "algorithm": "MD5", "qop": "auth"}


@pytest.mark.interpreted
def test_every_failure_costs_one_hash_and_one_question(monkeypatch: pytest.MonkeyPatch) -> None:
    server = authenticator()
    for _ in range(12):
        try_password(server, "wrong", now=0.0)
    work: list[str] = []

    def counted(*args: object, **kwargs: object) -> str:
        work.append("hash")
        return compute_response(*args, **kwargs)  # type: ignore[arg-type]

    def is_known(_: str) -> bool:
        work.append("question")
        return False

    monkeypatch.setattr("sipcore.auth.authenticator.compute_response", counted)
    for username, password in (
        ("anna", "wrong"), ("anna", PASSWORD), ("bert", "wrong"), ("nobody", "x"), ("n" * 500, "x")
    ):  # fmt: skip
        work.clear()
        field = answer(ask(server), username=username, password=password)
        challenged(server.verify(request(field), lookup, now=0.0, is_known=is_known))
        assert work == ["hash", "question"], username


def test_a_nonce_that_is_too_old() -> None:
    server = authenticator()
    outcome = challenged(server.verify(request(answer(ask(server))), lookup, now=400.0))
    assert outcome.cause is Cause.STALE_NONCE
    assert ChallengeField.parse(outcome.fields[0][1]).is_stale
    assert isinstance(server.verify(request(answer(outcome)), lookup, now=401.0), Verified)


def test_a_nonce_of_somebody_else() -> None:
    server = authenticator()
    outcome = challenged(server.verify(request(answer("", nonce="a" * 36)), lookup, now=0.0))
    assert outcome.cause is Cause.FOREIGN_NONCE
    assert not ChallengeField.parse(outcome.fields[0][1]).is_stale


def test_a_retransmission_is_not_refused_and_any_other_reuse_is() -> None:
    server = authenticator()
    field = answer(ask(server))
    first = server.verify(request(field), lookup, now=0.0, source="192.0.2.1")
    again = server.verify(request(field), lookup, now=1.0, source="192.0.2.1")
    assert isinstance(first, Verified)
    assert isinstance(again, Verified)
    assert (first.is_repeat, again.is_repeat) == (False, True)
    for other, source in (
        (request(field, cseq=2), "192.0.2.1"),
        (request(field, call_id="c2"), "192.0.2.1"),
        (request(field), "198.51.100.9"),
    ):
        outcome = challenged(server.verify(other, lookup, now=1.0, source=source))
        assert outcome.cause is Cause.REUSED_NONCE
        assert ChallengeField.parse(outcome.fields[0][1]).is_stale


def test_a_nonce_serves_many_requests_by_its_count() -> None:
    server = authenticator()
    challenge = ask(server)
    for number in range(1, 20):
        field = answer(challenge, count=f"{number:08x}")
        assert isinstance(server.verify(request(field, cseq=number), lookup, now=1.0), Verified)


@pytest.mark.parametrize("method", ["INVITE", "REGISTER"])
def test_credentials_are_good_for_one_method(method: str) -> None:
    server = authenticator()
    field = answer(ask(server), method=method)
    other = "INVITE" if method == "REGISTER" else "REGISTER"
    outcome = challenged(server.verify(request(field, method=other), lookup, now=0.0))
    assert outcome.cause is Cause.WRONG_PASSWORD
    assert isinstance(server.verify(request(field, method=method), lookup, now=0.0), Verified)


def test_another_realm_is_not_ours_to_judge() -> None:
    server = authenticator()
    field = answer(ask(server), realm="elsewhere.example")
    assert challenged(server.verify(request(field), lookup, now=0.0)).cause is Cause.NO_CREDENTIALS


def test_one_of_several_answers_fits() -> None:
    server = authenticator()
    old = answer(ask(server, 0.0), username="bert")
    challenge = ask(server, 500.0)
    outcome = server.verify(
        request(
            ("authorization", "Basic YTpi"),
            answer(challenge, realm="elsewhere.example"),
            answer(challenge, algorithm=Algorithm.SHA_256),
            old,
            answer(challenge),
        ),
        lookup,
        now=500.0,
    )
    assert isinstance(outcome, Verified)
    assert outcome.username == "anna"


def test_two_algorithms() -> None:
    server = authenticator(algorithms=(Algorithm.SHA_256, Algorithm.MD5))
    challenge = ask(server)
    assert [ChallengeField.parse(value).get("algorithm") for _, value in challenge.fields] == [
        "SHA-256", "MD5"
    ]  # fmt: skip
    for number, algorithm in enumerate(Algorithm, start=1):
        field = answer(challenge, algorithm=algorithm, count=f"{number:08x}")
        assert isinstance(server.verify(request(field), lookup, now=0.0), Verified)


def test_algorithms_of_one_account() -> None:
    server = authenticator()
    only = (Algorithm.SHA_256,)
    challenge = challenged(server.verify(request(), lookup, now=0.0, algorithms=only))
    weak = request(answer(challenge, algorithm=Algorithm.MD5))
    assert isinstance(server.verify(weak, lookup, now=0.0, algorithms=only), Challenge)
    strong = request(answer(challenge, algorithm=Algorithm.SHA_256))
    assert isinstance(server.verify(strong, lookup, now=0.0, algorithms=only), Verified)


@pytest.mark.parametrize("ha1s", [{}, {Algorithm.MD5: ""}, {Algorithm.SHA_256: "0" * 64}])
def test_a_device_without_a_hash_cannot_be_anybody(ha1s: dict[Algorithm, str]) -> None:
    server = authenticator()
    challenge = ask(server)
    nonce = ChallengeField.parse(challenge.fields[0][1]).get("nonce")
    for guess in ("", "0" * 32, "0" * 64):
        response = compute_response(
            Algorithm.MD5, ha1=guess, method="REGISTER", uri="sip:example.org", nonce=nonce,
            nonce_count="00000001", cnonce="abc", qop="auth",
        )  # fmt: skip
        outcome = server.verify(
            request(answer(challenge, response=response)),
            lambda _: DeviceSecret("d", "a", ha1s),
            now=0.0,
        )
        assert challenged(outcome).cause is Cause.UNKNOWN_USER


def test_without_qop_a_nonce_serves_one_request() -> None:
    server = authenticator()
    field = answer(ask(server), qop="")
    assert isinstance(server.verify(request(field), lookup, now=0.0), Verified)
    second = challenged(server.verify(request(field, cseq=2), lookup, now=0.0))
    assert second.cause is Cause.REUSED_NONCE
    strict = authenticator(allow_without_qop=False)
    field = answer(ask(strict), qop="")
    assert challenged(strict.verify(request(field), lookup, now=0.0)).cause is Cause.NO_CREDENTIALS


@pytest.mark.parametrize("qop", ["auth-int", "none"])
def test_another_qop_is_refused(qop: str) -> None:
    server = authenticator()
    field = answer(ask(server), qop=qop)
    outcome = server.verify(request(field), lookup, now=0.0)
    assert isinstance(outcome, Refused)
    assert outcome.status == 400


def test_another_qop_beside_the_right_one_is_passed_over() -> None:
    server = authenticator()
    challenge = ask(server)
    fields = (answer(challenge, qop="auth-int"), answer(challenge))
    assert isinstance(server.verify(request(*fields), lookup, now=0.0), Verified)


def test_another_qop_for_a_nonce_of_somebody_else_is_challenged() -> None:
    server = authenticator()
    field = answer("", nonce="a" * 36, qop="auth-int")
    assert challenged(server.verify(request(field), lookup, now=0.0)).cause is Cause.NO_CREDENTIALS


def test_only_auth_is_offered() -> None:
    for algorithms in ((Algorithm.MD5,), (Algorithm.SHA_256, Algorithm.MD5)):
        server = authenticator(algorithms=algorithms)
        outcome = challenged(server.verify(request(), lookup, now=0.0))
        assert [ChallengeField.parse(text).get("qop") for _, text in outcome.fields] == [
            "auth"
        ] * len(algorithms)


def test_a_stale_answer_is_renewed_without_asking_the_user() -> None:
    """RFC 7616 §3.3: with stale=true a client tries again with the password that it has."""
    server = authenticator()
    old = answer(ask(server))
    renewed = challenged(server.verify(request(old), lookup, now=1000.0))
    assert ChallengeField.parse(renewed.fields[0][1]).is_stale
    again = answer(renewed)
    assert isinstance(server.verify(request(again), lookup, now=1000.0), Verified)


@pytest.mark.parametrize("count", ["0x000001", "+0000001", "1_1", "123456789", "g", "١"])
def test_counts_that_are_none(count: str) -> None:
    server = authenticator()
    name, value = answer(ask(server))
    field = (name, value.replace("nc=00000001", f'nc="{count}"'))
    assert challenged(server.verify(request(field), lookup, now=0.0)).cause is Cause.NO_CREDENTIALS


@pytest.mark.parametrize(
    ("digest_uri", "request_uri"),
    [
        ("sip:example.org", "sip:example.org"),
        ("sip:example.org", "sip:EXAMPLE.org:5060;transport=udp"),
        ("sip:030@example.org", "sip:030@example.org;user=phone"),
        ("sip:030@example.org", "sip:030@10.0.0.1:5080"),
        ("sip:%30%33@h", "sip:03@h"),
        ("sip:10.0.0.1:5060", "sip:030@10.0.0.1:5060"),
        ("sip:+4930@example.org", "tel:+4930"),
        ("tel:+49-30", "sip:+4930@example.org;user=phone"),
        ("urn:service:sos", "urn:service:sos"),
    ],
)
def test_a_digest_uri_that_fits(digest_uri: str, request_uri: str) -> None:
    server = authenticator()
    field = answer(ask(server), uri=digest_uri)
    assert isinstance(server.verify(request(field, uri=request_uri), lookup, now=0.0), Verified)


@pytest.mark.parametrize(
    ("digest_uri", "request_uri"),
    [
        ("sip:030@example.org", "sip:0900@example.org"),
        ("sip:example.com", "sip:example.org"),
        ("sip:anna@example.org", "sip:example.org"),
        ("sip:10.0.0.1", "tel:+4930"),
        ("urn:service:sos", "sip:0900@example.org"),
        ("/dir/index.html", "sip:example.org"),
        ("", "sip:example.org"),
    ],
)
def test_a_digest_uri_of_another_request(digest_uri: str, request_uri: str) -> None:
    server = authenticator()
    field = answer(ask(server), uri=digest_uri)
    outcome = server.verify(request(field, uri=request_uri), lookup, now=0.0)
    assert isinstance(outcome, Refused)
    assert outcome.status == 400


def test_malformed_credentials_are_refused() -> None:
    server = authenticator()
    outcome = server.verify(request(("authorization", 'Digest realm="x')), lookup, now=0.0)
    assert isinstance(outcome, Refused)
    assert outcome.status == 400


def test_an_unknown_scheme_is_challenged() -> None:
    field = ("authorization", "NoOneKnowsThisScheme opaque-data=here")
    outcome = challenged(authenticator().verify(request(field), lookup, now=0.0))
    assert outcome.cause is Cause.NO_CREDENTIALS


def test_ten_guesses_and_no_more() -> None:
    server = authenticator()
    causes = [try_password(server, f"guess {number}", now=float(number)) for number in range(15)]
    assert causes == [Cause.WRONG_PASSWORD] * 10 + [Cause.TOO_MANY_WRONG] * 5
    assert try_password(server, PASSWORD, now=20.0) is Cause.TOO_MANY_WRONG
    assert try_password(server, PASSWORD, now=901.0) is Verified


def test_guesses_do_not_lock_out_a_registered_device() -> None:
    server = authenticator()
    for number in range(1_000):
        try_password(server, f"guess {number}", now=1.0)
    assert try_password(server, PASSWORD, now=2.0) is Cause.TOO_MANY_WRONG
    assert try_password(server, PASSWORD, now=2.0, known=True) is Verified


def test_guesses_over_the_flow_of_a_device_have_an_end_too() -> None:
    server = authenticator()
    causes = [
        try_password(server, f"guess {number}", now=1.0, known=True)
        for number in range(KNOWN_CHECKS_MAX + 5)
    ]
    assert causes == [Cause.WRONG_PASSWORD] * KNOWN_CHECKS_MAX + [Cause.TOO_MANY_WRONG] * 5


def test_guesses_at_one_account_leave_others_alone() -> None:
    server = authenticator()
    for _ in range(20):
        try_password(server, "wrong", now=1.0)
    field = answer(ask(server), username="bert")
    assert isinstance(server.verify(request(field), lookup, now=1.0), Verified)


def test_invented_names_are_not_remembered() -> None:
    asked = []

    def nobody(username: str) -> DeviceSecret | None:
        asked.append(username)
        return None

    server = authenticator()
    for name in ("x" * 129, "x" * 128):
        server.verify(request(answer(ask(server), username=name)), nobody, now=0.0)
    assert asked == ["x" * 128]


@given(
    st.text(max_size=40), st.sampled_from(["username", "realm", "nonce", "uri", "response", "nc"])
)
def test_no_text_verifies_or_breaks(text: str, name: str) -> None:
    server = authenticator()
    _, value = answer(ask(server))
    parameters = dict(Credentials.parse(value).parameters)
    if text == parameters[name] or (name == "nc" and text.strip("0") == "1"):
        return
    parameters[name] = text
    written = ", ".join(f'{key}="{entry}"' for key, entry in parameters.items())
    outcome = server.verify(request(("authorization", f"Digest {written}")), lookup, now=0.0)
    assert not isinstance(outcome, Verified)
