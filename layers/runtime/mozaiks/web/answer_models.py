"""Bodies and answers of the routes that take a chat up again."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from mozaiks.chats.commands import JsonValue, Reason
from mozaiks.chats.states import ChatStatus
from mozaiks.web.ids import BodyUserId, RequestId

__all__ = ["AnswerRequest", "AnsweredRequest", "RetriedChat", "RetryChat"]


class AnswerRequest(BaseModel):
    """Either ``response`` or ``approved``."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        json_schema_extra={
            "oneOf": [
                {"required": ["response"]},
                {"required": ["approved"], "properties": {"approved": {"type": "boolean"}}},
            ],
            "examples": [
                {"user_id": "ann", "request_id": "0d6f3b1c", "response": {"size": "L"}},
                {"user_id": "ann", "request_id": "0d6f3b1c", "approved": False, "reason": "Too expensive."},
            ],
        },
    )

    request_id: Annotated[RequestId, Field(description="The open request; the `event_id` of the event that asked.")]
    response: Annotated[JsonValue, Field(description="What the component answers, or the text that was asked for.")] = (
        None
    )
    approved: Annotated[StrictBool | None, Field(description="For a request for approval.")] = None
    reason: Annotated[Reason, Field(description="Told to the model, with `approved`.")] = ""
    user_id: BodyUserId | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> AnswerRequest:
        if (self.approved is not None) == ("response" in self.model_fields_set):
            raise ValueError("expected one of `response` and `approved`")
        return self


class AnsweredRequest(BaseModel):
    """A repeated answer gets the first one's."""

    chat_id: str
    request_id: str
    accepted: bool
    status: Literal["completed", "approved", "denied"]
    queued: bool = Field(description="Other answers are still waited for, or a run is going.")


class RetryChat(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    user_id: BodyUserId | None = None


class RetriedChat(BaseModel):
    chat_id: str
    status: ChatStatus
    run_no: int = Field(description="The number of the run that goes on where the failed one left off.")
