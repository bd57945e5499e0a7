"""What follows from a chat's end for those who wait for it: a parent chat, a journey, an execution.

A chat may end in many ways: by its worker, by its user, by an administrator, because nobody answered, because its
execution gave up. Each of them calls ``Endings.settle`` afterwards; what was stored says what is still owed, so that
``reconcile`` finds it where the caller did not come to it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mozaiks.access.principal import Tenant
from mozaiks.chats import decisions
from mozaiks.chats.ports import Chats, TaskTokens
from mozaiks.chats.states import Chat, Join, JoinKind

__all__ = ["Endings"]

log = logging.getLogger("mozaiks.chats")


def _nothing_to_stop(_chat: Chat) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Endings:
    """Tells of the ends of chats, each at least once.

    Attributes
    ----------
    listeners
        By kind of join, who is told of the ended chat before the execution is answered. Must be safe to repeat; what
        it raises leaves the end unsettled.
    stop_children
        Cancels the children of a chat that has ended, or that shall go on without them; whether it changed anything.
    """

    chats: Chats
    tokens: TaskTokens
    listeners: Mapping[JoinKind, Callable[[Chat], None]]
    stop_children: Callable[[Chat], bool] = _nothing_to_stop

    def attach(self, app_id: str, chat_id: str, join: Join) -> Chat:
        """Have an execution's task answered when the chat ends; at once, if it has ended.

        Parameters
        ----------
        join
            Who waits, and the task's token. It takes the place of an earlier one.

        Returns
        -------
        Chat
            As it is now.

        Raises
        ------
        MozaiksError
            ``CHAT_NOT_FOUND``, or what ``settle`` raises.
        """
        chat = self.chats.transact(Tenant(app_id), chat_id, lambda found: decisions.attach(found, join)).chat
        self.settle(chat)
        return chat

    def settle(self, chat: Chat) -> bool:
        """Tell of the end of ``chat`` to all who wait for it, and to its children. Nothing, if it has not ended or they
        know.

        Returns
        -------
        bool
            Whether this call did it: one of several at the same time.

        Raises
        ------
        MozaiksError
            ``DATABASE_UNAVAILABLE``, or ``RUN_START_FAILED`` if Step Functions does not answer. ``reconcile`` tries
            again.
        """
        stopped = self.stop_children(chat) if chat.batch is not None and chat.batch.is_open else False
        join = chat.join
        if join is None or join.settled or not chat.ended:
            return stopped
        listener = self.listeners.get(join.of)
        if listener is not None:
            listener(chat)
        if join.token is not None:
            outcome = {"outcome": chat.status.value, "chat_id": chat.chat_id}
            if not self.tokens.succeed(join.token, outcome):
                # Whose execution is gone is found and opened anew by reconcile; it will attach a token of its own.
                log.info("Nobody waits for the end of a chat any more", extra={"chat_id": chat.chat_id})
        return self.chats.settle_join(Tenant(chat.app_id), chat.chat_id, join)
