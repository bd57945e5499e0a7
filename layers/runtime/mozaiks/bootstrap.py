"""The only place where parts meet. What a function does not use, it does not import."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from pymongo.database import Database

from mozaiks.access.kms import KmsCipher
from mozaiks.access.secrets import Secrets
from mozaiks.access.signing_keys import SigningKeys
from mozaiks.access.tokens import TokenChecker
from mozaiks.chats.endings import Endings
from mozaiks.chats.reconcile import Reconciler
from mozaiks.chats.service import ChatService
from mozaiks.chats.states import Chat
from mozaiks.flow.greeter import LambdaGreeter
from mozaiks.flow.runs import StepFunctionsRuns
from mozaiks.flow.tokens import StepFunctionsTokens
from mozaiks.journeys.gating import Gates
from mozaiks.journeys.opening import Opening
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
from mozaiks.store.events import MongoEventLog
from mozaiks.store.secrets import MongoSecrets
from mozaiks.store.unfinished import MongoUnfinished

if TYPE_CHECKING:
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
        self.secrets = Secrets(MongoSecrets(self.database), KmsCipher(config.secrets_key_id), now)
        self.gateway = ApiGateway(config.websocket_callback_url, config.push_timeout_seconds)
        self.runs = StepFunctionsRuns(config.run_state_machine_arn)
        self.endings = Endings(chats=self.chats, tokens=StepFunctionsTokens(), listeners={})
        self.service = ChatService(
            chats=self.chats,
            events=self.events,
            secrets=self.secrets,
            drafts=self.drafts,
            outbox=SenderOutbox(self.open_sender),
            runs=self.runs,
            endings=self.endings,
            clock=now,
            seed_override=config.llm_default_cache_seed,
        )
        self.gates = Gates(
            root=config.mozaiks_workflows_path,
            workflows=lambda: self.workflows,
            completions=MongoCompleted(self.database),
        )
        self.opening = Opening(chats=self.service, gates=self.gates, workflows=lambda: self.workflows)
        self.reconciler = Reconciler(
            unfinished=MongoUnfinished(self.database),
            service=self.service,
            runs=self.runs,
            connections=self.connections,
            clock=now,
        )
        self.sockets = SocketService(
            chats=self.service,
            opening=self.opening,
            connections=self.connections,
            gateway=self.gateway,
            greeter=LambdaGreeter(config.message_function_name),
            clock=now,
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
        from mozaiks.engine.model_client import ModelConfigs
        from mozaiks.engine.slice import SliceRunner
        from mozaiks.store.histories import MongoHistories
        from mozaiks.store.offloaded import OffloadedReferences, OffloadedStore
        from mozaiks.store.references import MongoReferences
        from mozaiks.store.tool_results import MongoToolResults

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
            executions=self.runs,
            endings=self.endings,
            open_sender=sender_of,
            config=self.config,
            clock=now,
            toolboxes={},
        )


@lru_cache(maxsize=1)
def parts() -> Parts:
    """The process's parts, made on first use."""
    config = settings()
    logging.getLogger("mozaiks").setLevel(config.log_level)
    return Parts(config)
