"""Checks tokens: who signed them, for whom, and whether they still hold.

PyJWT, and the cryptography behind it, is imported by the first check: a process that checks none does not pay for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from mozaiks.access.claims import principal_of
from mozaiks.access.principal import Principal
from mozaiks.errors import MozaiksError

if TYPE_CHECKING:
    from jwt import PyJWK

__all__ = ["MAX_TOKEN_CHARS", "KeySource", "TokenChecker"]

MAX_TOKEN_CHARS: Final = 8192
"""Longer ones are refused unread. API Gateway takes headers up to 10 KB, and addresses up to 4 KB."""

_SHARED: Final = "HS256"
_PUBLIC: Final = {"RS256": "RSA", "ES256": "EC"}
"""Algorithm → the type of its key."""


class KeySource(Protocol):
    def key(self, kid: str) -> PyJWK | None:
        """The issuer's public key of this id. ``KEYS_UNAVAILABLE`` where the issuer cannot be asked."""
        ...


class TokenChecker:
    """Tells whose token it is.

    Parameters
    ----------
    secret
        For HS256; without it such tokens are refused.
    keys
        For RS256 and ES256; without it such tokens are refused.
    issuers
        ``iss`` must be one of them.
    audiences
        Where there are any, ``aud`` must name one of them; where there are none, it is not looked at.
    leeway_seconds
        How far the issuer's clock and this one may differ.
    """

    def __init__(
        self,
        *,
        secret: str | None,
        keys: KeySource | None,
        issuers: Sequence[str],
        audiences: Sequence[str] = (),
        leeway_seconds: float = 0.0,
    ) -> None:
        self._secret = secret
        self._keys = keys
        self._issuers = frozenset(issuers)
        self._audiences = tuple(audiences)
        self._leeway = leeway_seconds

    def principal(self, token: str) -> Principal:
        """The caller that ``token`` vouches for.

        Raises
        ------
        MozaiksError
            ``TOKEN_EXPIRED``; ``UNAUTHENTICATED`` for whatever else is wrong with it; ``KEYS_UNAVAILABLE`` where the
            issuer's keys cannot be had. No message holds any part of the token.
        """
        if len(token) > MAX_TOKEN_CHARS:
            raise MozaiksError(
                "UNAUTHENTICATED", f"the token has {len(token)} characters; expected at most {MAX_TOKEN_CHARS}"
            )
        if not token.isascii():
            raise MozaiksError("UNAUTHENTICATED", "the token cannot be read; expected a signed JWT")
        import jwt

        try:
            algorithm, key = self._key(jwt.get_unverified_header(token))
            claims = jwt.decode(
                token,
                key,
                # The key's own algorithm alone: what the token says chooses among keys, never how one is used.
                algorithms=[algorithm],
                issuer=self._issuers,
                audience=self._audiences or None,
                leeway=self._leeway,
                options={
                    "require": ["exp", "iss"],
                    "verify_aud": bool(self._audiences),
                    # Of sub and user_id one says who it is, and principal_of looks at that one.
                    "verify_sub": False,
                    "verify_jti": False,
                    "enforce_minimum_key_length": True,
                },
            )
        except jwt.ExpiredSignatureError:
            raise MozaiksError("TOKEN_EXPIRED", "the token has expired; get a new one") from None
        except jwt.PyJWTError as error:
            raise MozaiksError("UNAUTHENTICATED", _reason(error)) from None
        except (ValueError, TypeError, OverflowError, RecursionError):
            # Claims of another shape than the library expects, such as an infinite time.
            raise MozaiksError("UNAUTHENTICATED", "the token cannot be read; expected a signed JWT") from None
        return principal_of(claims, leeway_seconds=self._leeway)

    def _key(self, header: dict[str, Any]) -> tuple[str, Any]:
        """The algorithm a token is held to, and the key for it, by what its header asks for."""
        algorithm = header.get("alg")
        if "crit" in header:
            raise MozaiksError("UNAUTHENTICATED", "the token asks for an extension (crit); none is known")
        if algorithm == _SHARED and self._secret is not None:
            return _SHARED, self._secret
        if isinstance(algorithm, str) and algorithm in _PUBLIC and self._keys is not None:
            return algorithm, self._public_key(self._keys, algorithm, header.get("kid"))
        taken = ([_SHARED] if self._secret is not None else []) + (list(_PUBLIC) if self._keys is not None else [])
        raise MozaiksError("UNAUTHENTICATED", f"the token's algorithm is not taken here; expected {' or '.join(taken)}")

    @staticmethod
    def _public_key(keys: KeySource, algorithm: str, kid: object) -> Any:
        if not isinstance(kid, str) or not 0 < len(kid) <= 256:
            raise MozaiksError("UNAUTHENTICATED", "the token names no key (kid)")
        found = keys.key(kid)
        if found is None:
            raise MozaiksError("UNAUTHENTICATED", "the token is signed with a key its issuer does not publish")
        if found.key_type != _PUBLIC[algorithm] or found.algorithm_name != algorithm:
            raise MozaiksError("UNAUTHENTICATED", f"the token's key is not for {algorithm}")
        return found.key


def _reason(error: Exception) -> str:
    """What is wrong with a token, in our words: the library's may quote it."""
    import jwt

    match error:
        case jwt.MissingRequiredClaimError():
            return f"the token has no claim {error.claim}"
        case jwt.InvalidIssuerError():
            return "the token's issuer (iss) is not one of ALLOWED_ISSUERS"
        case jwt.InvalidAudienceError():
            return "the token is not meant for this service (aud)"
        case jwt.ImmatureSignatureError():
            return "the token does not hold yet (nbf or iat)"
        case jwt.InvalidSignatureError():
            return "the token's signature is wrong"
        case jwt.InvalidKeyError():
            return "the key of the token is too weak"
        case _:
            return "the token cannot be read; expected a signed JWT"
