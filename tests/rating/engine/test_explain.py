"""A charge is told in sentences whose amounts add up to it, to the last digit."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rating.engine import (
    Language,
    PricePart,
    Quote,
    RatedCall,
    RatingParams,
    Sentence,
    Topic,
    explain,
    rate_call,
)
from rating.pricing import Basis, CallOrigin, ExternalPrice, OriginKind, Source
from tests.rating.engine.quotes import QUOTES, make_quote
from tests.rating.shipped import FLAT, price_of
from tests.rating.small_tariff import called_in
from tests.rating.small_tariff import quote_of as quote_of_small


def call(quote: Quote, seconds: str = "60", *allowance_s: int) -> RatedCall:
    return rate_call(RatingParams(quote, int(Fraction(seconds) * 1_000_000), allowance_s))


def total(sentences: tuple[Sentence, ...]) -> Fraction:
    return sum((one.euros for one in sentences), start=Fraction(0))


def text_of(topic: Topic, sentences: tuple[Sentence, ...]) -> str:
    return " ".join(one.text for one in sentences if one.topic is topic)


def topics(sentences: tuple[Sentence, ...]) -> list[Topic]:
    return [one.topic for one in sentences]


@given(
    QUOTES,
    st.integers(0, 4 * 3_600_000_000),
    st.lists(st.integers(0, 7200), max_size=2),
    st.sampled_from(["de", "en"]),
)
def test_the_amounts_add_up_to_the_gross_charge(
    quote: Quote, duration_us: int, allowance_s: list[int], language: Language
) -> None:
    names = tuple(f"PACK-{number}" for number in range(len(allowance_s)))
    quote = replace(quote, allowances=names)
    rated = rate_call(RatingParams(quote, duration_us, tuple(allowance_s)))
    sentences = explain(rated, "+4930123456", language)
    assert total(sentences) * 1_000_000 == rated.gross_micros
    assert topics(sentences) == sorted(topics(sentences), key=list(Topic).index)


@given(QUOTES, st.integers(0, 3_600_000_000))
def test_each_amount_that_adds_stands_in_its_sentence(quote: Quote, duration_us: int) -> None:
    for sentence in explain(rate_call(RatingParams(quote, duration_us)), "115", "en"):
        if sentence.euros:
            numbers = {
                Fraction(found) for found in re.findall(r"\d+(?:\.\d+|/\d+)?", sentence.text)
            }
            named = abs(sentence.euros)
            assert numbers & {named, named * 100}, sentence


def test_a_surcharge_is_a_part_of_its_own() -> None:
    row = PricePart("German fixed network", Fraction("0.012"), Fraction(0), Source("Doc", 181))
    sim = PricePart("from the mobile network", Fraction("0.049"), Fraction(0), Source("Doc", 204))
    quote = replace(make_quote("0.061", basis=Basis.NET), parts=(row, sim))
    sentences = explain(call(quote, "59.4"), "+4930123456", "en")
    prices = [one for one in sentences if one.topic is Topic.PRICE]
    assert [one.euros for one in prices] == [Fraction("0.012"), Fraction("0.049")]
    assert prices[0].text == (
        "German fixed network (Doc, line 181): 1.2 cents per minute, so €0.012 for 60 s."
    )
    assert text_of(Topic.VAT, sentences) == (
        "To €0.061 net, 19 % of value added tax are added: €0.01159."
    )
    assert text_of(Topic.TOTAL, sentences) == "The call costs €0.07259."


def test_seconds_are_followed_from_the_clock_to_the_money() -> None:
    quote = replace(
        make_quote("0.06", increments=(60, 1), free_s=30, caps_s=3600), allowances=("FREE-120",)
    )
    sentences = explain(call(quote, "3601.5", 40), "0900123456", "de")
    assert text_of(Topic.DURATION, sentences) == (
        "Es dauerte 3601,5 s; jede begonnene Sekunde zählt: 3602 s."
    )
    assert "3600 s" in text_of(Topic.LEGAL_LIMIT, sentences)
    assert text_of(Topic.FREE_SECONDS, sentences).endswith("es bleiben 3570 s.")
    assert text_of(Topic.INCREMENTS, sentences) == "Im Takt 60/1 sind das 3570 s."
    assert text_of(Topic.ALLOWANCE, sentences) == "Das Kontingent FREE-120 zahlt 40 von 3570 s."
    assert "für 3530 s also 3,53 €" in text_of(Topic.PRICE, sentences)


def test_an_allowance_that_is_used_up_is_named_and_one_that_is_not_needed_is_not() -> None:
    quote = replace(make_quote("0.06"), allowances=("FIRST", "SECOND", "THIRD"))
    told = text_of(Topic.ALLOWANCE, explain(call(quote, "60", 0, 60, 50), "115", "en"))
    assert told == ("The allowance FIRST had no second left. The allowance SECOND pays 60 of 60 s.")


def test_an_amount_without_an_end_is_written_as_a_fraction() -> None:
    sentences = explain(call(make_quote("0.029"), "7"), "+4930123456", "de")
    assert "203/60000 €" in text_of(Topic.PRICE, sentences)
    assert text_of(Topic.ROUNDING, sentences).startswith("Gerundet wird einmal")


@pytest.mark.parametrize(
    ("dialled", "words"),
    [
        ("030123456", "Das Gespräch ist in FLAT.DE enthalten und kostet nichts."),
        ("08001234567", "Das Gesetz verlangt, dass dieses Gespräch nichts kostet."),
    ],
)
def test_a_free_call_says_why(dialled: str, words: str) -> None:
    quote = price_of(dialled, options=(FLAT,))
    assert isinstance(quote, Quote)
    sentences = explain(call(quote), dialled, "de")
    assert text_of(Topic.COVER, sentences) == words
    assert text_of(Topic.TOTAL, sentences) == "Das Gespräch kostet nichts."


def test_the_row_is_named_with_its_place() -> None:
    quote = price_of("00431234567")
    assert isinstance(quote, Quote)
    sentences = explain(call(quote), "+431234567", "en")
    row = text_of(Topic.ROW, sentences)
    assert quote.source is not None
    assert f"{quote.source.document}, line {quote.source.line}" in row
    assert f"begins with {quote.prefix} (numbering {quote.table_version})" in row
    assert text_of(Topic.PLAN, sentences) == "The plan is account of tgnet."


def test_an_internal_callee_needs_no_number_and_no_cell() -> None:
    inside = replace(
        make_quote("0", covered_by="internal"), source=Source("demo", 7), row_id=None, prefix=""
    )
    german, english = explain(call(inside), "", "de"), explain(call(inside), "", "en")
    assert text_of(Topic.ROW, german) == "Das Ziel ist intern: demo, Zeile 7."
    assert text_of(Topic.ROW, english) == "The callee is internal: demo, line 7."


def test_a_received_call_is_told_by_the_place_and_the_factor_of_the_partner() -> None:
    told = ExternalPrice(Fraction("0.4"), Fraction(0))
    sentences = explain(call(quote_of_small(None, origin=called_in("TH"), told=told)), "", "en")
    assert text_of(Topic.ROW, sentences).startswith("The price depends on the visited place only")
    prices = [one.text for one in sentences if one.topic is Topic.PRICE]
    assert prices[-1].startswith("Other provider, times 1.25 (")
    assert prices[-1].endswith("50 cents per minute, so €0.5 for 60 s.")


def test_what_nobody_answered_costs_nothing_not_even_per_call() -> None:
    sentences = explain(call(make_quote("0.06", per_call="1"), "0"), "+4930123456", "en")
    assert "no price per call" in text_of(Topic.DURATION, sentences)
    assert total(sentences) == 0


def test_an_erased_number_is_not_told() -> None:
    sentences = explain(call(make_quote()), "", "en")
    assert text_of(Topic.NUMBER, sentences) == (
        "The number called has been erased, as the law demands."
    )


@pytest.mark.parametrize("language", ["de", "en"])
def test_all_there_is_to_say_is_said_in_both_languages(language: Language) -> None:
    for kind in OriginKind:
        visited = "CH" if kind.value.startswith("roaming") else None
        for covered_by in (None, "FLAT", "on-net", "by-law", "internal"):
            quote = replace(
                make_quote("0" if covered_by else "0.06", covered_by=covered_by),
                origin=CallOrigin(kind, visited),
                external_price=ExternalPrice(Fraction("1.99"), Fraction(0)),
                source=None,
            )
            sentences = explain(call(quote), "+41441234567", language)
            assert Topic.EXTERNAL_PRICE in topics(sentences)
            assert (Topic.ORIGIN in topics(sentences)) is (kind is not OriginKind.VOIP)
            assert (Topic.COVER in topics(sentences)) is (covered_by is not None)
            assert not [one for one in sentences if "{" in one.text]
