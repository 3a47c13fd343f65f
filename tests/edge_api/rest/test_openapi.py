"""The OpenAPI document is valid 3.1, tells every route, and the API keeps to it whatever is sent."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from edge_api import config as configuration
from edge_api import db
from edge_api.accounts.tokens import create_token
from edge_api.app import Surface, create_app
from edge_api.audit import By, Origin
from edge_api.db import Database
from edge_api.loyalty import services as loyalty
from edge_api.roles import Role
from tests.factories.edge import Shop
from tests.fakes.clock import FixedClock

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A shop with one of everything, the same for all that is sent."""
    home = tmp_path_factory.mktemp("openapi")
    configuration.write_new(home, "http://127.0.0.1:8000")
    config = configuration.load(home)
    db.upgrade(config)
    database, clock = Database(config.database_url), FixedClock()
    with database.transaction() as session:
        by = By("user:1", Origin.COMMAND, clock.now())
        shop = Shop(session, by)
        _, text = create_token(session, shop.user(), name="test", role=Role.OWNER, by=by)
        shop.customer()
        shop.batch(3)
        loyalty.create_reward(session, name="A coffee", by=by)
    made = create_app(config, database, clock, Surface.BACK_OFFICE)
    made.config["TEST_TOKEN"] = text
    yield made
    database.close()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_api_keeps_to_its_document(app: Flask, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    token = {"Authorization": f"Bearer {app.config['TEST_TOKEN']}"}
    tried = set()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
        @given(case=operation.as_strategy(generation_mode=mode))
        def keeps_to_it(case: Any) -> None:
            tried.add(case.operation.label)
            case.call_and_validate(headers=token, checks=CHECKS)

        keeps_to_it()
    assert len(tried) > 10


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    client: FlaskClient = app.test_client()
    told: dict[str, Any] = client.get("/api/v1/openapi.json").get_json()
    return told


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert [str(error) for error in OPENAPI_31_VALIDATOR.iter_errors(document)] == []


def test_every_reference_in_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    names = set(document["components"]["schemas"])
    assert {each.rpartition("/")[2] for each in _references(document)} <= names


def test_every_route_of_the_api_is_in_the_document(app: Flask, document: dict[str, Any]) -> None:
    routes = [str(rule) for rule in app.url_map.iter_rules() if rule.endpoint.startswith("rest_")]
    assert len(document["paths"]) == len(set(routes))
    assert len(routes) == sum(len(path) for path in document["paths"].values())


def test_refusals_are_problems_and_every_operation_takes_a_token(document: dict[str, Any]) -> None:
    assert document["security"] == [{"api_token": []}]
    for path in document["paths"].values():
        for operation in path.values():
            refusals = {status: each for status, each in operation["responses"].items() if status >= "400"}
            assert "401" in refusals
            assert all(list(each["content"]) == ["application/problem+json"] for each in refusals.values())


def test_writes_take_an_idempotency_key(document: dict[str, Any]) -> None:
    for path in document["paths"].values():
        for method, operation in path.items():
            headers = [each["name"] for each in operation["parameters"] if each["in"] == "header"]
            assert headers == ([] if method == "get" else ["Idempotency-Key"])


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for each in node.values():
            yield from _references(each)
    elif isinstance(node, list):
        for each in node:
            yield from _references(each)
