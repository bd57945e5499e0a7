"""Where a token stands in a request, who connects, the settings, and the secret between services."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from mozaiks.access.bearer import offers_subprotocol, token_of_header, token_of_socket
from mozaiks.access.connecting import connect_request
from mozaiks.access.internal import require_shared_secret
from mozaiks.access.principal import NOBODY, Principal, checked_id
from mozaiks.access.tokens import TokenChecker
from mozaiks.errors import MozaiksError
from mozaiks.settings import Settings

from .conftest import ISSUER, SECRET, signed

QUERY = {"app_id": "acme", "user_id": "ann", "chat_id": "c1"}


@pytest.mark.parametrize("value", ["Bearer t.o.k", "bearer  t.o.k ", "BEARER t.o.k"])
def test_the_header_holds_a_token(value: str) -> None:
    assert token_of_header(value) == "t.o.k"


@pytest.mark.parametrize("value", ["", "t.o.k", "Basic dTpw", "Bearer", "Bearer ", "Bearer a b", "Bearer,t.o.k"])
def test_another_header_is_refused(value: str) -> None:
    with pytest.raises(MozaiksError, match="Authorization"):
        token_of_header(value)


@pytest.mark.parametrize(
    ("headers", "query", "token"),
    [
        ({"authorization": "Bearer a", "Sec-WebSocket-Protocol": "bearer, c"}, {"access_token": "b"}, "a"),
        ({"Sec-WebSocket-Protocol": "bearer, c"}, {"access_token": "b"}, "b"),
        ({"Sec-WebSocket-Protocol": "bearer, c"}, {}, "c"),
        ({"sec-websocket-protocol": "bearer,c"}, {}, "c"),
        ({"Sec-WebSocket-Protocol": "c, bearer"}, {}, None),
        ({"Sec-WebSocket-Protocol": "bearer"}, {}, None),
        ({"Sec-WebSocket-Protocol": "bearer, "}, {}, None),
        ({}, {"access_token": ""}, None),
        ({}, {}, None),
    ],
)
def test_a_socket_brings_its_token_in_three_ways(
    headers: dict[str, str], query: dict[str, str], token: str | None
) -> None:
    assert token_of_socket(headers, query) == token


def test_the_subprotocol_is_chosen_where_it_is_offered() -> None:
    assert offers_subprotocol({"Sec-WebSocket-Protocol": "bearer, x"})
    assert not offers_subprotocol({"Sec-WebSocket-Protocol": "graphql-ws"})
    assert not offers_subprotocol({})


def test_who_connects_is_whom_the_token_names(shared: TokenChecker) -> None:
    request = connect_request({"Authorization": f"Bearer {signed()}"}, QUERY, shared)
    assert (request.principal.user_id, request.principal.sees_everything) == ("ann", True)
    assert request.principal.token_expires_at is not None


@pytest.mark.parametrize("other", [{"app_id": "other"}, {"user_id": "bob"}])
def test_whoever_claims_to_be_another_is_nobody(shared: TokenChecker, other: dict[str, str]) -> None:
    request = connect_request({"Authorization": f"Bearer {signed()}"}, {**QUERY, **other}, shared)
    assert request.principal == NOBODY


@pytest.mark.parametrize("kind", ["app_id", "user_id"])
def test_no_id_is_nobodys(kind: str) -> None:
    with pytest.raises(MozaiksError):
        checked_id(kind, NOBODY.app_id)


def test_a_token_comes_before_everything_else(shared: TokenChecker) -> None:
    with pytest.raises(MozaiksError) as caught:
        connect_request({}, {}, shared)
    assert caught.value.code == "UNAUTHENTICATED"


def test_a_token_without_the_scope_does_not_connect(shared: TokenChecker) -> None:
    with pytest.raises(MozaiksError) as caught:
        connect_request({}, {**QUERY, "access_token": signed(scope="admin")}, shared)
    assert (caught.value.code, caught.value.details) == ("FORBIDDEN", {"scope": "chat"})


def test_where_no_tokens_are_checked_the_query_is_believed() -> None:
    assert connect_request({}, QUERY, None).principal == Principal("acme", "ann")


# -- settings --------------------------------------------------------------------------------------------------------


def settings(**values: Any) -> Settings:
    return Settings.model_validate({"stage": "prod", "allowed_issuers": ISSUER, **values})


def test_settings_that_can_check_tokens_are_taken() -> None:
    assert settings(jwt_secret=SECRET).issuers == (ISSUER,)
    assert settings(jwks_url="https://id.example.com/keys").audiences == ()
    assert settings(oidc_issuer=ISSUER, allowed_issuers="").issuers == (ISSUER,)
    assert settings(jwt_secret=SECRET, allowed_issuers=" a , b,").issuers == ("a", "b")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "JWT_SECRET, JWKS_URL or OIDC_ISSUER"),
        ({"jwt_secret": "canary-31-bytes-aaaaaaaaaaaaaaa"}, "JWT_SECRET has 31 bytes"),
        ({"jwt_secret": SECRET, "allowed_issuers": " , "}, "ALLOWED_ISSUERS is empty"),
        ({"jwks_url": "http://id.example.com/keys"}, "JWKS_URL"),
        ({"oidc_issuer": "http://id.example.com"}, "OIDC_ISSUER"),
    ],
)
def test_settings_that_cannot_are_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as caught:
        settings(mongodb_uri="mongodb://u:canary@h/", **values)
    assert "canary" not in str(caught.value)


def test_where_none_are_checked_nothing_is_asked_for() -> None:
    assert not Settings.model_validate({"stage": "local", "jwt_secret": "short"}).checks_tokens


# -- between services ------------------------------------------------------------------------------------------------


def test_the_shared_secret_lets_in() -> None:
    require_shared_secret("s3cret-é", "s3cret-é")


@pytest.mark.parametrize("given", [None, "", "s3cre", "s3cret ", "S3CRET", "\ud800", "x" * 100_000])
def test_any_other_does_not(given: str | None) -> None:
    with pytest.raises(MozaiksError) as caught:
        require_shared_secret("s3cret", given)
    assert caught.value.code == "UNAUTHENTICATED"


def test_an_empty_secret_is_no_secret() -> None:
    with pytest.raises(ValueError, match="empty"):
        require_shared_secret("", "")
