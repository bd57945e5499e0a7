"""Which tokens are taken, and what is said of the others."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mozaiks.access.principal import Principal
from mozaiks.access.tokens import MAX_TOKEN_CHARS, TokenChecker
from mozaiks.errors import MozaiksError

from .conftest import ISSUER, SECRET, Issuer, claims, signed


def refused(checker: TokenChecker, token: str, code: str = "UNAUTHENTICATED") -> str:
    """The message a token is refused with."""
    with pytest.raises(MozaiksError) as caught:
        checker.principal(token)
    assert caught.value.code == code, caught.value.message
    for part in filter(None, token.split(".")):
        if len(part) > 12:
            assert part not in caught.value.message
    assert caught.value.details == {}
    return caught.value.message


def part(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def handmade(header: Any, payload: Any, key: bytes = SECRET.encode()) -> str:
    """A token signed with HMAC, whatever is in it: the library would refuse to make some of them."""
    body = f"{part(header)}.{part(payload)}"
    return f"{body}.{part(hmac.new(key, body.encode(), hashlib.sha256).digest())}"


HS256 = {"alg": "HS256", "typ": "JWT"}


# -- taken -----------------------------------------------------------------------------------------------------------


def test_a_good_token_says_who_it_is(shared: TokenChecker) -> None:
    exp = int(time.time()) + 60
    assert shared.principal(signed(exp=exp)) == Principal(
        "acme", "ann", frozenset({"chat", "trace"}), datetime.fromtimestamp(exp, UTC)
    )


@pytest.mark.parametrize(("kid", "algorithm"), [("rsa", "RS256"), ("ec", "ES256")])
def test_a_token_signed_with_a_published_key_is_taken(
    public: TokenChecker, issuer: Issuer, kid: str, algorithm: str
) -> None:
    assert public.principal(issuer.token(kid, algorithm)).user_id == "ann"


def test_both_kinds_of_keys_may_be_in_use(both: TokenChecker, issuer: Issuer) -> None:
    assert both.principal(signed()).user_id == both.principal(issuer.token()).user_id == "ann"


def test_the_subject_is_the_user_where_none_is_named(shared: TokenChecker) -> None:
    assert shared.principal(signed(user_id=None, sub="bob")).user_id == "bob"


def test_a_named_user_wins_over_the_subject(shared: TokenChecker) -> None:
    assert shared.principal(signed(sub="auth0|17")).user_id == "ann"


@pytest.mark.parametrize("scope", ["chat admin openid", ["chat", "admin", "openid"]])
def test_scopes_of_other_services_are_left_out(shared: TokenChecker, scope: Any) -> None:
    assert shared.principal(signed(scope=scope)).scopes == {"chat", "admin"}


def test_a_token_without_scopes_may_do_nothing(shared: TokenChecker) -> None:
    with pytest.raises(MozaiksError) as caught:
        shared.principal(signed(scope="")).require("chat")
    assert caught.value.code == "FORBIDDEN"


@pytest.mark.parametrize("aud", ["chat-api", ["other", "chat-api"]])
def test_one_of_the_audiences_is_enough(aud: Any) -> None:
    checker = TokenChecker(secret=SECRET, keys=None, issuers=[ISSUER], audiences=["chat-api"])
    assert checker.principal(signed(aud=aud)).user_id == "ann"


def test_an_audience_is_no_matter_where_none_is_asked_for(shared: TokenChecker) -> None:
    assert shared.principal(signed(aud="another")).user_id == "ann"


def test_clocks_may_differ_by_the_leeway() -> None:
    checker = TokenChecker(secret=SECRET, keys=None, issuers=[ISSUER], leeway_seconds=60)
    now = int(time.time())
    late = checker.principal(signed(exp=now - 30))
    assert late.token_expires_at == datetime.fromtimestamp(now + 30, UTC)
    assert checker.principal(signed(nbf=now + 30, iat=now + 30)).user_id == "ann"
    refused(checker, signed(exp=now - 90), "TOKEN_EXPIRED")


def test_a_token_that_holds_for_ever_has_an_end(shared: TokenChecker) -> None:
    expires_at = shared.principal(signed(exp=10**18)).token_expires_at
    assert expires_at is not None
    assert expires_at.year == 9999


# -- refused ---------------------------------------------------------------------------------------------------------


def test_an_expired_token_is_called_so(shared: TokenChecker) -> None:
    assert "expired" in refused(shared, signed(exp=int(time.time()) - 1), "TOKEN_EXPIRED")


@pytest.mark.parametrize("claim", ["iss", "exp", "app_id", "user_id", "scope"])
def test_a_missing_claim_is_named(shared: TokenChecker, claim: str) -> None:
    assert claim in refused(shared, signed(**{claim: None}))


@pytest.mark.parametrize("iss", ["https://evil.example.com", ISSUER + "/", "", ISSUER.upper()])
def test_another_issuer_is_refused(shared: TokenChecker, iss: str) -> None:
    assert "iss" in refused(shared, signed(iss=iss))


@pytest.mark.parametrize("iss", [[ISSUER], {"$ne": None}, 1, True])
def test_an_issuer_of_another_kind_is_refused(shared: TokenChecker, iss: Any) -> None:
    refused(shared, handmade(HS256, claims(iss=iss)))


@pytest.mark.parametrize("aud", [None, "other", ["other"], [], "chat", {"$ne": 1}, 5])
def test_another_audience_is_refused(aud: Any) -> None:
    checker = TokenChecker(secret=SECRET, keys=None, issuers=[ISSUER], audiences=["chat-api"])
    assert "aud" in refused(checker, signed(aud=aud))


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_that_does_not_hold_yet_is_refused(shared: TokenChecker, claim: str) -> None:
    assert "yet" in refused(shared, signed(**{claim: int(time.time()) + 600}))


@pytest.mark.parametrize("exp", ["soon", [], {}, True, {"$gt": 0}, math.inf, math.nan, -math.inf])
def test_a_time_that_is_none_is_refused(shared: TokenChecker, exp: Any) -> None:
    with pytest.raises(MozaiksError) as caught:
        shared.principal(handmade(HS256, claims(exp=exp)))
    assert caught.value.code in ("UNAUTHENTICATED", "TOKEN_EXPIRED")


@pytest.mark.parametrize("claim", ["app_id", "user_id", "sub", "scope"])
@pytest.mark.parametrize("value", [{"$ne": None}, {"$gt": ""}, ["acme"], [["chat"]], 7, True, "a/b", "$ne", "x" * 200])
def test_a_claim_of_another_shape_is_refused(shared: TokenChecker, claim: str, value: Any) -> None:
    if claim == "scope" and isinstance(value, (str, list)) and value != [["chat"]]:
        assert shared.principal(signed(scope=value)).scopes == frozenset()
        return
    changes = {claim: value, **({"user_id": None} if claim == "sub" else {})}
    assert claim in refused(shared, handmade(HS256, claims(**changes)))


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", None, 5, ["HS256"], {"$ne": 1}, "HS512", "RS256"])
def test_an_algorithm_that_is_not_in_use_is_refused(shared: TokenChecker, alg: Any) -> None:
    refused(shared, handmade({"typ": "JWT", "alg": alg}, claims()))
    refused(shared, f"{part({'alg': alg})}.{part(claims())}.")


def test_a_public_key_is_no_secret(both: TokenChecker, public: TokenChecker, issuer: Issuer) -> None:
    for key in (issuer.public_pem("rsa"), issuer.public_pem("rsa").strip(), json.dumps(issuer.jwk("rsa")).encode()):
        forged = handmade({**HS256, "kid": "rsa"}, claims(), key)
        assert "signature" in refused(both, forged)
        assert "algorithm" in refused(public, forged)


@pytest.mark.parametrize(("kid", "algorithm", "says"), [("rsa", "RS256", "ec"), ("ec", "ES256", "rsa")])
def test_a_key_of_another_kind_is_refused(
    public: TokenChecker, issuer: Issuer, kid: str, algorithm: str, says: str
) -> None:
    assert "not for" in refused(public, issuer.token(kid, algorithm, says=says))


def test_a_key_the_issuer_gave_another_use_is_refused(issuer: Issuer, published: Any, public: TokenChecker) -> None:
    for more in ({"use": "enc"}, {"alg": "RS512"}, {"alg": "PS256"}):
        for each in published.answers.values():
            each["keys"] = [issuer.jwk("rsa", **more)]
        checker = TokenChecker(secret=None, keys=public._keys, issuers=[ISSUER])
        refused(checker, issuer.token())


@pytest.mark.parametrize("header", [{"kid": None}, {"kid": ""}, {"kid": ["rsa"]}, {"kid": "k" * 300}, {}])
def test_a_token_that_names_no_key_is_refused(public: TokenChecker, header: Mapping[str, Any]) -> None:
    refused(public, handmade({"alg": "RS256", **header}, claims()))


def test_another_key_than_the_named_one_is_refused(public: TokenChecker, issuer: Issuer) -> None:
    assert "signature" in refused(public, issuer.token("rsa-2", says="rsa"))


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
def test_a_weak_key_is_refused(issuer: Issuer, published: Any, public: TokenChecker) -> None:
    for each in published.answers.values():
        each["keys"] = [issuer.jwk("weak")]
    assert "weak" in refused(public, issuer.token("weak"))


def test_a_key_in_the_token_itself_is_not_used(public: TokenChecker, issuer: Issuer) -> None:
    headers = {"kid": "own", "jwk": issuer.jwk("rsa-2"), "jku": "https://evil.example.com/keys"}
    token = jwt.encode(claims(), issuer.pem("rsa-2"), algorithm="RS256", headers=headers)
    assert "publish" in refused(public, token)


@pytest.mark.parametrize("header", [{"crit": ["b64"], "b64": False}, {"crit": []}, {"crit": ["exp"], "exp": 1}])
def test_an_extension_is_refused(shared: TokenChecker, header: dict[str, Any]) -> None:
    refused(shared, handmade({**HS256, **header}, claims()))


@pytest.mark.parametrize("token", ["", ".", "..", "...", "a", "a.b.c", "eyJ.eyJ.", "\u0660.\u0661.\u0662", "\0", " "])
def test_what_is_no_token_is_refused(shared: TokenChecker, token: str) -> None:
    refused(shared, token)


@pytest.mark.parametrize("payload", [[], "text", None, 5, b"[" * 3000, b"{", b"\xff"])
def test_claims_that_are_no_object_are_refused(shared: TokenChecker, payload: Any) -> None:
    refused(shared, handmade(HS256, payload))


def test_a_header_nested_too_deeply_is_refused(shared: TokenChecker) -> None:
    refused(shared, f"{part(b'[' * 3000)}.{part(claims())}.x")


def test_a_huge_token_is_refused_unread(shared: TokenChecker) -> None:
    token = signed(padding="x" * MAX_TOKEN_CHARS)
    assert str(len(token)) in refused(shared, token)


def test_the_secret_of_another_is_refused(shared: TokenChecker) -> None:
    assert "signature" in refused(shared, handmade(HS256, claims(), b"another secret of thirty-two bytes!!"))


# -- whatever comes --------------------------------------------------------------------------------------------------

GOOD = signed(exp=4102444800)


@given(place=st.integers(0, len(GOOD) - 1), character=st.characters(min_codepoint=33, max_codepoint=126))
def test_a_token_with_one_other_character_is_refused(shared: TokenChecker, place: int, character: str) -> None:
    changed = GOOD[:place] + character + GOOD[place + 1 :]
    # The last character of a part may hold bits that mean nothing: the same bytes are the same token.
    if [_bytes(each) for each in changed.split(".")] == [_bytes(each) for each in GOOD.split(".")]:
        return
    refused(shared, changed)


def _bytes(text: str) -> bytes | None:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None


@given(st.text(max_size=300))
def test_no_text_breaks_the_check(shared: TokenChecker, token: str) -> None:
    refused(shared, token)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(header=st.dictionaries(st.sampled_from(["alg", "typ", "kid", "crit", "b64", "jwk", "jku", "x5c"]), JSON))
def test_no_header_gets_an_unsigned_token_in(shared: TokenChecker, header: dict[str, Any]) -> None:
    refused(shared, f"{part(header)}.{part(claims())}.")


@given(
    changes=st.dictionaries(
        st.sampled_from(["iss", "exp", "nbf", "iat", "app_id", "user_id", "sub", "scope", "aud"]), JSON
    )
)
def test_whatever_is_signed_gives_a_principal_of_the_right_shape_or_a_refusal(
    shared: TokenChecker, changes: dict[str, Any]
) -> None:
    try:
        found = shared.principal(handmade(HS256, {**claims(), **changes}))
    except MozaiksError as error:
        assert error.code in ("UNAUTHENTICATED", "TOKEN_EXPIRED")  # noqa: PT017 - either way is right
        return
    assert isinstance(found.app_id, str)
    assert "$" not in found.app_id + found.user_id
    assert found.scopes <= {"chat", "trace", "admin"}
    assert found.token_expires_at is not None
