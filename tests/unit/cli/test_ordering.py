"""The three rules, over hand-made and generated streams."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mozaiks_local.client.drafts import Drafts
from mozaiks_local.client.events import Event, parse_frame
from mozaiks_local.client.ordering import InOrder


def _event(seq: int, type_: str = "chat.text") -> Event:
    return Event(type_, {}, seq=seq)


def _print(message_id: str, offset: int, content: str) -> Event:
    return Event("chat.print", {"message_id": message_id, "offset": offset, "content": content, "agent": "A"})


def test_a_repeated_event_is_dropped() -> None:
    order = InOrder()
    assert [e.seq for e in order.accept(_event(1))] == [1]
    assert order.accept(_event(1)) == []


def test_an_event_that_is_ahead_is_held_until_the_ones_before_it_came() -> None:
    order = InOrder()
    assert order.accept(_event(3)) == []
    assert order.accept(_event(2)) == []
    assert order.gap
    assert [e.seq for e in order.accept(_event(1))] == [1, 2, 3]
    assert not order.gap


def test_what_was_seen_before_is_not_shown_again() -> None:
    order = InOrder(last_seq=7)
    assert order.accept(_event(7)) == []
    assert [e.seq for e in order.accept(_event(8))] == [8]


def test_a_hidden_event_fills_its_place_and_is_not_shown() -> None:
    order = InOrder()
    order.accept(_event(1))
    order.accept(_event(3))
    assert [e.seq for e in order.accept(_event(2, "chat.hidden"))] == [3]
    assert order.last_seq == 3


def test_events_the_greeting_announces_and_nobody_delivered_are_a_gap() -> None:
    order = InOrder()
    order.accept(Event("chat_meta", {"last_seq": 2}))
    assert order.gap


def test_a_boundary_waits_for_the_events_it_closes() -> None:
    order = InOrder()
    assert order.accept(Event("chat.resume_boundary", {"last_seq": 2})) == []
    order.accept(_event(1))
    assert [e.type for e in order.accept(_event(2))] == ["chat.text", "chat.resume_boundary"]


@given(st.data(), st.integers(1, 12))
def test_any_delivery_order_with_repeats_shows_each_event_once_in_order(data: st.DataObject, count: int) -> None:
    extra = data.draw(st.lists(st.integers(1, count), max_size=20))
    stream = data.draw(st.permutations([*range(1, count + 1), *extra]))
    order = InOrder()
    assert [e.seq for seq in stream for e in order.accept(_event(seq))] == list(range(1, count + 1))
    assert not order.gap


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@given(st.data(), st.text(min_size=1, max_size=40))
def test_any_delivery_of_overlapping_deltas_merges_into_the_message(data: st.DataObject, message: str) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(message)), max_size=6)) | {0, len(message)})
    pieces = list(pairwise(cuts))
    extra = data.draw(st.lists(st.tuples(st.integers(0, len(message)), st.integers(0, len(message))), max_size=6))
    stream = data.draw(st.permutations([*pieces, *[(min(p), max(p)) for p in extra]]))
    drafts = Drafts()
    shown = ""
    for start, end in stream:
        for event in drafts.accept(_print("m", units(message[:start]), message[start:end])):
            assert event.data["offset"] == units(shown)
            shown += event.data["content"]
    assert shown == message


def test_a_new_message_abandons_the_unfinished_one() -> None:
    drafts = Drafts()
    drafts.accept(_print("a", 0, "half a tho"))
    drafts.accept(_print("b", 0, "again"))
    assert drafts.accept(_print("a", 10, "ught")) == []
    assert drafts.current is not None
    assert (drafts.current.message_id, drafts.current.text) == ("b", "again")


def test_a_late_delta_of_a_finished_message_is_dropped() -> None:
    drafts = Drafts()
    drafts.accept(_print("a", 0, "Hel"))
    drafts.accept(Event("chat.text", {"message_id": "a", "content": "Hello"}, seq=1))
    assert drafts.accept(_print("a", 3, "lo")) == []
    assert drafts.current is None


def test_a_frame_of_the_gateway_itself_becomes_an_error() -> None:
    event = parse_frame('{"message": "Internal server error", "connectionId": "x", "requestId": "y"}')
    assert (event.type, event.data["code"], event.data["message"]) == ("error", "GATEWAY", "Internal server error")


def test_fields_of_an_envelope_without_data_are_its_data() -> None:
    assert parse_frame('{"type": "pong", "at": 3}').data == {"at": 3}


def test_a_frame_that_is_no_json_becomes_an_error() -> None:
    assert parse_frame("{oh").data["code"] == "BAD_FRAME"
