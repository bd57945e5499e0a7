"""Where a chat's engine stands, as versions before and after this one have stored it."""

from __future__ import annotations

from mozaiks.engine.state import EngineState, OpenTurn


def test_what_was_stored_is_loaded() -> None:
    state = EngineState(speaker="Host", run_no=3, slice_no=2, open_turn=OpenTurn("Host", 4))
    assert EngineState.load(state.dump()) == state


def test_a_state_of_a_version_that_counted_no_slices_begins_to_count() -> None:
    stored = EngineState(run_no=3).dump()
    del stored["slice_no"]
    assert EngineState.load(stored).slice_no == 0


def test_what_a_newer_version_stored_beside_it_does_not_keep_a_chat_from_going_on() -> None:
    stored = {**EngineState(run_no=3).dump(), "of_a_newer_version": 1}
    assert EngineState.load(stored) == EngineState(run_no=3)
