"""The only place where parts meet. What a function does not use, it does not import."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from pymongo.database import Database

from mozaiks.access.kms import KmsCipher
from mozaiks.access.secrets import Secrets
from mozaiks.access.signing_keys import SigningKeys
from mozaiks.access.tokens import TokenChecker
from mozaiks.chats.endings import Endings
from mozaiks.chats.erasure import Eraser
from mozaiks.chats.exporting import Exporter
from mozaiks.chats.reconcile import Reconciler
from mozaiks.chats.service import ChatService
from mozaiks.chats.states import Chat, JoinKind
from mozaiks.chats.stuck import StuckChats
from mozaiks.children.family import Family
from mozaiks.children.joining import Parents
from mozaiks.children.repairs import ParentRepairs
from mozaiks.children.tasks import ChildTasks
from mozaiks.flow.greeter import LambdaGreeter
from mozaiks.flow.journeys import StepFunctionsJourneys
from mozaiks.flow.runs import StepFunctionsRuns
from mozaiks.flow.tokens import StepFunctionsTokens
from mozaiks.flow.webhook import Webhook
from mozaiks.journeys.gating import Gates
from mozaiks.journeys.members import JourneyMembers
from mozaiks.journeys.news import JourneyNews
from mozaiks.journeys.opening import Opening
from mozaiks.journeys.repairs import JourneyRepairs
from mozaiks.journeys.service import JourneyService
from mozaiks.journeys.standing import JourneyStanding
from mozaiks.journeys.tasks import JourneyTasks
from mozaiks.push.closing import SocketCloser
from mozaiks.push.gateway import ApiGateway
from mozaiks.push.outbox import SenderOutbox
from mozaiks.push.sender import ChatSender, Pace
from mozaiks.push.socket import SocketService
from mozaiks.settings import Settings, settings
from mozaiks.store.chats import MongoChats
from mozaiks.store.client import Document, connect, reachable
from mozaiks.store.completed import MongoCompleted
from mozaiks.store.connections import MongoConnections
from mozaiks.store.drafts import MongoDrafts
from mozaiks.store.erasures import MongoErasures
from mozaiks.store.events import MongoEventLog
from mozaiks.store.exports import MongoExports
from mozaiks.store.journeys import MongoJourneys, MongoUnfinishedJourneys
from mozaiks.store.reports import MongoReports
from mozaiks.store.secrets import MongoSecrets
from mozaiks.store.snapshots import renew_after_restore
from mozaiks.store.spending import MongoSpending
from mozaiks.store.stats import MongoStats
from mozaiks.store.unfinished import MongoUnfinished
from mozaiks.usage.budgets import Budgets, Ceiling
from mozaiks.usage.repairs import UsageRepairs
from mozaiks.usage.reporting import Reporter

if TYPE_CHECKING:
    from mozaiks.children.opening import ChildOpener
    from mozaiks.engine.slice import SliceRunner
    from mozaiks.manifests import Workflows

__all__ = ["Parts", "parts"]


def now() -> datetime:
    """UTC in milliseconds, which is what MongoDB keeps."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def token_checker(config: Settings) -> TokenChecker:
    """What checks tokens by these settings."""
    keys = None
    if config.jwks_url is not None or config.oidc_issuer is not None:
        keys = SigningKeys(
            jwks_url=config.jwks_url,
            issuer=config.oidc_issuer,
            ttl_seconds=config.jwks_ttl_seconds,
            pause_seconds=config.jwks_pause_seconds,
        )
    return TokenChecker(
        secret=None if config.jwt_secret is None else config.jwt_secret.get_secret_value(),
        keys=keys,
        issuers=config.issuers,
        audiences=config.audiences,
        leeway_seconds=config.jwt_leeway_seconds,
    )


