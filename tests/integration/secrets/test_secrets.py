"""A secret is opened for the app, the user and the name it was stored for, and for nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pymongo.database import Database

from mozaiks.access.kms import KmsCipher
from mozaiks.access.principal import Principal, Tenant
from mozaiks.access.secrets import Secrets
from mozaiks.errors import MozaiksError

from .conftest import ANN, CANARY

Documents = Database[dict[str, Any]]


def test_a_secret_comes_back_as_it_was(secrets: Secrets) -> None:
    secrets.put(ANN, "crm", CANARY)
    assert secrets.reveal(ANN.tenant, "crm") == CANARY


def test_the_database_holds_a_ciphertext_only(secrets: Secrets, database: Documents) -> None:
    secrets.put(ANN, "crm", CANARY)
    (kept,) = database["secrets"].find()
    assert CANARY.encode() not in kept["ciphertext"]
    assert CANARY not in repr(kept)


@pytest.mark.parametrize(
    "elsewhere",
    [{"app_id": "other"}, {"user_id": "bob"}, {"name": "another"}],
    ids=["another app", "another user", "another name"],
)
def test_a_ciphertext_that_was_copied_does_not_decrypt(
    secrets: Secrets, database: Documents, elsewhere: dict[str, str]
) -> None:
    secrets.put(ANN, "crm", CANARY)
    kept = database["secrets"].find_one({}, {"_id": False})
    assert kept is not None
    database["secrets"].insert_one({**kept, **elsewhere})
    where = {"app_id": "acme", "user_id": "ann", "name": "crm", **elsewhere}
    with pytest.raises(MozaiksError) as caught:
        secrets.reveal(Tenant(where["app_id"], where["user_id"]), where["name"])
    assert caught.value.code == "SECRET_UNREADABLE"
    assert CANARY not in str(caught.value)


def test_a_ciphertext_that_was_changed_does_not_decrypt(secrets: Secrets, database: Documents) -> None:
    secrets.put(ANN, "crm", CANARY)
    (kept,) = database["secrets"].find()
    spoiled = kept["ciphertext"][:-1] + bytes([kept["ciphertext"][-1] ^ 1])
    database["secrets"].update_one({"_id": kept["_id"]}, {"$set": {"ciphertext": spoiled}})
    with pytest.raises(MozaiksError) as caught:
        secrets.reveal(ANN.tenant, "crm")
    assert caught.value.code == "SECRET_UNREADABLE"


def test_a_new_value_takes_the_place_of_the_old_one(secrets: Secrets) -> None:
    first = secrets.put(ANN, "crm", "first value")
    second = secrets.put(ANN, "crm", "second value")
    assert (first.version, second.version) == (1, 2)
    assert second.created_at == first.created_at
    assert secrets.reveal(ANN.tenant, "crm") == "second value"


def test_writers_at_the_same_time_leave_one_secret(secrets: Secrets, database: Documents) -> None:
    with ThreadPoolExecutor(4) as pool:
        versions = sorted(pool.map(lambda n: secrets.put(ANN, "crm", f"value {n}").version, range(8)))
    assert versions == list(range(1, 9))
    assert database["secrets"].count_documents({}) == 1


@pytest.mark.parametrize("stranger", [Principal("acme", "bob"), Principal("other", "ann")], ids=str)
def test_a_stranger_finds_nothing(secrets: Secrets, stranger: Principal) -> None:
    secrets.put(ANN, "crm", CANARY)
    assert secrets.reveal(stranger.tenant, "crm") is None
    assert secrets.infos(stranger, after="", limit=10) == []
    for ask in (secrets.info, secrets.delete):
        with pytest.raises(MozaiksError, match="there is no secret 'crm'") as caught:
            ask(stranger, "crm")
        assert caught.value.code == "NOT_FOUND"
    assert secrets.reveal(ANN.tenant, "crm") == CANARY


@pytest.mark.parametrize("value", ["", "   ", "abc", "a" * 4097, "ö" * 2049, "\ud800secret"])
def test_what_can_be_no_secret_is_refused_without_repeating_it(
    secrets: Secrets, database: Documents, value: str
) -> None:
    with pytest.raises(MozaiksError) as caught:
        secrets.put(ANN, "crm", value)
    assert caught.value.code == "VALIDATION"
    assert not value.strip() or value not in caught.value.message
    assert database["secrets"].count_documents({}) == 0


@pytest.mark.parametrize("name", ["", "$ne", "a.b", "../x", "a" * 65, {"$ne": ""}])
def test_a_name_of_another_shape_never_reaches_a_query(secrets: Secrets, name: Any) -> None:
    with pytest.raises(MozaiksError) as caught:
        secrets.reveal(ANN.tenant, name)
    assert caught.value.code == "VALIDATION"


def test_names_are_listed_page_by_page(secrets: Secrets) -> None:
    for name in ("c", "a", "b"):
        secrets.put(ANN, name, "value of it")
    first = secrets.infos(ANN, after="", limit=2)
    assert [info.name for info in first] == ["a", "b"]
    assert [info.name for info in secrets.infos(ANN, after="b", limit=2)] == ["c"]


def test_a_secret_without_a_key_is_a_fault_of_the_configuration(secrets: Secrets) -> None:
    keyless = Secrets(secrets.book, KmsCipher(None), secrets.clock)
    with pytest.raises(MozaiksError, match="SECRETS_KEY_ID") as caught:
        keyless.put(ANN, "crm", CANARY)
    assert caught.value.code == "CONFIGURATION"


def test_a_key_that_is_gone_is_told_without_the_answer_of_kms(secrets: Secrets) -> None:
    gone = Secrets(secrets.book, KmsCipher("arn:aws:kms:eu-west-1:123456789012:key/none"), secrets.clock)
    with pytest.raises(MozaiksError) as caught:
        gone.put(ANN, "crm", CANARY)
    assert (caught.value.code, caught.value.retryable) == ("SECRETS_UNAVAILABLE", True)
    assert "none" not in caught.value.message
