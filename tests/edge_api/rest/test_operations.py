"""Who is let in, how requests are read, and how refusals are told, whatever is asked."""

from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from edge_api.roles import Role
from tests.edge_api.rest.conftest import Api

ANNA = {"first_name": "Anna"}


def _problem(answer: TestResponse) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json"
    told = answer.get_json()
    assert told["status"] == answer.status_code
    assert told["title"]
    return answer.status_code, told["type"].removeprefix("urn:welkom:problem:")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer wrong", "Bearer \x80"])
def test_without_a_token_that_holds_nobody_is_let_in(client: FlaskClient, header: str) -> None:
    answer = client.get("/api/v1/customers", headers={"Authorization": header})
    assert _problem(answer) == (401, "not-signed-in")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_each_role_may_do_what_it_may(client: FlaskClient, tokens: dict[Role, str]) -> None:
    location = {"name": "North", "slug": "north"}
    for role, status in ((Role.STAFF, 403), (Role.MANAGER, 403), (Role.OWNER, 201)):
        assert Api(client, tokens[role]).post("/locations", location).status_code == status
    assert Api(client, tokens[Role.STAFF]).get("/batches").status_code == 403
    assert Api(client, tokens[Role.MANAGER]).get("/batches").status_code == 200
    assert Api(client, tokens[Role.STAFF]).get("/customers").status_code == 200


@pytest.mark.parametrize(
    ("body", "media_type", "refusal", "words"),
    [
        ("{", "application/json", (400, "invalid-request"), ""),
        ("", "application/json", (400, "invalid-request"), ""),
        (b"\xff\xfe", "application/json", (400, "invalid-request"), ""),
        ("[]", "application/json", (422, "invalid-request"), "Expected `object`"),
        ("0", "application/json", (422, "invalid-request"), "Expected `object`"),
        ("{}", "application/json", (422, "invalid-request"), "first_name"),
        ('{"first_name": 5}', "application/json", (422, "invalid-request"), "first_name: Expected `str`"),
        ('{"first_name": "A", "age": 5}', "application/json", (422, "invalid-request"), "age"),
        ('{"first_name": "A", "language": "tlh"}', "application/json", (422, "invalid-request"), "language"),
        ('{"first_name": "A\\u0000"}', "application/json", (422, "invalid-request"), "first_name"),
        ('{"first_name": "A"}', "text/plain", (415, "invalid-request"), "text/plain"),
        ("first_name=A", "application/x-www-form-urlencoded", (415, "invalid-request"), "form"),
    ],
)
def test_a_body_that_cannot_be_taken_is_refused_with_what_is_wrong(
    api: Api, body: str | bytes, media_type: str, refusal: tuple[int, str], words: str
) -> None:
    answer = api.ask("POST", "/customers", data=body, content_type=media_type)
    assert _problem(answer) == refusal
    assert words in answer.get_json()["detail"]
    assert api.get("/customers").get_json()["items"] == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=ten", "after=-1", f"after={10**30}", "page=2", "limit=1&limit=2"]
)
def test_a_query_that_cannot_be_taken_is_refused(api: Api, query: str) -> None:
    assert _problem(api.get(f"/customers?{query}")) == (422, "invalid-request")


def test_a_number_beyond_all_numbers_is_not_found(api: Api) -> None:
    assert _problem(api.get(f"/batches/{10**30}")) == (404, "not-found")
    assert _problem(api.get(f"/customers/{uuid4()}")) == (404, "not-found")


def test_each_reason_has_its_own_type(api: Api) -> None:
    customer = api.post("/customers", {**ANNA, "email": "anna@example.nl"}).get_json()["uuid"]
    again = api.post("/customers", {**ANNA, "email": "Anna@example.nl"})
    assert _problem(again) == (409, "email-taken")
    taken = api.post(f"/customers/{customer}/points", {"points": -1, "note": "Oops"}, key="k1")
    assert _problem(taken) == (409, "not-enough-points")
    api.post("/locations", {"name": "North", "slug": "north"})
    assert _problem(api.post("/locations", {"name": "North", "slug": "n"})) == (409, "name-taken")
