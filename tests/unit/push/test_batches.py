"""Frames gathered into batches: in order, none lost, none over the gateway's limit."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mozaiks.push.batches import batched
from mozaiks.push.delivery import MAX_FRAME_BYTES, encode

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def frame(seq: int, size: int) -> dict[str, Any]:
    return {"type": "chat.text", "seq": seq, "data": {"kind": "text", "content": "x" * size}}


@given(st.lists(st.sampled_from([1, 500, 40_000, 90_000, 110_000]), max_size=12))
def test_what_batches_hold_is_what_was_to_be_sent_in_its_order(sizes: list[int]) -> None:
    frames = [frame(seq, size) for seq, size in enumerate(sizes, start=1)]
    sent = list(batched(frames, "c1", NOW))
    flat = [each for one in sent for each in (one["data"]["events"] if one["type"] == "chat.batch" else [one])]
    assert flat == frames
    assert all(len(encode(each)) <= MAX_FRAME_BYTES for each in sent)


def test_a_thousand_small_frames_are_a_few_posts() -> None:
    assert len(list(batched((frame(seq, 100) for seq in range(1, 1001)), "c1", NOW))) <= 3


def test_a_frame_that_is_too_large_for_the_gateway_spoils_no_batch() -> None:
    frames = [frame(1, 100), frame(2, MAX_FRAME_BYTES), frame(3, 100)]
    (batch,) = batched(frames, "c1", NOW)
    first, reference, last = batch["data"]["events"]
    assert (first, last) == (frames[0], frames[2])
    assert (reference["seq"], reference["data"]["oversize"]) == (2, True)
    assert "content" not in reference["data"]
    assert json.loads(encode(batch)) == batch
