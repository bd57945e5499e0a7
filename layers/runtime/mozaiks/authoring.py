"""What the code of workflows imports from the runtime: ``from mozaiks.authoring import …``.

Standard library only, so that a workflow's own tests need nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

__all__ = ["AbortRun", "Ask", "Handoff", "SecretNotFound", "Secrets", "ask_user", "handoff"]


class AbortRun(Exception):
    """Raised by a hook to end the run. Anything else a hook raises is reported, and the run goes on.

    Parameters
    ----------
    message
        Why, in words for the user: it is shown.

    Examples
    --------
    >>> async def on_workflow_start(context):
    ...     if context.get("balance", 0) <= 0:
    ...         raise AbortRun("There is no credit left on this account.")
    """

    def __init__(self, message: str = "A hook ended the run.") -> None:
        super().__init__(message)
        self.message = message


class SecretNotFound(LookupError):
    """The user has no secret of this name. A tool that lets it pass fails with its words, which the model is told."""


class Secrets(Protocol):
    """The secrets of the chat's user, given to a tool that has a parameter ``secrets``.

    What a tool fetched is masked in everything it returns, reports or raises; still, hand it to the service it is for
    and to nothing else.

    Examples
    --------
    >>> async def list_contacts(query: str, secrets: Secrets) -> list[str]:
    ...     key = await secrets.get("crm_api_key")
    ...     return await crm(key).search(query)
    """

    async def get(self, name: str) -> str:
        """The value; ``SecretNotFound`` if there is none of this name."""
        ...

    def get_now(self, name: str) -> str:
        """The same for a tool that is a plain function."""
        ...


@dataclass(frozen=True, slots=True)
class Handoff:
    """A tool's result that names who speaks next. Made with ``handoff``.

    Attributes
    ----------
    target
        An agent of the workflow, ``user``, or ``terminate``.
    reason
        Why, for the trace.
    result
        The tool's result for the model; a JSON value.
    """

    target: str
    reason: str = ""
    result: Any = None


def handoff(target: str, *, reason: str = "", result: Any = None) -> Handoff:
    """End the turn with this tool, and give the floor to ``target``.

    It goes before every handoff rule and before the workflow's pattern.

    Parameters
    ----------
    target
        An agent of the workflow, ``user``, or ``terminate``.
    reason
        Why, in a sentence.
    result
        What the tool found out; a JSON value.

    Raises
    ------
    TypeError
        ``target`` is no text.
    ValueError
        ``target`` is empty.

    Examples
    --------
    >>> def check_order(order_id: str) -> Handoff:
    ...     return handoff("RefundAgent", reason="it was delivered damaged", result={"order_id": order_id})
    """
    if not isinstance(target, str):
        raise TypeError(f"handoff() needs the name of an agent, found {type(target).__name__}")
    if not target.strip():
        raise ValueError("handoff() needs the name of an agent, 'user' or 'terminate', found an empty text")
    return Handoff(target.strip(), reason, result)


@dataclass(frozen=True, slots=True)
class Ask:
    """A tool's result that asks the user. Made with ``ask_user``."""

    prompt: str
    schema: dict[str, Any] | None = None
    expires_in: float | None = None
    on_timeout: Literal["default", "fail"] = "fail"
    default: Any = None


def ask_user(
    prompt: str,
    *,
    schema: dict[str, Any] | None = None,
    expires_in: float | None = None,
    on_timeout: Literal["default", "fail"] = "fail",
    default: Any = None,
) -> Ask:
    """Ask the user, and let the answer be the tool's result, however many days it takes.

    The chat waits and holds nothing meanwhile. The tool does not run again.

    Parameters
    ----------
    prompt
        The question.
    schema
        JSON Schema the answer must meet.
    expires_in
        Seconds until it is too late. ``None``: never.
    on_timeout
        What happens then: the answer is ``default``, or the chat ends as timed out.

    Examples
    --------
    >>> def choose_date() -> Ask:
    ...     return ask_user("Which day suits you?", schema={"type": "string", "format": "date"})
    """
    if not isinstance(prompt, str) or not prompt.strip():
        raise ValueError("ask_user() needs a question, found an empty one")
    return Ask(prompt.strip(), schema, expires_in, on_timeout, default)
