"""The use cases on a chat: one function each."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from mozaiks.access.principal import Principal, Tenant
from mozaiks.access.sealed import SealedSecret
from mozaiks.chats import answering, decisions, oauth
from mozaiks.chats.answering import answer_command
from mozaiks.chats.changes import Applied, Change
from mozaiks.chats.commands import ComponentAction, SubmitInput
from mozaiks.chats.components import component_action
from mozaiks.chats.events import ChatMeta, Event, NewEvent, OauthCompleted, Print, ResumeBoundary, envelope, new_id
from mozaiks.chats.ports import ChatJourneys, Chats, Drafts, Ended, EventLog, Outbox, RunStarter, SecretTaker
from mozaiks.chats.positions import Position
from mozaiks.chats.requests import shown_all
from mozaiks.chats.states import Chat, ChatStatus, Greeting, Join, cache_seed_of
from mozaiks.chats.visibility import may_see_agent, present
from mozaiks.errors import MozaiksError

__all__ = ["ChatService", "Started", "WorkflowFacts"]

log = logging.getLogger("mozaiks.chats")

REPLAY_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class WorkflowFacts:
    """What a new chat is bound to."""

    name: str
    version: str
    greeting: Greeting


@dataclass(frozen=True, slots=True)
class Started:
    chat: Chat
    reused: bool


def _now() -> datetime:
    # MongoDB keeps milliseconds; what we hold in memory must equal what we read back.
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


@dataclass(frozen=True, slots=True)
class ChatService:
    """Commands and queries of clients, for one principal each."""

    chats: Chats
    events: EventLog
    secrets: SecretTaker
    drafts: Drafts
    outbox: Outbox
    runs: RunStarter
    endings: Ended
    journeys: ChatJourneys
    seed_override: int | None = None
    clock: Callable[[], datetime] = _now

    def start(
        self,
        principal: Principal,
        workflow: WorkflowFacts,
        *,
        client_request_id: str | None = None,
        force_new: bool = False,
        initial_message: str | None = None,
    ) -> Started:
        """Create a chat, or find the one this request made before.

        The same ``client_request_id`` always finds the same chat. Without one, a chat of this user and workflow that
        has not begun is used again (a page that mounts twice), unless ``force_new`` or a message says otherwise.
        """
        earlier = self._earlier(principal, workflow.name, client_request_id, force_new or initial_message is not None)
        if earlier is not None:
            self._start_if_claimed(earlier)
            return Started(earlier, reused=True)
        now = self.clock()
        chat, first_message = self._newborn(
            principal, workflow, new_id(), client_request_id=client_request_id, initial_message=initial_message
        )
        try:
            applied = self.chats.create(chat, decisions.opening(chat, now, first_message))
        except MozaiksError as error:
            # Two requests with the same id raced: the other one made the chat.
            if error.code != "IDEMPOTENCY_MISMATCH" or client_request_id is None:
                raise
            winner = self.chats.started_by(principal.tenant, workflow.name, client_request_id)
            if winner is None:
                raise
            return Started(winner, reused=True)
        self._start_if_claimed(applied.chat)
        return Started(applied.chat, reused=False)

    def open(
        self,
        principal: Principal,
        workflow: WorkflowFacts,
        chat_id: str,
        *,
        join: Join,
        client_request_id: str | None = None,
        initial_message: str | None = None,
        first: tuple[NewEvent, ...] = (),
    ) -> Chat:
        """Create the chat of this id for those who wait for its end, or find it. Safe to repeat.

        Parameters
        ----------
        join
            Who waits.
        first
            What its log begins with.
        """
        now = self.clock()
        chat, first_message = self._newborn(
            principal, workflow, chat_id, client_request_id=client_request_id, initial_message=initial_message
        )
        change = decisions.opening(chat, now, first_message)
        says = None if change.says is None else change.says + len(first)
        try:
            applied = self.chats.create(
                replace(chat, join=join), replace(change, events=(*first, *change.events), says=says)
            )
        except MozaiksError as error:
            if error.code != "IDEMPOTENCY_MISMATCH":
                raise
            applied = Applied(self.get(principal, chat_id))
        self._start_and_tell(applied)
        return applied.chat

    def _newborn(
        self,
        principal: Principal,
        workflow: WorkflowFacts,
        chat_id: str,
        *,
        client_request_id: str | None,
        initial_message: str | None,
    ) -> tuple[Chat, str | None]:
        """A chat as it is before anything happened to it, and what its user says first, if that is not hidden."""
        greeting, first_message = workflow.greeting, None
        if initial_message is not None:
            if greeting.startup_mode == "UserDriven":
                first_message = initial_message
            else:
                greeting = replace(greeting, initial_message=initial_message)
        now = self.clock()
        seed = cache_seed_of(principal.app_id, chat_id) if self.seed_override is None else self.seed_override
        chat = Chat(
            chat_id=chat_id,
            app_id=principal.app_id,
            user_id=principal.user_id,
            workflow_name=workflow.name,
            workflow_version=workflow.version,
            greeting=greeting,
            cache_seed=seed,
            created_at=now,
            updated_at=now,
            client_request_id=client_request_id,
        )
        return chat, first_message

    def started_by(self, principal: Principal, workflow_name: str, client_request_id: str) -> Chat | None:
        """The principal's chat of this workflow, as declared, that this request made."""
        return self.chats.started_by(principal.tenant, workflow_name, client_request_id)

    def untouched(self, principal: Principal, workflow_name: str) -> Chat | None:
        """The principal's newest chat of this workflow, as declared, that has not begun."""
        return self.chats.untouched(principal.tenant, workflow_name)

    def _earlier(
        self, principal: Principal, workflow_name: str, client_request_id: str | None, must_be_new: bool
    ) -> Chat | None:
        if client_request_id is not None:
            return self.chats.started_by(principal.tenant, workflow_name, client_request_id)
        return None if must_be_new else self.chats.untouched(principal.tenant, workflow_name)

    def get(self, principal: Principal, chat_id: str) -> Chat:
        """The principal's chat; ``CHAT_NOT_FOUND`` if it is not there or another's."""
        return self.chats.get(principal.tenant, chat_id)

    def page(
        self,
        principal: Principal,
        workflow_name: str,
        *,
        limit: int,
        before: Position | None = None,
        status: ChatStatus | None = None,
    ) -> Sequence[Chat]:
        """The principal's chats of a workflow, the newest first, those beyond ``before``."""
        return self.chats.page(principal.tenant, workflow_name, limit=limit, before=before, status=status)

    def begin(self, principal: Principal, chat_id: str) -> None:
        """Start the run of a chat that begins with its agent. Nothing, if it has begun."""
        self._apply(principal.tenant, chat_id, lambda chat: decisions.begin(chat, self.clock()))

    def begin_child(self, chat: Chat, first_message: str | None) -> Chat:
        """Let a chat begin that another one opened. Safe to repeat.

        Parameters
        ----------
        first_message
            What is said in the user's name, where the user begins.
        """
        return self._apply(
            Tenant(chat.app_id), chat.chat_id, lambda found: decisions.begin_child(found, self.clock(), first_message)
        ).chat

    def submit(self, principal: Principal, chat_id: str, command: SubmitInput) -> Mapping[str, Any]:
        """Take what the user says, once per ``client_message_id``, and as an answer once per request.

        Returns
        -------
        Mapping
            ``accepted``, ``queued`` (it is stored, and no run was started for it), ``message_id``, ``request_id``. A
            repeated command gets the first one's answer.
        """
        message_id = command.client_message_id or new_id()
        ids = [command.client_message_id] if command.client_message_id is not None else []
        if command.request_id is not None:
            ids.append(answer_command(command.request_id))
        applied = self._apply(
            principal.tenant,
            chat_id,
            lambda chat: answering.submit_input(chat, command, message_id, self.clock()),
            command_ids=ids,
        )
        return applied.answer

    def answer(self, principal: Principal, chat_id: str, request_id: str, response: Any) -> Mapping[str, Any]:
        """Answer a component's request, or one for input, once: a later answer gets the first one's answer.

        Parameters
        ----------
        response
            Any JSON value; text for a request for input without a schema.

        Returns
        -------
        Mapping
            ``accepted``, ``request_id``, ``status`` (``completed``), ``queued`` (other answers are still waited for,
            or a run is going), ``message_id``.
        """
        message_id = new_id()
        response, sealed = self._without_secrets(principal, chat_id, request_id, response)
        applied = self._apply(
            principal.tenant,
            chat_id,
            lambda chat: answering.answer(chat, request_id, response, message_id, self.clock(), sealed=sealed),
            command_ids=[answer_command(request_id)],
        )
        return applied.answer

    def _without_secrets(
        self, principal: Principal, chat_id: str, request_id: str, response: Any
    ) -> tuple[Any, tuple[SealedSecret, ...] | None]:
        """What may become part of the chat of an answer, and its secrets, encrypted before anything is stored.

        Where the request is not open nothing is taken out: the answer is then refused, or was given before.
        """
        open_requests = self.chats.get(principal.tenant, chat_id).pending
        pending = next((each for each in open_requests if each["request_id"] == request_id), None)
        if pending is None or not pending["secrets"]:
            return response, None
        return self.secrets.take_out(principal.tenant, pending["secrets"], answering.fitting_answer(pending, response))

    def approve(
        self, principal: Principal, chat_id: str, request_id: str, *, approved: bool, reason: str = ""
    ) -> Mapping[str, Any]:
        """Allow or forbid a tool call, once. Returns what ``answer`` does, ``status``: ``approved`` or ``denied``."""
        message_id = new_id()
        applied = self._apply(
            principal.tenant,
            chat_id,
            lambda chat: answering.approve(chat, request_id, approved, reason, message_id, self.clock()),
            command_ids=[answer_command(request_id)],
        )
        return applied.answer

    def component_action(self, principal: Principal, chat_id: str, command: ComponentAction) -> Mapping[str, Any]:
        """Set context variables that the manifest lets clients set.

        Returns
        -------
        Mapping
            Data of ``component_action_ack``.
        """
        ids = [command.client_message_id] if command.client_message_id is not None else []
        return self._apply(
            principal.tenant, chat_id, lambda chat: component_action(chat, command), command_ids=ids
        ).answer

    def oauth_completed(self, tenant: Tenant, chat_id: str, told: OauthCompleted) -> Mapping[str, Any]:
        """Tell the tenant's chat of an authorisation, once per ``correlation_id``. No run starts for it.

        Returns
        -------
        Mapping
            ``event_id`` of the event that says so, of the first one where it was told before.
        """
        command = oauth.oauth_command(told["correlation_id"])
        return self._apply(tenant, chat_id, lambda _: oauth.completed(told), command_ids=[command]).answer

    def cancel(self, principal: Principal, chat_id: str) -> None:
        """Stop the chat. Safe to repeat."""
        self._apply(principal.tenant, chat_id, lambda chat: decisions.cancel(chat, self.clock()))

    def stop_all(self, tenant: Tenant) -> int:
        """Cancel every chat of an app, or of one user of it, that has not ended. Safe to repeat and to interrupt.

        Returns
        -------
        int
            How many were told to stop. One that runs ends within seconds, when its worker hears of it.
        """
        stopped, after = 0, ""
        while ids := self.chats.open_ids(tenant, after, REPLAY_PAGE):
            for chat_id in ids:
                applied = self.chats.transact(tenant, chat_id, lambda chat: decisions.cancel(chat, self.clock()))
                self.outbox.publish(applied.chat, applied.events)
                self._settle(applied.chat)
                stopped += 1
            after = ids[-1]
        return stopped

    def retry(self, principal: Principal, chat_id: str) -> Chat:
        """Run a failed chat again, from its last safe point. ``NOT_RETRYABLE`` in any other state."""
        return self._apply(principal.tenant, chat_id, lambda chat: decisions.retry(chat, self.clock())).chat

    def settle(self, chat: Chat) -> bool:
        """Let those know of the end of ``chat`` who wait for it and do not know; whether this call did it."""
        return self.endings.settle(chat)

    def mark_failed(self, app_id: str, chat_id: str, run_no: int, cause: str) -> None:
        """End a run as failed that its execution gave up. Safe to repeat."""
        self._apply(Tenant(app_id), chat_id, lambda chat: decisions.fail(chat, run_no, self.clock(), cause))

    def take_over(self, app_id: str, chat_id: str, run_no: int) -> bool:
        """Hand a run to a new execution whose own is gone; whether that was so, and done by this call."""
        return self._repair(app_id, chat_id, lambda chat: decisions.take_over(chat, run_no, self.clock()))

    def expire_due(self, chat: Chat) -> int:
        """Do what is to be done about the requests of ``chat`` that nobody answered in time; how many this call did."""
        done = 0
        for pending in chat.pending:
            if pending["expires_at"] is not None and pending["expires_at"] <= self.clock():
                done += self.expire(chat.app_id, chat.chat_id, pending["request_id"])
        return done

    def expire(self, app_id: str, chat_id: str, request_id: str) -> bool:
        """Let a request's time be over, if it is; whether this call did it."""
        message_id = new_id()
        return self._repair(app_id, chat_id, lambda chat: answering.expire(chat, request_id, message_id, self.clock()))

    def replay(self, principal: Principal, chat_id: str, last_seq: int) -> Iterator[dict[str, Any]]:
        """What a client that has seen everything up to ``last_seq`` must be told, in order.

        Yields
        ------
        dict
            ``chat_meta``, the events it missed, ``chat.resume_boundary``, and the text so far of a message that is
            being written.
        """
        chat = self.get(principal, chat_id)
        meta = _meta(chat, sees_everything=principal.sees_everything)
        if (journey := self.journeys.of(chat)) is not None:
            meta["journey"] = journey
        yield envelope("chat_meta", chat_id, meta, at=self.clock())
        reached, replayed, finished = last_seq, 0, set[str]()
        for event in self._log(principal, chat_id, last_seq):
            yield present(event, chat.greeting, sees_everything=principal.sees_everything)
            reached, replayed = event.seq, replayed + 1
            if event.type == "chat.text":
                finished.add(event.data["message_id"])
        boundary: ResumeBoundary = {"last_seq": reached, "replayed_count": replayed, "status": chat.status}
        yield envelope("chat.resume_boundary", chat_id, boundary, at=self.clock())
        draft = self.drafts.read(principal.tenant, chat_id)
        if (
            draft is not None
            and draft["message_id"] not in finished
            and may_see_agent(chat.greeting, draft["agent"], sees_everything=principal.sees_everything)
        ):
            so_far: Print = {
                "agent": draft["agent"],
                "message_id": draft["message_id"],
                "offset": 0,
                "content": draft["content"],
            }
            yield envelope("chat.print", chat_id, so_far, at=self.clock())

    def history(self, principal: Principal, chat_id: str, after: int, limit: int) -> list[dict[str, Any]]:
        """One page of the log as this principal may see it."""
        chat = self.get(principal, chat_id)
        page = self.events.after(principal.tenant, chat_id, after, limit)
        return [present(event, chat.greeting, sees_everything=principal.sees_everything) for event in page]

    def log_part(self, principal: Principal, chat_id: str, after: int, limit: int) -> Sequence[Event]:
        """Events as they are stored, whoever may see them: for those who see everything, and for counting."""
        return self.events.after(principal.tenant, chat_id, after, limit)

    def _log(self, principal: Principal, chat_id: str, after: int) -> Iterator[Event]:
        while page := self.events.after(principal.tenant, chat_id, after, REPLAY_PAGE):
            yield from page
            after = page[-1].seq
            if len(page) < REPLAY_PAGE:
                return

    def _apply(
        self, tenant: Tenant, chat_id: str, decide: Callable[[Chat], Change], *, command_ids: Sequence[str] = ()
    ) -> Applied:
        """Store what is decided, start the run that is claimed, and tell it.

        The run first: people wait for its first words, and it takes longer to come to them than telling takes. Also
        where nothing was changed: a repeated command starts what the first one could not.
        """
        applied = self.chats.transact(tenant, chat_id, decide, command_ids=command_ids)
        self._start_and_tell(applied)
        return applied

    def _start_and_tell(self, applied: Applied) -> None:
        try:
            self._start_if_claimed(applied.chat)
        finally:
            self.outbox.publish(applied.chat, applied.events)
        self._settle(applied.chat)

    def _settle(self, chat: Chat) -> None:
        """Tell of a chat's end. It is stored, so that this cannot fail the command; reconcile makes good what fails."""
        try:
            self.endings.settle(chat)
        except MozaiksError as error:
            log.warning("The end of a chat is told later: %s", error.code, extra={"chat_id": chat.chat_id})

    def _repair(self, app_id: str, chat_id: str, decide: Callable[[Chat], Change]) -> bool:
        """Like a command, of the runtime itself: who comes second does nothing at all. Whether this call did it."""
        applied = self.chats.transact(Tenant(app_id), chat_id, decide)
        if applied.changed:
            self._start_and_tell(applied)
        return applied.changed

    def _start_if_claimed(self, chat: Chat) -> None:
        """Start the claimed run. Also for a repeated command: the first one's start may have been lost."""
        if chat.status is ChatStatus.RUNNING and not chat.run_started:
            self.runs.start(chat.app_id, chat.chat_id, chat.run_no)


def _meta(chat: Chat, *, sees_everything: bool) -> ChatMeta:
    return {
        "workflow_name": chat.workflow_name,
        "app_id": chat.app_id,
        "user_id": chat.user_id,
        "status": chat.status,
        "waiting_for": chat.waiting_for,
        "last_seq": chat.last_seq,
        "cache_seed": chat.cache_seed,
        "pending": shown_all(chat.pending, chat.greeting, sees_everything=sees_everything),
        "last_artifact": chat.last_artifact,
        "parent_chat_id": chat.parent_chat_id,
    }
