"""A demo script as data: for each agent an ordered list of rules, each with conditions and one reply.

A script holds no state. Which rule plays depends on the request's messages alone, so a repeated request gets the same
reply, whatever was asked in between.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from .conversation import Conversation
from .errors import ScriptError
from .faults import Fault

__all__ = ["Call", "Pace", "Rule", "Script", "parse_script", "script_schema"]

Pace = Literal["typing", "even"]
ANY_AGENT = "*"


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
    return pattern


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


Regex = Annotated[str, AfterValidator(_compiles)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Call(_Part):
    """One tool call; strings in ``arguments`` may hold placeholders."""

    tool: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")
    arguments: dict[str, Any] = {}


class Rule(_Part):
    """Conditions, all of which must hold, and a reply.

    Patterns ignore case and are searched for anywhere in the text; their named groups become ``{match.<name>}``.
    """

    after: Literal["user", "tool", "any"] = Field("any", description="Role of the last message.")
    tool: str | None = Field(None, description="The conversation ends with an answer of this tool.")
    result_matches: Regex | None = Field(None, description="Pattern in the text of that answer, or of the last one.")
    user_matches: Regex | None = Field(None, description="Pattern in the last thing the user said.")
    conversation_matches: Regex | None = Field(
        None, description="Pattern in anything the user or another agent said; the latest hit counts."
    )
    step: int | None = Field(None, ge=0, description="The agent has exactly so many messages in the conversation.")
    min_step: int | None = Field(None, ge=0, description="The agent has at least so many.")
    offers: str | None = Field(None, description="A tool of this name is offered.")
    output: str | None = Field(None, description="A structured output of this name is asked for.")

    say: str | None = Field(None, description="Text of the reply.")
    think: str | None = Field(None, description="Reasoning sent before the text.")
    call: Annotated[tuple[Call, ...], BeforeValidator(_as_list, json_schema_input_type=Call | tuple[Call, ...])] = (
        Field((), description="Tool calls of the reply.")
    )
    json_: dict[str, Any] | list[Any] | None = Field(
        None, alias="json", description="A structured output; checked against the schema that was asked for."
    )
    fault: Fault | None = Field(None, description="What goes wrong with the reply, each time the rule plays.")
    delay_ms: float | None = Field(None, ge=0, description="Pause before each token, in milliseconds.")
    pace: Pace | None = None

    @model_validator(mode="after")
    def _replies(self) -> Rule:
        if self.say is None and not self.call and self.json_ is None and self.fault is None:
            raise ValueError("a rule needs a reply: say, call, json or fault")
        if self.json_ is not None and (self.say is not None or self.call):
            raise ValueError("json is the whole reply; it cannot stand beside say or call")
        if self.fault is not None and (self.fault.times is not None or self.fault.skip):
            raise ValueError("times and skip need a counter and a script has none; add that fault while the demo runs")
        return self

    def matches(self, conversation: Conversation, offered: frozenset[str], output: str | None) -> dict[str, str] | None:
        """What the patterns captured, when every condition holds; else ``None``.

        Parameters
        ----------
        conversation
            The request's messages.
        offered
            Names of the offered tools.
        output
            Name of the structured output asked for.
        """
        if self.after != "any" and conversation.last_role != self.after:
            return None
        if self.offers is not None and self.offers not in offered:
            return None
        if self.output is not None and self.output != output:
            return None
        if self.step is not None and conversation.steps != self.step:
            return None
        if self.min_step is not None and conversation.steps < self.min_step:
            return None
        answers = [answer for answer in conversation.answers if self.tool in (None, answer.name)]
        if self.tool is not None and not answers:
            return None
        captured: dict[str, str] = {}
        spoken = [entry.text for entry in conversation.entries]
        texts = (
            (self.conversation_matches, spoken),
            (self.user_matches, [conversation.user_text]),
            (self.result_matches, [answer.text for answer in answers]),
        )
        for pattern, candidates in texts:
            if pattern is None:
                continue
            hit = _latest(pattern, candidates)
            if hit is None:
                return None
            captured.update({name: text for name, text in hit.groupdict().items() if text is not None})
        return captured


def _latest(pattern: str, texts: list[str]) -> re.Match[str] | None:
    for text in reversed(texts):
        hits = list(re.finditer(pattern, text, re.IGNORECASE))
        if hits:
            return hits[-1]
    return None


class Script(_Part):
    """The rules of a workflow's agents; ``*`` holds those of every agent that is not named."""

    delay_ms: float = Field(15.0, ge=0, description="Pause before each token, in milliseconds.")
    pace: Pace = Field("typing", description="`typing` pauses longer after punctuation; `even` never does.")
    agents: dict[str, tuple[Rule, ...]]

    def rules(self, agent: str) -> tuple[Rule, ...]:
        """The rules of ``agent``, whose name is matched whatever its case; empty when it has none."""
        wanted = agent.lower()
        for name, rules in self.agents.items():
            if name.lower() == wanted:
                return rules
        return self.agents.get(ANY_AGENT, ())


def parse_script(data: Any, source: str) -> Script:
    """Read a script from decoded YAML or JSON.

    Parameters
    ----------
    data
        ``{delay_ms?, pace?, agents: {name: [rule, ...]}}``.
    source
        Where it came from, for the message.

    Raises
    ------
    ScriptError
        Everything that is wrong, each with its place.
    """
    try:
        return Script.model_validate(data)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'script'}: {item['msg']}" for item in error.errors())
        raise ScriptError(f"Demo script {source}: {wrong}") from None


def script_schema() -> dict[str, Any]:
    """The JSON Schema of a script, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Script.model_json_schema()}
