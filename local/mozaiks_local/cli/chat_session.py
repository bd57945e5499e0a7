"""The conversation itself: events in, lines out, until it ends or the user leaves."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from typing import Any, Final

from mozaiks_local.cli.chat_address import ChatAddress, Wanted, find_chat
from mozaiks_local.cli.chat_state import Conversation
from mozaiks_local.cli.chat_view import ChatView
from mozaiks_local.cli.component_form import Form, form_of
from mozaiks_local.cli.console import Failure, complain, out
from mozaiks_local.cli.lines import LineSource
from mozaiks_local.client import ChatClient, ConnectRefusedError, Event

__all__ = ["talk"]

_JOURNEY_SECONDS: Final = 3.0
_RETRIES: Final = 3
_RETRY_SECONDS: Final = 0.5
_PROMPT: Final = "\001\033[1m\002you\001\033[0m\033[2m\002 › \001\033[0m\002"
_HELP: Final = "/quit leaves, /cancel stops the chat, /usage shows tokens"


async def talk(wanted: Wanted, *, last_seq: int, interactive: bool) -> int:
    """Talk until the chat ends or the input does.

    Returns
    -------
    int
        Exit code: 0 when the chat completed, was cancelled here or the input ended; 1 when it failed.

    Raises
    ------
    Failure
        If there is no chat to talk in, or no way to it.
    """
    address = await find_chat(wanted)
    view = ChatView(out(), streaming=interactive)

    def on_connection(up: bool) -> None:
        if interactive:
            view.note("(connected again)" if up else "(connection lost, reconnecting …)")

    try:
        client = ChatClient(address.websocket_url, last_seq=last_seq, token=wanted.token, on_connection=on_connection)
    except ValueError as error:  # an address that names no chat
        raise Failure(str(error)) from error
    try:
        async with client:
            session = _Session(client, view, LineSource(interactive=interactive), address)
            return await session.run()
    except ConnectRefusedError as error:
        if error.status == 404:
            raise Failure(f"there is no chat {client.chat_id!r} of this user and app: {error}.") from error
        raise Failure(f"{error}.") from error


class _Session:
    def __init__(self, client: ChatClient, view: ChatView, lines: LineSource, address: ChatAddress) -> None:
        self._client = client
        self._view = view
        self._lines = lines
        self._address = address
        self._conversation = Conversation()
        self._own: set[str] = set()
        self._cancelled = False
        self._prompting = False
        self._form: Form | None = None
        self._retries = 0
        self._in_journey = False
        self._interrupted = asyncio.Event()

    async def run(self) -> int:
        interactive = self._lines.interactive
        if interactive:
            self._view.note(f"chat {self._client.chat_id} · {_HELP}")
        loop = asyncio.get_running_loop()
        with contextlib.suppress(NotImplementedError):  # a platform without signals in its loop
            loop.add_signal_handler(signal.SIGINT, self._interrupted.set)
        try:
            return await self._until_over()
        finally:
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(signal.SIGINT)
            if interactive and self._prompting:
                out().print()  # leave the line of the prompt
            if interactive and not self._conversation.ended:
                self._view.note(f"come back with: {self._way_back()}")

    async def _until_over(self) -> int:
        events = aiter(self._client)
        next_event = asyncio.ensure_future(_next(events))
        interrupt = asyncio.ensure_future(self._interrupted.wait())
        line: asyncio.Future[str | None] | None = None
        filling: Form | None = None
        try:
            while True:
                if self._conversation.ended:
                    if self._in_journey:
                        await self._where_to(next_event, events)
                    return self._ending()
                form = self._open_form()
                if line is None and (form is not None or self._conversation.users_turn):
                    filling, self._prompting = form, True
                    line = asyncio.ensure_future(self._lines.read(_PROMPT) if form is None else self._ask(form))
                waited: set[asyncio.Future[Any]] = {next_event, interrupt}
                if line is not None:
                    waited.add(line)
                done, _ = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
                if next_event in done:
                    event = next_event.result()
                    next_event = asyncio.ensure_future(_next(events))
                    if not await self._take(event):
                        return 1
                    if line is not None and filling is not None and filling.event_id not in self._conversation.requests:
                        self._view.note("(it was answered elsewhere; press Enter)")
                        line.cancel()
                        line = None
                if line is not None and line in done:
                    text, line = line.result(), None
                    self._prompting = text is None
                    if text is None or not await (self._say(text) if filling is None else self._fill(filling, text)):
                        return 0
                if interrupt in done:
                    self._interrupted.clear()
                    interrupt = asyncio.ensure_future(self._interrupted.wait())
                    if not await self._interrupt():
                        return 0 if self._lines.interactive else 130
        finally:
            for task in (next_event, interrupt, line):
                if task is not None:
                    task.cancel()

    def _open_form(self) -> Form | None:
        """The questions to ask in the place of a component that the chat waits for.

        Raises
        ------
        Failure
            If nobody sits at a terminal to answer them.
        """
        request = self._conversation.request
        if request is None:
            return None
        if not self._lines.interactive:
            name = str(request.data.get("component_type") or request.data.get("tool_name"))
            raise Failure(f"the chat waits for {name!r}, which a person answers: in a terminal or on a page")
        if self._form is None or self._form.event_id != request.event_id:
            self._form = form_of(request)
        return None if self._form.sent else self._form

    async def _ask(self, form: Form) -> str | None:
        question = form.question
        if question is None:
            raise ValueError("a form was asked that has no question left")
        return await self._lines.read(f"{question.prompt}: ", purpose=form.event_id, hidden=question.hidden)

    async def _fill(self, form: Form, line: str) -> bool:
        """Take the line for the form's question, and answer once it was the last one; whether to go on."""
        question = form.question
        if question is not None and not question.hidden and line.strip() in ("/quit", "/exit"):
            return False
        if question is not None and not question.hidden and line.strip() == "/cancel":
            form.sent = True
            await self._cancel()
            return True
        try:
            form.take(line if question is not None and question.hidden else line.strip())
        except ValueError as error:
            self._view.note(f"! {error}")
            return True
        if form.question is None:
            form.sent = True
            if form.approval:
                await self._client.approve(form.event_id, bool(form.response))
            else:
                await self._client.answer(form.event_id, form.response)
        return True

    async def _where_to(self, following: asyncio.Future[Event], events: AsyncIterator[Event]) -> None:
        """Say where the journey of a chat that has ended goes on, if that is told soon: others may still run."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_JOURNEY_SECONDS):
                event = await following
                while event.type != "chat.context_switched" or event.chat_id != self._client.chat_id:
                    if event.type == "chat.journey_progress" and event.data["status"] != "running":
                        self._view.note(f"the journey is {event.data['status']}")
                        return
                    event = await _next(events)
                for chat in event.data["chats"]:
                    self._view.note(
                        f"the journey goes on: mozaiks chat {chat['workflow_name']} --chat {chat['chat_id']}"
                    )

    async def _take(self, event: Event) -> bool:
        """Show and take in ``event``; whether the conversation goes on."""
        if event.chat_id not in (None, self._client.chat_id):
            # Of a chat that the socket was carried along to: it has a terminal of its own.
            return True
        if event.type == "chat_meta":
            self._in_journey = "journey" in event.data
        own = str(event.data.get("message_id")) in self._own
        self._conversation.heard(event, self._client.last_seq)
        if event.type != "error":
            self._retries = 0 if own else self._retries
            self._view.show(event, own=own)
            return True
        unheard = self._conversation.unheard
        if unheard and event.data.get("retryable") and self._retries < _RETRIES:
            self._retries += 1
            await asyncio.sleep(_RETRY_SECONDS * self._retries)
            await self._client.resend()
            return True
        self._conversation.refused()
        if self._form is not None and self._form.sent:
            self._form = None  # what was answered did not fit: it is asked again
        if self._lines.interactive:
            self._view.show(event)
            return True
        complain(f"{event.data.get('message')} ({event.data.get('code')})")
        return not unheard

    async def _say(self, text: str) -> bool:
        """Do what the line says; whether the conversation goes on."""
        match text.strip():
            case "":
                return True
            case "/quit" | "/exit":
                return False
            case "/usage":
                self._view.usage(self._conversation.spent)
            case "/cancel":
                await self._cancel()
            case command if command.startswith("/") and " " not in command and "/" not in command[1:]:
                self._view.note(f"{command} is no command: {_HELP}")
            case message:
                try:
                    sent = await self._client.send(message)
                except ValueError as error:
                    complain(f"not sent: {error}")
                else:
                    self._own.add(sent)
                    self._conversation.said(sent)
        return True

    async def _cancel(self) -> None:
        self._cancelled = True
        self._conversation.asked = False
        await self._client.cancel()

    async def _interrupt(self) -> bool:
        """Ctrl-C: stop a run that is going; leave otherwise, or the second time."""
        if not self._lines.interactive or self._cancelled or not self._conversation.running:
            return False
        self._view.note("stopping the chat … (Ctrl-C again leaves)")
        await self._cancel()
        return True

    def _ending(self) -> int:
        status = self._conversation.status
        if status in ("failed", "timed_out"):
            if not self._lines.interactive:
                complain(f"the chat {'failed' if status == 'failed' else 'timed out'}")
            return 1
        return 0

    def _way_back(self) -> str:
        workflow = f" {self._address.workflow}" if self._address.workflow else ""
        return f"mozaiks chat{workflow} --chat {self._client.chat_id}"


async def _next(events: AsyncIterator[Event]) -> Event:
    try:
        return await anext(events)
    except StopAsyncIteration:
        raise Failure("the connection was closed") from None
