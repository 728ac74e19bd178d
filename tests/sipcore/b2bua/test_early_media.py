"""What the caller hears before the answer: one To tag stands for one session description."""

from __future__ import annotations

from sipcore.b2bua.call_events import Target
from sipcore.b2bua.settings import CallSettings
from tests.support.phones import Network, sdp


def tags(net: Network) -> list[str]:
    seen: list[str] = []
    for response in net.alice.responses:
        tag = response.to.tag or ""
        if response.cseq.method == "INVITE" and response.status > 100 and tag not in seen:
            seen.append(tag)
    return seen


def heard(net: Network) -> list[tuple[int, bytes]]:
    return [(r.status, r.body) for r in net.alice.responses if r.cseq.method == "INVITE"]


def test_ringing_and_answer_of_anybody_share_a_tag() -> None:
    net = Network("bob", "carol")
    net.dial()
    net.callees["bob"].ring()
    net.callees["carol"].answer()
    assert len(tags(net)) == 1


def test_each_early_media_has_its_tag_and_mere_ringing_is_silent_meanwhile() -> None:
    net = Network("bob", "carol")
    net.dial()
    net.callees["bob"].ring(183, body=sdp("bob"))
    net.callees["carol"].ring(183, body=sdp("carol"))
    assert heard(net) == [(183, sdp("bob")), (183, sdp("carol"))]
    assert len(tags(net)) == 2
    net.callees["bob"].ring()
    assert net.alice.last_response().to.tag == tags(net)[0]
    assert heard(net)[2:] == [(180, b"")]


def test_who_only_rings_does_not_drown_early_media() -> None:
    net = Network("bob", "carol")
    net.dial()
    net.callees["bob"].ring(183, body=sdp("bob"))
    net.callees["carol"].ring()
    assert heard(net) == [(183, sdp("bob"))]
    net.callees["bob"].refuse(486)
    net.callees["carol"].ring(181)
    assert heard(net)[1:] == [(181, b"")]


def test_early_dialogs_of_a_caller_are_bounded() -> None:
    net = Network("bob", settings=CallSettings(early_dialogs_max=2))
    net.dial()
    for tag in ("one", "two", "three"):
        net.bob.ring(183, body=sdp(tag), tag=tag)
    assert heard(net) == [(183, sdp("one")), (183, sdp("two"))]
    net.bob.answer(body=sdp("three"), tag="three")
    assert heard(net)[2:] == [(200, sdp("three"))]
    assert len(tags(net)) == 3
    net.alice.say("BYE")
    net.assert_over()


def test_whoever_answers_keeps_the_tag_under_which_it_was_heard() -> None:
    net = Network("bob", "carol")
    net.dial()
    net.callees["bob"].ring(183, body=sdp("bob"))
    net.callees["carol"].ring(183, body=sdp("carol"))
    net.callees["carol"].answer(body=sdp("carol"))
    assert len(tags(net)) == 2
    assert net.alice.last_response().to.tag == tags(net)[1]
    net.alice.say("BYE")
    net.assert_over()


def test_an_answer_of_somebody_else_comes_under_a_new_tag() -> None:
    net = Network("bob", "carol")
    net.dial()
    net.callees["bob"].ring(183, body=sdp("bob"))
    net.callees["carol"].answer()
    assert len(tags(net)) == 2
    net.alice.say("INFO", body=b"x", content_type="text/plain")
    assert net.alice.finals("INFO") == [200]
    net.alice.say("BYE")
    net.assert_over()


def test_the_tone_of_the_next_carrier_is_heard_under_a_new_tag() -> None:
    net = Network("bob", "carol")
    net.switch.groups = [(net.target("bob"),), (net.target("carol"),)]
    net.alice.call()
    net.callees["bob"].ring(183, body=sdp("bob"))
    net.callees["bob"].refuse(503)
    net.callees["carol"].ring(183, body=sdp("carol"))
    net.callees["carol"].answer(body=sdp("carol"))
    assert heard(net) == [(183, sdp("bob")), (183, sdp("carol")), (200, sdp("carol"))]
    assert len(tags(net)) == 2
    net.alice.say("BYE")
    net.assert_over()


def test_a_fork_below_a_target_is_told_apart() -> None:
    net = Network()
    net.dial()
    net.bob.ring(183, body=sdp("one"), tag="one")
    net.bob.answer(body=sdp("two"), tag="two")
    assert len(tags(net)) == 2
    net.alice.say("BYE")
    net.assert_over()


def test_a_200_without_sdp_answers_with_the_preview() -> None:
    net = Network()
    net.dial()
    net.bob.ring(183, body=sdp("bob"))
    net.bob.answer(body=b"")
    assert heard(net) == [(183, sdp("bob")), (200, sdp("bob"))]
    net.alice.say("BYE")
    net.assert_over()


def test_other_provisionals() -> None:
    net = Network()
    net.dial()
    for status in (181, 182, 199, 186):
        net.bob.ring(status)
    assert heard(net) == [(181, b""), (182, b""), (183, b"")]


def test_a_provisional_carries_no_offer() -> None:
    net = Network()
    net.dial(body=b"")
    net.bob.ring(183, body=sdp("bob"))
    assert heard(net) == [(183, b"")]


def test_a_repeated_provisional_is_said_once() -> None:
    net = Network()
    net.dial()
    for _ in range(5):
        net.bob.ring(183, body=sdp("bob"))
    assert len(heard(net)) == 1


def test_a_provisional_makes_an_early_dialog_of_both_sides() -> None:
    net = Network()
    net.dial()
    before = net.switch.call.dialog_ids()
    net.bob.ring()
    new = net.switch.call.dialog_ids() - before
    assert {d.remote_tag for d in new} == {net.bob.tag}
    contact = net.alice.last_response().value("contact")
    assert contact == f"<sip:{net.switch.call.call_id}@192.0.2.1:5060>"


def test_record_route_is_mirrored_only_to_make_the_dialog() -> None:
    net = Network()
    net.switch.groups.append((net.target("bob"),))
    net.alice.call(fields=(("record-route", "<sip:edge.test;lr>"),))
    net.bob.ring()
    assert net.alice.last_response().value("record-route") == "<sip:edge.test;lr>"
    net.bob.answer()
    assert net.alice.last_response().value("record-route") == "<sip:edge.test;lr>"
    assert not net.bob.requests("INVITE")[0].has("record-route")
    net.bob.say("BYE")
    assert net.alice.requests("BYE")[0].value("route") == "<sip:edge.test;lr>"


def test_targets_keep_their_route() -> None:
    net = Network()
    plain = net.target("bob")
    net.switch.groups.append(
        (
            Target(
                plain.name,
                plain.request_uri,
                plain.flow,
                from_value=plain.from_value,
                to_value=plain.to_value,
                ring_s=30,
                route=("<sip:out.test;lr>",),
            ),
        )
    )
    net.alice.call()
    assert net.bob.requests("INVITE")[0].value("route") == "<sip:out.test;lr>"
