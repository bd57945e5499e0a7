"""What of a component's answer is a secret, and what is left of the answer without it."""

from __future__ import annotations

from typing import Any

import pytest

from mozaiks.access.principal import Tenant
from mozaiks.access.sealed import context_of, secret_fields, without_secrets
from mozaiks.errors import MozaiksError

DECLARED = {"key": "crm_key", "pin": "crm_pin"}


def test_the_given_ones_are_found_by_their_names() -> None:
    assert secret_fields(DECLARED, {"key": "abcd-1234", "account": "shop"}) == {"crm_key": "abcd-1234"}


@pytest.mark.parametrize("left_out", [{}, {"key": None}, {"key": ""}], ids=["absent", "null", "empty"])
def test_what_was_not_given_stays_as_it_was(left_out: dict[str, Any]) -> None:
    response = {"account": "shop", **left_out}
    assert secret_fields(DECLARED, response) == {}
    assert without_secrets(DECLARED, response, []) == response


@pytest.mark.parametrize("response", ["abcd-1234", ["abcd-1234"], None, 7])
def test_an_answer_that_is_no_object_is_refused_without_repeating_it(response: Any) -> None:
    with pytest.raises(MozaiksError) as caught:
        secret_fields(DECLARED, response)
    assert caught.value.code == "VALIDATION"
    assert "1234" not in caught.value.message


@pytest.mark.parametrize("value", [["abcd-1234"], {"x": "abcd-1234"}, 1234, True, "abc", "\ud800bcd"])
def test_what_can_be_no_secret_is_refused_with_its_field(value: Any) -> None:
    with pytest.raises(MozaiksError, match=r"response\.key") as caught:
        secret_fields(DECLARED, {"key": value})
    assert "abcd-1234" not in str(caught.value.details) + caught.value.message


def test_a_secret_is_masked_wherever_else_in_the_answer_it_stands() -> None:
    response = {
        "key": "abcd-1234",
        "url": "https://crm/?k=abcd-1234",
        "form": {"fields": ["key", "abcd-1234"], "abcd-1234": 1},
    }
    assert without_secrets(DECLARED, response, ["abcd-1234"]) == {
        "key": "secret:crm_key",
        "url": "https://crm/?k=[secret]",
        "form": {"fields": ["key", "[secret]"], "[secret]": 1},
    }


def test_a_secret_belongs_to_one_user() -> None:
    assert context_of(Tenant("acme", "ann"), "crm") == {"app_id": "acme", "user_id": "ann", "name": "crm"}
    with pytest.raises(ValueError, match="one user"):
        context_of(Tenant("acme"), "crm")
