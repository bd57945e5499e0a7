"""The use cases on users' secrets: keep, look at, forget, and open one for a tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from mozaiks.access.principal import Principal, Tenant, checked_id
from mozaiks.access.sealed import SealedSecret, checked_value, context_of, secret_fields, without_secrets
from mozaiks.errors import MozaiksError

__all__ = ["Cipher", "SecretBook", "SecretInfo", "Secrets"]


@dataclass(frozen=True, slots=True)
class SecretInfo:
    """All that anybody is ever told of a secret. ``version`` counts from 1, with each new value."""

    name: str
    version: int
    created_at: datetime
    updated_at: datetime


class Cipher(Protocol):
    def encrypt(self, text: str, context: Mapping[str, str]) -> bytes: ...

    def decrypt(self, ciphertext: bytes, context: Mapping[str, str]) -> str: ...


class SecretBook(Protocol):
    """Ciphertexts by app, user and name."""

    def put(self, tenant: Tenant, sealed: SealedSecret, at: datetime) -> SecretInfo: ...

    def info(self, tenant: Tenant, name: str) -> SecretInfo | None: ...

    def infos(self, tenant: Tenant, after: str, limit: int) -> Sequence[SecretInfo]:
        """Those with a greater name, in the order of their names."""
        ...

    def ciphertext(self, tenant: Tenant, name: str) -> bytes | None: ...

    def delete(self, tenant: Tenant, name: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Secrets:
    """Secrets of one user each. No use case but ``reveal`` gives a value back, and only tools reach that one."""

    book: SecretBook
    cipher: Cipher
    clock: Callable[[], datetime]

    def put(self, principal: Principal, name: str, value: str) -> SecretInfo:
        """Keep a secret, in the place of an older one of this name.

        Raises
        ------
        MozaiksError
            ``VALIDATION``, ``SECRETS_UNAVAILABLE``.
        """
        return self.book.put(principal.tenant, self.seal(principal.tenant, name, value), self.clock())

    def info(self, principal: Principal, name: str) -> SecretInfo:
        """What is known of a secret but its value. ``NOT_FOUND`` if this user has none of this name."""
        found = self.book.info(principal.tenant, name)
        if found is None:
            raise _missing(name)
        return found

    def infos(self, principal: Principal, *, after: str, limit: int) -> Sequence[SecretInfo]:
        """The same of every secret of the user whose name is greater than ``after``, by name."""
        return self.book.infos(principal.tenant, after, limit)

    def delete(self, principal: Principal, name: str) -> None:
        """Forget a secret. ``NOT_FOUND`` if this user has none of this name."""
        if not self.book.delete(principal.tenant, name):
            raise _missing(name)

    def seal(self, tenant: Tenant, name: str, value: str) -> SealedSecret:
        """A value as it may be stored for this user under this name. Raises as ``put`` does."""
        name = checked_id("name", name)
        return SealedSecret(name, self.cipher.encrypt(checked_value(value), context_of(tenant, name)))

    def take_out(
        self, tenant: Tenant, declared: Mapping[str, str], response: Any
    ) -> tuple[Any, tuple[SealedSecret, ...]]:
        """A component's answer without its secrets, and these as they may be stored.

        Parameters
        ----------
        declared
            Field of the answer → name of the secret.

        Raises
        ------
        MozaiksError
            As ``put`` does, and ``VALIDATION`` for an answer that is no object.
        """
        values = secret_fields(declared, response)
        sealed = tuple(self.seal(tenant, name, value) for name, value in values.items())
        return without_secrets(declared, response, values.values()), sealed

    def reveal(self, tenant: Tenant, name: str) -> str | None:
        """A secret's value, for a tool; ``None`` if this user has none of this name.

        Raises
        ------
        MozaiksError
            ``SECRET_UNREADABLE`` for a ciphertext that was stored for somebody else, or under another name;
            ``SECRETS_UNAVAILABLE``.
        """
        ciphertext = self.book.ciphertext(tenant, checked_id("name", name))
        return None if ciphertext is None else self.cipher.decrypt(ciphertext, context_of(tenant, name))


def _missing(name: str) -> MozaiksError:
    return MozaiksError("NOT_FOUND", f"there is no secret {name!r}")
