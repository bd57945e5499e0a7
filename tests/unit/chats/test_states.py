"""The seed of a chat, and times on the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from mozaiks.chats.events import NewEvent, timestamp
from mozaiks.chats.states import cache_seed_of


@pytest.mark.parametrize(
    ("app_id", "chat_id", "seed"),
    [("acme_corp", "chat_abc123", 1607456783), ("acme_corp", "chat_abc123def456", 2900028032)],
)
def test_the_seed_is_the_first_four_bytes_of_the_hash(app_id: str, chat_id: str, seed: int) -> None:
    assert cache_seed_of(app_id, chat_id) == seed


def test_times_are_utc_with_milliseconds() -> None:
    moment = datetime(2026, 5, 6, 9, 8, 7, 654_321, tzinfo=timezone(timedelta(hours=2)))
    assert timestamp(moment) == "2026-05-06T07:08:07.654Z"
    assert timestamp(datetime(2026, 5, 6, tzinfo=UTC)) == "2026-05-06T00:00:00.000Z"


def test_an_event_of_an_unknown_type_is_a_bug() -> None:
    with pytest.raises(ValueError, match="no durable event type"):
        NewEvent("chat.print", {})
