"""What a tool gets secrets from, and what keeps them out of everything it says."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any, ClassVar, Final, Protocol
from urllib.parse import quote, quote_plus

from mozaiks.access.principal import Tenant
from mozaiks.authoring import SecretNotFound
from mozaiks.errors import MozaiksError

__all__ = ["MASK", "Redaction", "ToolSecrets", "Vault"]

MASK: Final = "[secret]"


class Vault(Protocol):
    def reveal(self, tenant: Tenant, name: str) -> str | None:
        """A user's secret; ``None`` if there is none of this name. Blocks."""
        ...


class Redaction:
    """Puts a mask in the place of every secret that a slice's tools have fetched.

    Also in the place of what commonly becomes of one: JSON's, URLs' and base64's forms of it. A tool that takes a
    secret apart, or encrypts it, is out of its reach.
    """

    of_the_process: ClassVar[Redaction]
    """Of every secret the process has fetched: for what it prints and logs, which belongs to no chat."""

    def __init__(self) -> None:
        self._hidden: list[str] = []

    def learn(self, value: str) -> None:
        """Mask ``value`` from now on."""
        raw = value.encode()
        forms = {
            value,
            value.strip(),
            json.dumps(value)[1:-1],
            json.dumps(value, ensure_ascii=False)[1:-1],
            quote(value, safe=""),
            quote_plus(value),
            repr(value)[1:-1],
            base64.b64encode(raw).decode(),
            base64.b64encode(raw).decode().rstrip("="),
            base64.urlsafe_b64encode(raw).decode(),
            base64.urlsafe_b64encode(raw).decode().rstrip("="),
        }
        # The longest first: one form may stand within another.
        self._hidden = sorted({*self._hidden, *forms} - {""}, key=len, reverse=True)

    @property
    def active(self) -> bool:
        """Whether there is anything to mask."""
        return bool(self._hidden)

    def text(self, text: str) -> str:
        for each in self._hidden:
            text = text.replace(each, MASK)
        return text

    def json(self, value: Any) -> Any:
        """A JSON value with masks in all its texts and keys."""
        if not self._hidden:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.json(key): self.json(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.json(each) for each in value]
        if isinstance(value, (int, float)) and not isinstance(value, bool) and str(value) in self._hidden:
            return MASK
        return value


Redaction.of_the_process = Redaction()


class ToolSecrets:
    """The secrets of a chat's user, as ``mozaiks.authoring.Secrets`` tells tools of them."""

    def __init__(self, vault: Vault, tenant: Tenant) -> None:
        self._vault = vault
        self._tenant = tenant
        self._redaction = Redaction()

    async def get(self, name: str) -> str:
        return await asyncio.to_thread(self._revealed, name)

    def get_now(self, name: str) -> str:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._revealed(name)
        raise RuntimeError("secrets.get_now() would hold up every other stream here; write `await secrets.get(…)`")

    @property
    def redaction(self) -> Redaction:
        """What was fetched so far, to be masked."""
        return self._redaction

    def __repr__(self) -> str:
        return "Secrets()"

    def _revealed(self, name: str) -> str:
        try:
            value = self._vault.reveal(self._tenant, name)
        except MozaiksError as error:
            if error.code == "VALIDATION":
                raise SecretNotFound(f"{name!r:.80} is no name of a secret") from None
            raise RuntimeError(f"the secret {name!r:.80} cannot be read now: {error.code}") from None
        if value is None:
            raise SecretNotFound(f"the user has no secret {name!r:.80}")
        # Before the tool has it: what it says from here on is looked through.
        self._redaction.learn(value)
        Redaction.of_the_process.learn(value)
        return value
