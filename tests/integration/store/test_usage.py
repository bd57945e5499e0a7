"""Figures of runs: counted once by whomever, rolled up over families and journeys, kept when chats are gone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from mozaiks.access.principal import Tenant
from mozaiks.bootstrap import now
from mozaiks.chats.changes import Change
from mozaiks.chats.events import NewEvent
from mozaiks.chats.states import Chat, ChatStatus, Join
from mozaiks.store.chats import MongoChats
from mozaiks.store.erasures import MongoErasures
from mozaiks.store.spending import MongoSpending
from mozaiks.store.stats import MongoStats, stats_collection
from mozaiks.usage.calls import CallUsage, added

NewChat = Callable[..., Chat]
Rows = Database[dict[str, Any]]
ACME = Tenant("acme")
START = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)


def run_of(chats: MongoChats, chat: Chat, *, model: str = "m", cost: int | None = 7, calls: int = 1) -> None:
    """A run of ``chat`` that made calls and is over."""
    call = CallUsage("Host", model, 10, 4, 2, 1, 14, cost)
    ended = {"status": "waiting", "result": None, "turns": 2, "usage": {}, "duration_ms": 50, "run_no": chat.run_no}
    change = Change(
        {"status": ChatStatus.WAITING, "lease": None},
        (NewEvent("chat.run_complete", ended),),
        usage=tuple(added([], [call] * calls)),
    )
    chats.transact(Tenant(chat.app_id), chat.chat_id, lambda _: change)


def day_figures(database: Rows, app: str = "acme", workflow: str = "W") -> dict[str, Any]:
    found = database[stats_collection(app, workflow)].find_one(
        {"app_id": app, "workflow_name": workflow, "kind": "day"}
    )
    assert found is not None
    return found


@pytest.fixture
def spending(database: Rows) -> MongoSpending:
    return MongoSpending(database)


@pytest.fixture
def stats(database: Rows) -> MongoStats:
    return MongoStats(database, now)


def test_runs_are_counted_for_their_workflow_and_day(
    database: Rows, chats: MongoChats, new_chat: NewChat, stats: MongoStats
) -> None:
    for _ in range(3):
        run_of(chats, new_chat(run_claimed_at=START), calls=2)
    assert stats.count(100) == 3
    found = day_figures(database)
    assert (found["day"], found["runs"], found["runs_by_status"]) == ("2026-03-01", 3, {"waiting": 3})
    assert (found["model_calls"], found["total_tokens"], found["cost_nanousd"], found["turns"]) == (6, 84, 42, 6)
    part = database[stats_collection("acme", "W")].find_one({"kind": "agent_model"})
    assert part is not None
    assert (part["agent"], part["model"], part["model_calls"]) == ("Host", "m", 6)


def test_a_run_that_is_counted_is_not_counted_again(
    database: Rows, chats: MongoChats, new_chat: NewChat, stats: MongoStats
) -> None:
    run_of(chats, new_chat(run_claimed_at=START))
    assert [stats.count(100), stats.count(100)] == [1, 0]
    assert day_figures(database)["runs"] == 1


def test_many_who_count_at_once_count_each_run_once(
    database: Rows, chats: MongoChats, new_chat: NewChat, stats: MongoStats
) -> None:
    made = [new_chat(run_claimed_at=START) for _ in range(12)]
    for chat in made:
        run_of(chats, chat)

    def count(chat: Chat) -> int:
        return stats.count(10, ACME, chat.chat_id) + stats.count(4)

    with ThreadPoolExecutor(4) as pool:
        counted = sum(pool.map(count, made))
    assert counted + stats.count(100) == 12
    assert (day_figures(database)["runs"], day_figures(database)["total_tokens"]) == (12, 12 * 14)


def test_a_run_that_is_going_is_not_counted_and_yet_spent(
    chats: MongoChats, new_chat: NewChat, stats: MongoStats, spending: MongoSpending
) -> None:
    chat = new_chat(run_claimed_at=START)
    going = Change({"usage": chat.usage}, usage=tuple(added([], [CallUsage("Host", "m", 10, 4, 0, 0, 14, 7)])))
    chats.transact(ACME, chat.chat_id, lambda _: going)
    assert stats.count(100) == 0
    assert spending.of_day(ACME, "2026-03-01").total_tokens == 14


def test_a_day_is_the_same_before_and_after_its_runs_are_counted(
    chats: MongoChats, new_chat: NewChat, stats: MongoStats, spending: MongoSpending
) -> None:
    run_of(chats, new_chat(run_claimed_at=START))
    run_of(chats, new_chat(run_claimed_at=START), model="odd", cost=None)
    run_of(chats, new_chat(run_claimed_at=START + timedelta(hours=1)))
    before = spending.of_day(ACME, "2026-03-01")
    stats.count(100)
    assert spending.of_day(ACME, "2026-03-01") == before
    assert (before.total_tokens, before.cost_usd, before.unpriced_models) == (28, None, ("odd",))


def test_a_family_is_a_chat_with_all_it_spawned(chats: MongoChats, new_chat: NewChat, spending: MongoSpending) -> None:
    root = new_chat()
    child = new_chat(parent_chat_id=root.chat_id, root_chat_id=root.chat_id, depth=1)
    grandchild = new_chat(parent_chat_id=child.chat_id, root_chat_id=root.chat_id, depth=2)
    stranger = new_chat()
    for chat in (root, child, grandchild, stranger):
        run_of(chats, chat)
    found = [spending.of_family(ACME, chat.chat_id).model_calls for chat in (root, child, grandchild)]
    assert found == [3, 2, 1]
    assert spending.of_chat(ACME, root.chat_id).model_calls == 1


def test_a_journey_is_its_members_with_their_families(
    chats: MongoChats, new_chat: NewChat, spending: MongoSpending
) -> None:
    member = new_chat(join=Join("journey", "j1"))
    child = new_chat(parent_chat_id=member.chat_id, root_chat_id=member.chat_id, join=Join("children", member.chat_id))
    other = new_chat(join=Join("journey", "j2"))
    for chat in (member, child, other):
        run_of(chats, chat)
    assert spending.of_journey(ACME, "j1").model_calls == 2
    around = spending.around(ACME, child.chat_id)
    assert (around.chat.model_calls, around.journey_run_id) == (1, "j1")
    assert around.journey is not None
    assert around.journey.model_calls == 2


def test_nobody_is_told_of_another_apps_or_users_spending(
    chats: MongoChats, new_chat: NewChat, spending: MongoSpending
) -> None:
    chat = new_chat(join=Join("journey", "j1"))
    run_of(chats, chat)
    for tenant in (Tenant("other"), Tenant("acme", "bob")):
        assert spending.of_chat(tenant, chat.chat_id).model_calls == 0
        assert spending.of_family(tenant, chat.chat_id).model_calls == 0
        assert spending.of_journey(tenant, "j1").model_calls == 0
        assert spending.of_user(tenant).model_calls == 0
    assert spending.of_user(Tenant("acme", "ann")).model_calls == 1


def test_workflows_whose_collections_have_one_name_stay_apart(
    database: Rows, chats: MongoChats, new_chat: NewChat, stats: MongoStats
) -> None:
    assert stats_collection("a_b", "c") == stats_collection("a", "b_c")
    run_of(chats, new_chat(app_id="a_b", workflow_name="c", run_claimed_at=START))
    run_of(chats, new_chat(app_id="a", workflow_name="b_c", run_claimed_at=START), calls=2)
    stats.count(100)
    assert day_figures(database, "a_b", "c")["model_calls"] == 1
    assert day_figures(database, "a", "b_c")["model_calls"] == 2


@pytest.mark.parametrize("name", ["../etc", "a.b", "$where", "ä b", "x" * 300])
def test_a_workflows_name_makes_a_name_that_mongodb_takes(database: Rows, name: str) -> None:
    made = stats_collection("acme", name)
    assert made.startswith("workflow_stats_acme_")
    database[made].insert_one({"_id": "x"})


def test_an_app_that_has_no_ids_shape_names_no_collection() -> None:
    with pytest.raises(Exception, match="app_id"):
        stats_collection("acme$", "W")


def test_a_run_whose_worker_is_gone_is_counted_with_what_it_spent(
    database: Rows, chats: MongoChats, new_chat: NewChat, stats: MongoStats
) -> None:
    chat = new_chat(run_claimed_at=START)
    spent = Change({"usage": chat.usage}, usage=tuple(added([], [CallUsage("Host", "m", 10, 4, 0, 0, 14, 7)])))
    chats.transact(ACME, chat.chat_id, lambda _: spent)
    chats.transact(ACME, chat.chat_id, lambda found: Change({"run_no": found.run_no + 1}))
    assert stats.count(100) == 1
    assert day_figures(database)["runs_by_status"] == {"lost": 1}


def test_a_chat_that_is_cancelled_while_it_waits_adds_no_run(
    chats: MongoChats, new_chat: NewChat, stats: MongoStats
) -> None:
    chat = new_chat(run_claimed_at=START)
    run_of(chats, chat)
    ended = {"status": "cancelled", "result": None, "turns": 0, "usage": {}, "duration_ms": 0, "run_no": chat.run_no}
    over = Change({"status": ChatStatus.CANCELLED}, (NewEvent("chat.run_complete", ended),))
    chats.transact(ACME, chat.chat_id, lambda _: over)
    assert stats.count(100) == 1


def test_what_an_erased_chat_spent_stays_in_the_figures_of_its_app(
    database: Rows, chats: MongoChats, new_chat: NewChat, spending: MongoSpending
) -> None:
    chat = new_chat(run_claimed_at=START)
    run_of(chats, chat)
    erasures = MongoErasures(database, now)
    erasure = erasures.begin(Tenant("acme", "ann"), chat.chat_id)
    assert erasures.delete_chat(erasure, chat.chat_id, lambda: False)
    assert database["run_usage"].count_documents({}) == 0
    assert spending.of_day(ACME, "2026-03-01").total_tokens == 14
    names = [name for name in database.list_collection_names() if name.startswith(("workflow_stats", "app_usage"))]
    assert "ann" not in str([list(database[name].find()) for name in names])
