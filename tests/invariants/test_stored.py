"""Chats that earlier versions of the product stored go on with this one, wherever they stood."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mozaiks.chats.states import ChatStatus

from .promise import broken
from .runtime import ANN
from .stored import KeptChat, kept_chats, put_back
from .theatre import Theatre, story

KEPT = list(kept_chats())


def test_there_are_stored_chats() -> None:
    assert len(KEPT) >= 13


@pytest.mark.parametrize("kept", KEPT, ids=[kept.stop for kept in KEPT])
def test_a_chat_that_an_earlier_version_stored_goes_on_to_its_end(
    kept: KeptChat, theatre_of: Callable[..., Theatre], tmp_path: Path
) -> None:
    shutil.copytree(kept.workflows / kept.play.name, tmp_path / "workflows" / kept.play.name)
    theatre = theatre_of(kept.play)
    put_back(kept, theatre, tmp_path)
    theatre.connect(kept.chat_id, kept.chat_id)
    has_failed = theatre.runtime.parts.service.get(ANN, kept.chat_id).status is ChatStatus.FAILED
    if has_failed:
        theatre.runtime.parts.service.retry(ANN, kept.chat_id)
        theatre.runtime.drive(kept.chat_id)
    history = theatre.history(kept.chat_id, theatre.perform(kept.chat_id))
    another = theatre.open()
    expected = theatre.history(another, theatre.perform(another))
    assert broken(history) == []
    if has_failed:
        assert [told for told in story(history) if told[0] == "text"] == [
            told for told in story(expected) if told[0] == "text"
        ]
    else:
        assert story(history) == story(expected)
    assert history.session["status"] == expected.session["status"]
