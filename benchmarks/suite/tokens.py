"""Tokens: how long a check takes once the issuer's keys are known."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from benchmarks.figures import Row, Samples
from benchmarks.world import World
from mozaiks.access.signing_keys import SigningKeys
from mozaiks.access.tokens import TokenChecker

__all__ = ["measure"]

_TITLE: Final = "check of a token, keys known"
_AT_MOST: Final = 0.3
_SECRET: Final = "0123456789" * 4
_ISSUER: Final = "https://issuer.example.com"


def measure(world: World) -> list[Row]:
    """One row for each algorithm. The issuer is asked once, before."""
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    ec_key = ec.generate_private_key(ec.SECP256R1())
    published = [
        {**RSAAlgorithm.to_jwk(rsa_key.public_key(), as_dict=True), "kid": "r", "use": "sig"},
        {**ECAlgorithm.to_jwk(ec_key.public_key(), as_dict=True), "kid": "e", "use": "sig"},
    ]
    signers: dict[str, tuple[Any, str]] = {"HS256": (_SECRET, "h"), "RS256": (rsa_key, "r"), "ES256": (ec_key, "e")}
    with _issuer({"keys": published}) as url:
        keys = SigningKeys(jwks_url=url, issuer=None, ttl_seconds=300, pause_seconds=10)
        checker = TokenChecker(secret=_SECRET, keys=keys, issuers=[_ISSUER])
        rows = []
        for algorithm, (key, kid) in signers.items():
            token = jwt.encode(_claims(), key, algorithm, {"kid": kid})
            checker.principal(token)  # fetches the keys
            samples = Samples()
            for _ in range(world.repeats(2000, 200)):
                began = time.perf_counter()
                checker.principal(token)
                samples.append(time.perf_counter() - began)
            rows.append(samples.ms(_TITLE, algorithm, at_most=_AT_MOST))
    return rows


def _claims() -> dict[str, Any]:
    return {"iss": _ISSUER, "exp": time.time() + 600, "app_id": "acme", "user_id": "ann", "scope": "chat trace"}


@contextmanager
def _issuer(document: dict[str, Any]) -> Iterator[str]:
    """The address of a server that publishes ``document``."""
    body = json.dumps(document).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/keys"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
