"""What a program can do by REST, from making a batch to taking points back."""

from typing import Any
from uuid import uuid4

import pytest

from edge_api.audit import By
from edge_api.db import Database
from edge_api.loyalty import services as loyalty
from tests.edge_api.rest.conftest import Api

BATCH = {"name": "Spring", "kind": "online", "location": 1, "size": 3}


@pytest.fixture
def cards(api: Api) -> list[dict[str, Any]]:
    """Three cards of a batch made by REST."""
    api.post("/locations", {"name": "North", "slug": "north", "timezone": "Europe/Brussels"})
    batch = api.post("/batches", BATCH, key="batch").get_json()
    found: list[dict[str, Any]] = api.get(f"/batches/{batch['id']}/cards").get_json()["items"]
    return found


@pytest.fixture
def anna(api: Api) -> str:
    uuid: str = api.post("/customers", {"first_name": "Anna"}).get_json()["uuid"]
    return uuid


def _pages(api: Api, path: str, limit: int) -> list[list[Any]]:
    pages, after = [], 0
    while True:
        page = api.get(f"{path}?limit={limit}&after={after}").get_json()
        pages.append(page["items"])
        if page["next"] is None:
            return pages
        after = page["next"]


def test_a_small_batch_is_finished_at_once(api: Api, cards: list[dict[str, Any]]) -> None:
    assert len(cards) == 3
    details = api.get("/batches/1").get_json()
    assert (details["linked"], details["revoked"]) == (0, 0)
    assert details["batch"]["card_type"] == "ID"
    assert (details["batch"]["made"], details["batch"]["location"]) == (3, 1)
    assert details["batch"]["finished_at"] is not None


@pytest.mark.usefixtures("cards")
def test_a_large_batch_is_left_to_the_worker(api: Api) -> None:
    batch = api.post("/batches", {**BATCH, "name": "Summer", "size": 501}, key="b").get_json()
    assert (batch["made"], batch["finished_at"]) == (500, None)


@pytest.mark.usefixtures("cards")
def test_a_batch_is_renamed(api: Api) -> None:
    assert api.ask("PATCH", "/batches/1", json={"name": "Autumn"}).get_json()["name"] == "Autumn"
    assert [each["name"] for each in api.get("/batches").get_json()["items"]] == ["Autumn"]


def test_a_card_is_linked_revoked_and_freed_and_its_life_told(
    api: Api, cards: list[dict[str, Any]], anna: str
) -> None:
    path = f"/cards/{cards[0]['uuid']}"
    linked = api.post(f"{path}/link", {"customer": anna}).get_json()
    assert linked["customer"] == anna
    assert api.get("/batches/1").get_json()["linked"] == 1
    assert api.post(f"{path}/revoke").get_json()["revoked_at"] is not None
    assert api.post(f"{path}/unrevoke").get_json()["revoked_at"] is None
    assert api.post(f"{path}/unlink").get_json()["customer"] is None
    assert api.get(path).get_json() == cards[0]
    life = api.get(f"{path}/life").get_json()["steps"]
    assert [each["step"] for each in life] == ["made", "linked", "revoked", "un_revoked", "unlinked"]
    assert {each["customer"] for each in life[1:]} == {anna}
    assert {each["origin"] for each in life[1:]} == {"api"}


def test_what_cannot_be_linked_is_refused_with_its_reason(
    api: Api, cards: list[dict[str, Any]], anna: str
) -> None:
    bram = api.post("/customers", {"first_name": "Bram"}).get_json()["uuid"]
    first, second, _ = (f"/cards/{each['uuid']}" for each in cards)
    api.post(f"{first}/link", {"customer": anna})
    api.post(f"{second}/revoke")
    refused = [api.post(f"{path}/link", {"customer": bram}).get_json()["type"] for path in (first, second)]
    assert [each.rpartition(":")[2] for each in refused] == ["card-already-linked", "card-revoked"]
    assert api.post(f"/cards/{uuid4()}/link", {"customer": bram}).status_code == 404
    assert api.post(f"{first}/link", {"customer": str(uuid4())}).status_code == 404


def test_customers_are_taken_in_changed_and_found(api: Api) -> None:
    zoe = {"first_name": "Zoë", "email": "zoe@example.nl", "phone": "06 1234 5678", "language": "fr"}
    made = api.post("/customers", zoe).get_json()
    api.post("/customers", {"first_name": "Bram"})
    path = f"/customers/{made['uuid']}"
    changed = api.ask("PATCH", path, json={"last_name": "Peeters", "phone": None, "state": "archived"})
    expected = {**made, "last_name": "Peeters", "phone": None, "state": "archived"}
    assert changed.get_json() == expected == api.get(path).get_json()
    assert api.get("/customers?search=ZOE peet").get_json()["items"] == [expected]
    assert api.ask("PATCH", path, json={}).get_json() == expected


def test_a_customer_speaks_the_shop_s_language_unless_told(api: Api, anna: str) -> None:
    assert api.get(f"/customers/{anna}").get_json()["language"] == "nl"


def test_points_are_adjusted_and_their_ledger_listed(api: Api, anna: str) -> None:
    path = f"/customers/{anna}"
    for number, points in enumerate((10, -3, 2)):
        booked = api.post(f"{path}/points", {"points": points, "note": f"No. {number}"}, key=f"k{number}")
        assert booked.status_code == 201
    assert booked.get_json()["balance"] == 9
    pages = _pages(api, f"{path}/ledger", 2)
    assert [[each["points"] for each in page] for page in pages] == [[10, -3], [2]]
    assert pages[1][0] == booked.get_json()["entry"]


def test_rewards_are_granted_and_listed(api: Api, anna: str, database: Database, by: By) -> None:
    with database.transaction() as session:
        loyalty.create_reward(session, name="A coffee", by=by)
    assert api.get("/rewards").get_json() == {"items": [{"id": 1, "name": "A coffee"}]}
    path, grant = f"/customers/{anna}/rewards", {"reward": 1, "expires_at": "2027-01-01T00:00:00+01:00"}
    granted = api.post(path, grant, key="k1").get_json()
    assert (granted["name"], granted["state"]) == ("A coffee", "earned")
    assert granted["expires_at"] == "2026-12-31T23:00:00Z"
    assert api.get(path).get_json() == {"items": [granted]}
    assert api.post(path, {"reward": 1, "expires_at": "2027-01-01T00:00:00"}, key="k2").status_code == 422
    assert api.post(path, {"reward": 2}, key="k3").status_code == 404


def test_lists_go_on_after_what_was_seen(api: Api) -> None:
    for number in range(5):
        api.post("/customers", {"first_name": f"Customer {number}"})
        api.post("/locations", {"name": f"Shop {number}", "slug": f"shop-{number}"})
    assert [len(page) for page in _pages(api, "/customers", 2)] == [2, 2, 1]
    assert [len(page) for page in _pages(api, "/locations", 5)] == [5, 0]
    slugs = [each["slug"] for page in _pages(api, "/locations", 2) for each in page]
    assert slugs == [f"shop-{number}" for number in range(5)]
