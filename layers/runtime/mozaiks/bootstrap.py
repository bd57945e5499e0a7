"""The only place where parts meet.

Each part is made, and its modules are loaded, when it is first asked for: what a function does not use, it does not
import. That is most of a cold start, and the reason why imports stand within the properties here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from mozaiks.errors import MozaiksError
from mozaiks.settings import Settings, settings
from mozaiks.store.client import Document, connect, reachable
from mozaiks.store.snapshots import renew_after_restore

if TYPE_CHECKING:
    from pymongo.database import Database

    from mozaiks.access.secrets import Secrets
    from mozaiks.access.tokens import TokenChecker
    from mozaiks.chats.endings import Endings
    from mozaiks.chats.erasure import Eraser
    from mozaiks.chats.exporting import Exporter
    from mozaiks.chats.reconcile import Reconciler
    from mozaiks.chats.service import ChatService
    from mozaiks.chats.states import Chat
    from mozaiks.chats.stuck import StuckChats
    from mozaiks.children.family import Family
    from mozaiks.children.joining import Parents
    from mozaiks.children.opening import ChildOpener
    from mozaiks.children.repairs import ParentRepairs
    from mozaiks.children.tasks import ChildTasks
    from mozaiks.engine.slice import SliceRunner
    from mozaiks.engine.spans import Tracer
    from mozaiks.flow.runs import StepFunctionsRuns
    from mozaiks.flow.tokens import StepFunctionsTokens
    from mozaiks.journeys.gating import Gates
    from mozaiks.journeys.opening import Opening
    from mozaiks.journeys.repairs import JourneyRepairs
    from mozaiks.journeys.service import JourneyService
    from mozaiks.journeys.tasks import JourneyTasks
    from mozaiks.manifests import Workflows
    from mozaiks.push.admission import Admission
    from mozaiks.push.gateway import ApiGateway
    from mozaiks.push.sender import ChatSender
    from mozaiks.push.socket import SocketService
    from mozaiks.store.chats import MongoChats
    from mozaiks.store.connections import MongoConnections
    from mozaiks.store.drafts import MongoDrafts
    from mozaiks.store.events import MongoEventLog
    from mozaiks.store.journeys import MongoJourneys
    from mozaiks.store.spending import MongoSpending
    from mozaiks.store.stats import MongoStats
    from mozaiks.usage.repairs import UsageRepairs
    from mozaiks.usage.reporting import Reporter

__all__ = ["Parts", "parts"]


def now() -> datetime:
    """UTC in milliseconds, which is what MongoDB keeps."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def token_checker(config: Settings) -> TokenChecker:
    """What checks tokens by these settings."""
    from mozaiks.access.tokens import TokenChecker

    keys = None
    if config.jwks_url is not None or config.oidc_issuer is not None:
        from mozaiks.access.signing_keys import SigningKeys

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
        # Not on first use: it begins to connect while the rest is imported.
        self.database: Database[Document] = connect(config)

    # What keeps and carries: adapters.

    @cached_property
    def tokens(self) -> TokenChecker | None:
        """What checks tokens; ``None`` where none are."""
        return token_checker(self.config) if self.config.checks_tokens else None

    @cached_property
    def chats(self) -> MongoChats:
        from mozaiks.store.chats import MongoChats

        return MongoChats(self.database, now)

    @cached_property
    def events(self) -> MongoEventLog:
        from mozaiks.store.events import MongoEventLog

        return MongoEventLog(self.database)

    @cached_property
    def drafts(self) -> MongoDrafts:
        from mozaiks.store.drafts import MongoDrafts

        return MongoDrafts(self.database)

    @cached_property
    def connections(self) -> MongoConnections:
        from mozaiks.store.connections import MongoConnections

        return MongoConnections(self.database)

    @cached_property
    def journey_store(self) -> MongoJourneys:
        from mozaiks.store.journeys import MongoJourneys

        return MongoJourneys(self.database, now)

    @cached_property
    def spending(self) -> MongoSpending:
        from mozaiks.store.spending import MongoSpending

        return MongoSpending(self.database)

    @cached_property
    def stats(self) -> MongoStats:
        from mozaiks.store.stats import MongoStats

        return MongoStats(self.database, now, reports=self.config.usage_webhook_url is not None)

    @cached_property
    def secrets(self) -> Secrets:
        from mozaiks.access.kms import KmsCipher
        from mozaiks.access.secrets import Secrets
        from mozaiks.store.secrets import MongoSecrets

        return Secrets(MongoSecrets(self.database), KmsCipher(self.config.secrets_key_id), now)

    @cached_property
    def gateway(self) -> ApiGateway:
        from mozaiks.push.gateway import ApiGateway

        return ApiGateway(self.config.websocket_callback_url, self.config.push_timeout_seconds)

    @cached_property
    def runs(self) -> StepFunctionsRuns:
        from mozaiks.flow.runs import StepFunctionsRuns

        return StepFunctionsRuns(self.config.run_state_machine_arn)

    @cached_property
    def task_tokens(self) -> StepFunctionsTokens:
        from mozaiks.flow.tokens import StepFunctionsTokens

        return StepFunctionsTokens()

    @cached_property
    def workflows(self) -> Workflows:
        """The installed workflows. The functions at the socket need none."""
        from mozaiks.manifests import Workflows

        return Workflows(self.config.mozaiks_workflows_path, watch=self.config.stage == "local")

    # What clients ask for.

    @cached_property
    def service(self) -> ChatService:
        from mozaiks.chats.service import ChatService
        from mozaiks.journeys.standing import JourneyStanding
        from mozaiks.push.outbox import SenderOutbox

        return ChatService(
            chats=self.chats,
            events=self.events,
            secrets=self.secrets,
            drafts=self.drafts,
            outbox=SenderOutbox(self.open_sender),
            runs=self.runs,
            endings=self.endings,
            journeys=JourneyStanding(lambda: self.journey_store),
            clock=now,
            seed_override=self.config.llm_default_cache_seed,
        )

    @cached_property
    def endings(self) -> Endings:
        from mozaiks.chats.endings import Endings

        # Who hears of the ends of chats is made of what ends them.
        return Endings(
            chats=self.chats,
            tokens=self.task_tokens,
            listeners={
                "children": lambda chat: self.family.child_ended(chat),
                "journey": lambda chat: self.journeys.members.ended(chat),
            },
            stop_children=lambda chat: self.family.stop(chat),
        )

    @cached_property
    def gates(self) -> Gates:
        from mozaiks.journeys.gating import Gates
        from mozaiks.store.completed import MongoCompleted

        return Gates(
            root=self.config.mozaiks_workflows_path,
            workflows=lambda: self.workflows,
            completions=MongoCompleted(self.database),
        )

    @cached_property
    def opening(self) -> Opening:
        from mozaiks.journeys.opening import Opening

        return Opening(chats=self.service, gates=self.gates, workflows=lambda: self.workflows, journeys=self.journeys)

    @cached_property
    def admission(self) -> Admission:
        """What lets sockets in."""
        from mozaiks.flow.greeter import LambdaGreeter
        from mozaiks.push.admission import Admission

        return Admission(self.chats, self.connections, LambdaGreeter(self.config.message_function_name), now)

    @cached_property
    def sockets(self) -> SocketService:
        """What answers their frames."""
        from mozaiks.push.socket import SocketService

        return SocketService(
            chats=self.service,
            opening=lambda: self.opening,
            connections=self.connections,
            gateway=self.gateway,
            clock=now,
        )

    @cached_property
    def eraser(self) -> Eraser:
        from mozaiks.chats.erasure import Eraser
        from mozaiks.push.closing import SocketCloser
        from mozaiks.store.erasures import MongoErasures

        return Eraser(
            chats=self.chats,
            erasures=MongoErasures(self.database, now),
            outbox=self.service.outbox,
            endings=self.endings,
            sockets=SocketCloser(self.connections, self.gateway, now),
            stop_journeys=lambda tenant: self.journeys.stop_all(tenant),
            clock=now,
        )

    @cached_property
    def exporter(self) -> Exporter:
        from mozaiks.chats.exporting import Exporter
        from mozaiks.store.exports import MongoExports

        return Exporter(MongoExports(self.database), self.events)

    def ping(self) -> None:
        """Ask the database for a sign of life; ``DATABASE_UNAVAILABLE`` if there is none."""
        with reachable():
            self.database.command("ping")

    # Journeys.

    @cached_property
    def journeys(self) -> JourneyService:
        from mozaiks.flow.journeys import StepFunctionsJourneys
        from mozaiks.journeys.members import JourneyMembers
        from mozaiks.journeys.news import JourneyNews
        from mozaiks.journeys.service import JourneyService

        store = self.journey_store
        executions = StepFunctionsJourneys(self.config.journey_state_machine_arn)
        news = JourneyNews(self.chats, self.service.outbox, self.connections, now)
        members = JourneyMembers(store, self.service, self.gates, lambda: self.workflows, executions, news, now)
        return JourneyService(store, self.service, self.gates, lambda: self.workflows, members, executions, news, now)

    @cached_property
    def journey_tasks(self) -> JourneyTasks:
        """What the state machine of journeys asks for."""
        from mozaiks.journeys.tasks import JourneyTasks

        journeys = self.journeys
        return JourneyTasks(journeys.journeys, journeys.members, self.endings, self.task_tokens, journeys.news, now)

    # Parents and children.

    @cached_property
    def family(self) -> Family:
        from mozaiks.children.family import Family

        return Family(self.chats, self.service.outbox, lambda: self.endings, now)

    @cached_property
    def parents(self) -> Parents:
        from mozaiks.children.joining import Parents

        return Parents(
            self.chats,
            self.events,
            self.service.outbox,
            self.service,
            self.family,
            self.runs,
            lambda: self.workflows,
            now,
        )

    @property
    def child_tasks(self) -> ChildTasks:
        """What the state machine of runs asks for around children."""
        from mozaiks.children.tasks import ChildTasks

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

    # What is looked after each minute.

    @cached_property
    def reconciler(self) -> Reconciler:
        from mozaiks.chats.reconcile import Reconciler
        from mozaiks.store.unfinished import MongoUnfinished

        return Reconciler(
            unfinished=MongoUnfinished(self.database),
            service=self.service,
            runs=self.runs,
            connections=self.connections,
            eraser=self.eraser,
            clock=now,
        )

    @property
    def parent_repairs(self) -> ParentRepairs:
        from mozaiks.children.repairs import ParentRepairs
        from mozaiks.store.unfinished import MongoUnfinished

        return ParentRepairs(MongoUnfinished(self.database), self.parents, self.family, now)

    @cached_property
    def journey_repairs(self) -> JourneyRepairs:
        from mozaiks.journeys.repairs import JourneyRepairs
        from mozaiks.store.journeys import MongoUnfinishedJourneys

        journeys = self.journeys
        return JourneyRepairs(
            MongoUnfinishedJourneys(self.database), journeys.journeys, journeys, journeys.executions, now
        )

    @cached_property
    def usage_repairs(self) -> UsageRepairs:
        from mozaiks.usage.repairs import UsageRepairs

        return UsageRepairs(self.stats, self._reporter())

    @cached_property
    def stuck(self) -> StuckChats:
        from mozaiks.chats.stuck import StuckChats
        from mozaiks.store.unfinished import MongoUnfinished

        return StuckChats(MongoUnfinished(self.database), now)

    def _reporter(self) -> Reporter | None:
        """Who tells of usage. The secret is given to the one function that does."""
        url, secret = self.config.usage_webhook_url, self.config.usage_webhook_secret
        if url is None or secret is None:
            return None
        from mozaiks.flow.webhook import Webhook
        from mozaiks.store.reports import MongoReports
        from mozaiks.usage.reporting import Reporter

        return Reporter(MongoReports(self.database), Webhook(url), secret.get_secret_value(), now)

    # What runs chats.

    def open_sender(self, chat: Chat) -> ChatSender:
        from mozaiks.push.sender import ChatSender, Pace

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

    @cached_property
    def tracer(self) -> Tracer:
        """Where a slice's spans go. Without an address nothing of it is imported.

        Raises
        ------
        MozaiksError
            ``CONFIGURATION`` with an address and without the packages.
        """
        from mozaiks.engine.spans import UNTRACED

        if self.config.otel_exporter_otlp_endpoint is None:
            return UNTRACED
        try:
            from mozaiks.otlp import OtlpTracer
        except ModuleNotFoundError as error:
            if not (error.name or "").startswith("opentelemetry"):
                raise
            raise MozaiksError(
                "CONFIGURATION",
                f"OTEL_EXPORTER_OTLP_ENDPOINT is set and the package {error.name} is missing; install the extra "
                "requirements/otel.txt, or add the lines of requirements/otel.in to workflows/requirements.txt",
            ) from error
        return OtlpTracer(self.config)

    def slices(self) -> SliceRunner:
        """The engine. Imports AG2; call it within the loop that will run it."""
        from mozaiks.engine.accounts import Accounts
        from mozaiks.engine.model_client import ModelConfigs
        from mozaiks.engine.slice import SliceRunner
        from mozaiks.store.histories import MongoHistories
        from mozaiks.store.offloaded import OffloadedReferences, OffloadedStore
        from mozaiks.store.references import MongoReferences
        from mozaiks.store.tool_results import MongoToolResults
        from mozaiks.usage.budgets import Budgets, Ceiling
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
            tracer=self.tracer,
        )


@lru_cache(maxsize=1)
def parts() -> Parts:
    """The process's parts, made on first use."""
    from mozaiks.logs import configure

    config = settings()
    renew_after_restore()
    configure(config)
    return Parts(config)
