"""Opens chats for their users: the one way in, over HTTP and on a socket, past the workflow's gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mozaiks.access.principal import Principal
from mozaiks.chats.service import ChatService, Started
from mozaiks.chats.states import Chat
from mozaiks.journeys.gating import Gates
from mozaiks.journeys.service import JourneyService

if TYPE_CHECKING:
    from mozaiks.manifests import Workflows

__all__ = ["Opening"]


@dataclass(frozen=True, slots=True)
class Opening:
    """Starts chats, and the runs of chats that begin with their agent."""

    chats: ChatService
    gates: Gates
    workflows: Callable[[], Workflows]
    journeys: JourneyService

    def open(
        self,
        principal: Principal,
        workflow_name: str,
        *,
        client_request_id: str | None = None,
        force_new: bool = False,
        initial_message: str | None = None,
    ) -> Started:
        """A chat of the workflow, as ``ChatService.start`` makes or finds it, if its prerequisites are met.

        A request that opened a chat before finds that chat whatever became of the gate since: it is answered as the
        first time. A workflow of a journey's first group is opened as that journey's first chat.

        Raises
        ------
        MozaiksError
            ``WORKFLOW_NOT_FOUND``, ``WORKFLOW_INVALID``, what ``Gates.require`` raises, and what starting raises.
        """
        # Imported here: with the loader it costs a tenth of a second, and most frames open nothing.
        from mozaiks.chats.greeting import facts_of

        facts = facts_of(self.workflows().get(workflow_name).spec)
        earlier = self._earlier(principal, facts.name, client_request_id, force_new or initial_message is not None)
        if earlier is None or client_request_id is None:
            self.gates.require(principal.tenant, facts.name)
        if earlier is not None:
            self.journeys.ready(earlier)
        elif (plan := self.gates.journey_begun_by(facts.name)) is not None:
            begun = self.journeys.start_with(
                principal, plan, facts.name, client_request_id=client_request_id, initial_message=initial_message
            )
            return Started(begun.lead, begun.reused)
        return self.chats.start(
            principal,
            facts,
            client_request_id=client_request_id,
            force_new=force_new,
            initial_message=initial_message,
        )

    def _earlier(
        self, principal: Principal, workflow_name: str, client_request_id: str | None, must_be_new: bool
    ) -> Chat | None:
        """The chat that starting finds again instead of making one."""
        if client_request_id is not None:
            return self.chats.started_by(principal, workflow_name, client_request_id)
        return None if must_be_new else self.chats.untouched(principal, workflow_name)

    def begin(self, principal: Principal, chat: Chat) -> None:
        """Start the run of a chat that begins with its agent when somebody connects. Nothing for any other.

        Its prerequisites are looked at again: the chat may be older than the pack, and what was completed may have
        been erased.

        Raises
        ------
        MozaiksError
            What ``Gates.require`` raises, and ``RUN_START_FAILED``.
        """
        if chat.begins_on_connect:
            self.gates.require(principal.tenant, chat.workflow_name)
            self.chats.begin(principal, chat.chat_id)