class Parts:
    """A process's adapters and use cases, wired from its settings."""

    def __init__(self, config: Settings) -> None:
        self.config = config
        self.tokens = token_checker(config) if config.checks_tokens else None
        self.database: Database[Document] = connect(config)
        self.chats = MongoChats(self.database, now)
        self.events = MongoEventLog(self.database)
        self.drafts = MongoDrafts(self.database)
        self.connections = MongoConnections(self.database)
        self.spending = MongoSpending(self.database)
        self.stats = MongoStats(self.database, now, reports=config.usage_webhook_url is not None)
        self.secrets = Secrets(MongoSecrets(self.database), KmsCipher(config.secrets_key_id), now)
        self.gateway = ApiGateway(config.websocket_callback_url, config.push_timeout_seconds)
        self.runs = StepFunctionsRuns(config.run_state_machine_arn)
        self.task_tokens = StepFunctionsTokens()
        # Who hears of the ends of chats is made of what ends them.
        listeners: dict[JoinKind, Callable[[Chat], None]] = {}
        self.endings = Endings(
            chats=self.chats,
            tokens=self.task_tokens,
            listeners=listeners,
            stop_children=lambda chat: self.family.stop(chat),
        )
        self.journey_store = MongoJourneys(self.database, now)
        self.service = ChatService(
            chats=self.chats,
            events=self.events,
            secrets=self.secrets,
            drafts=self.drafts,
            outbox=SenderOutbox(self.open_sender),
            runs=self.runs,
            endings=self.endings,
            journeys=JourneyStanding(self.journey_store),
            clock=now,
            seed_override=config.llm_default_cache_seed,
        )
        self.family = Family(self.chats, self.service.outbox, lambda: self.endings, now)
        listeners["children"] = self.family.child_ended
        self.parents = Parents(
            self.chats,
            self.events,
            self.service.outbox,
            self.service,
            self.family,
            self.runs,
            lambda: self.workflows,
            now,
        )
        self.gates = Gates(
            root=config.mozaiks_workflows_path,
            workflows=lambda: self.workflows,
            completions=MongoCompleted(self.database),
        )
        self.journeys = self._journeys()
        listeners["journey"] = self.journeys.members.ended
        self.opening = Opening(
            chats=self.service, gates=self.gates, workflows=lambda: self.workflows, journeys=self.journeys
        )
        self.eraser = Eraser(
            chats=self.chats,
            erasures=MongoErasures(self.database, now),
            outbox=self.service.outbox,
            endings=self.endings,
            sockets=SocketCloser(self.connections, self.gateway, now),
            stop_journeys=self.journeys.stop_all,
            clock=now,
        )
        self.exporter = Exporter(MongoExports(self.database), self.events)
        self.reconciler = Reconciler(
            unfinished=MongoUnfinished(self.database),
            service=self.service,
            runs=self.runs,
            connections=self.connections,
            eraser=self.eraser,
            clock=now,
        )
        self.stuck = StuckChats(MongoUnfinished(self.database), now)
        self.usage_repairs = UsageRepairs(self.stats, self._reporter())
        self.sockets = SocketService(
            chats=self.service,
            opening=self.opening,
            connections=self.connections,
            gateway=self.gateway,
            greeter=LambdaGreeter(config.message_function_name),
            clock=now,
        )

    def _reporter(self) -> Reporter | None:
        """Who tells of usage. The secret is given to the one function that does."""
        url, secret = self.config.usage_webhook_url, self.config.usage_webhook_secret
        if url is None or secret is None:
            return None
        return Reporter(MongoReports(self.database), Webhook(url), secret.get_secret_value(), now)

    def _journeys(self) -> JourneyService:
        store = self.journey_store
        executions = StepFunctionsJourneys(self.config.journey_state_machine_arn)
        news = JourneyNews(self.chats, self.service.outbox, self.connections, now)
        members = JourneyMembers(store, self.service, self.gates, lambda: self.workflows, executions, news, now)
        return JourneyService(store, self.service, self.gates, lambda: self.workflows, members, executions, news, now)

    @cached_property
    def journey_tasks(self) -> JourneyTasks:
        """What the state machine of journeys asks for."""
        journeys = self.journeys
        return JourneyTasks(journeys.journeys, journeys.members, self.endings, self.task_tokens, journeys.news, now)

    @cached_property
    def journey_repairs(self) -> JourneyRepairs:
        journeys = self.journeys
        return JourneyRepairs(
            MongoUnfinishedJourneys(self.database), journeys.journeys, journeys, journeys.executions, now
        )

    @property
    def parent_repairs(self) -> ParentRepairs:
        return ParentRepairs(MongoUnfinished(self.database), self.parents, self.family, now)

    @property
    def child_tasks(self) -> ChildTasks:
        """What the state machine of runs asks for around children."""
        return ChildTasks(self.parents, lambda: self.child_opener)

    @cached_property
    def child_opener(self) -> ChildOpener:
        """What the executions of parents open children with."""
        from mozaiks.children.opening import ChildOpener

        return ChildOpener(
            self.chats,
            self.service,
            self.endings,
            self.task_tokens,
            self.family,
            self.gates,
            lambda: self.workflows,
            now,
        )

    @cached_property
    def workflows(self) -> Workflows:
        """The installed workflows. The functions at the socket need none."""
        from mozaiks.manifests import Workflows

        return Workflows(self.config.mozaiks_workflows_path, watch=self.config.stage == "local")

    def ping(self) -> None:
        """Ask the database for a sign of life; ``DATABASE_UNAVAILABLE`` if there is none."""
        with reachable():
            self.database.command("ping")

    def open_sender(self, chat: Chat) -> ChatSender:
        config = self.config
        return ChatSender(
            chat,
            gateway=self.gateway,
            connections=self.connections,
            drafts=self.drafts,
            clock=now,
            pace=Pace(
                config.push_coalesce_seconds,
                config.push_coalesce_bytes,
                config.push_timeout_seconds,
                config.push_drain_seconds,
            ),
        )

    def slices(self) -> SliceRunner:
        """The engine. Imports AG2; call it within the loop that will run it."""
        from mozaiks.engine.accounts import Accounts
        from mozaiks.engine.model_client import ModelConfigs
        from mozaiks.engine.slice import SliceRunner
        from mozaiks.store.histories import MongoHistories
        from mozaiks.store.offloaded import OffloadedReferences, OffloadedStore
        from mozaiks.store.references import MongoReferences
        from mozaiks.store.tool_results import MongoToolResults
        from mozaiks.usage.prices import Prices

        config = self.config

        @contextlib.asynccontextmanager
        async def sender_of(chat: Chat) -> AsyncIterator[ChatSender]:
            sender = self.open_sender(chat)
            try:
                yield sender
            finally:
                await asyncio.to_thread(sender.close)

        return SliceRunner(
            store=OffloadedStore(
                self.chats, self.events, MongoHistories(self.database), MongoToolResults(self.database)
            ),
            workflows=self.workflows,
            models=ModelConfigs(self.config),
            sources=OffloadedReferences(MongoReferences(self.database)),
            vault=self.secrets,
            accounts=Accounts(
                Prices(config.model_prices),
                Budgets(
                    of_run=Ceiling(config.run_budget_tokens, config.run_budget_usd),
                    of_app=Ceiling(config.app_daily_budget_tokens, config.app_daily_budget_usd),
                    spending=self.spending,
                    clock=now,
                ),
            ),
            executions=self.runs,
            endings=self.endings,
            counter=self.stats,
            open_sender=sender_of,
            config=self.config,
            clock=now,
            toolboxes={},
        )


@lru_cache(maxsize=1)
def parts() -> Parts:
    """The process's parts, made on first use."""
    from mozaiks.logs import configure

    config = settings()
    renew_after_restore()
    configure(config)
    return Parts(config)
