"""An issuer: keys of every kind, and tokens signed with them. Keys are made once; RSA keys take time."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from mozaiks.access.signing_keys import SigningKeys
from mozaiks.access.tokens import TokenChecker

SECRET = "a secret of thirty-two bytes, or more"
ISSUER = "https://id.example.com"
URL = "https://id.example.com/keys"


def claims(**changes: Any) -> dict[str, Any]:
    """Good ones, with changes; ``None`` leaves a claim out."""
    found = {
        "iss": ISSUER,
        "exp": int(time.time()) + 600,
        "app_id": "acme",
        "user_id": "ann",
        "scope": "chat trace",
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}


def signed(**changes: Any) -> str:
    """An HS256 token."""
    return jwt.encode(claims(**changes), SECRET, algorithm="HS256")


class Issuer:
    """Signs with one key of each kind, and publishes what ``published`` holds."""

    def __init__(self) -> None:
        self.private: dict[str, Any] = {
            "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "rsa-2": rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "weak": rsa.generate_private_key(public_exponent=65537, key_size=1024),  # noqa: S505 - what is to be refused
            "ec": ec.generate_private_key(ec.SECP256R1()),
            "p384": ec.generate_private_key(ec.SECP384R1()),
        }

    def jwk(self, kid: str, **more: Any) -> dict[str, Any]:
        kind = jwt.algorithms.ECAlgorithm if kid in ("ec", "p384") else jwt.algorithms.RSAAlgorithm
        return {**json.loads(kind.to_jwk(self.private[kid].public_key())), "kid": kid, **more}

    def public_pem(self, kid: str) -> bytes:
        pem: bytes = self.private[kid].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return pem

    def pem(self, kid: str) -> bytes:
        pem: bytes = self.private[kid].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return pem

    def token(self, kid: str = "rsa", algorithm: str = "RS256", *, says: str | None = None, **changes: Any) -> str:
        """Signed with the key ``kid``; ``says`` is the kid the header names, if another."""
        return jwt.encode(
            claims(**changes), self.private[kid], algorithm=algorithm, headers={"kid": kid if says is None else says}
        )


class Published:
    """What the issuer's address answers, and how often it was asked."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.answers: dict[str, Any] = {URL: {"keys": list(keys)}}
        self.asked: list[str] = []
        self.down = False

    def __call__(self, url: str) -> Any:
        self.asked.append(url)
        if self.down or url not in self.answers:
            raise OSError("nobody answers")
        return self.answers[url]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def published(issuer: Issuer) -> Published:
    return Published(issuer.jwk("rsa"), issuer.jwk("ec"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(published: Published, clock: Clock) -> SigningKeys:
    return SigningKeys(jwks_url=URL, ttl_seconds=300, pause_seconds=10, fetch=published, clock=clock)


@pytest.fixture(scope="session")
def shared() -> TokenChecker:
    """Takes HS256 alone."""
    return TokenChecker(secret=SECRET, keys=None, issuers=[ISSUER])


@pytest.fixture
def public(keys: SigningKeys) -> TokenChecker:
    """Takes RS256 and ES256 alone."""
    return TokenChecker(secret=None, keys=keys, issuers=[ISSUER])


@pytest.fixture
def both(keys: SigningKeys) -> TokenChecker:
    return TokenChecker(secret=SECRET, keys=keys, issuers=[ISSUER])
