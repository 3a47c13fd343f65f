"""A client of the REST API with a token, and a shop to ask about."""

from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from edge_api.accounts.tokens import create_token
from edge_api.app import Surface, create_app
from edge_api.audit import By
from edge_api.config import Config
from edge_api.db import Database
from edge_api.roles import Role
from tests.factories.edge import Shop
from tests.fakes.clock import FixedClock


@dataclass
class Api:
    """Asks as a program with a token does."""

    client: FlaskClient
    token: str

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.ask("GET", path, **options)

    def post(self, path: str, json: Any = None, key: str | None = None, **options: Any) -> TestResponse:
        headers = {"Idempotency-Key": key} if key is not None else {}
        return self.ask("POST", path, json=json, headers=headers, **options)

    def ask(self, method: str, path: str, headers: Any = None, **options: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **options)


@pytest.fixture
def client(config: Config, database: Database, clock: FixedClock) -> FlaskClient:
    return create_app(config, database, clock, Surface.BACK_OFFICE).test_client()


@pytest.fixture
def tokens(database: Database, by: By) -> dict[Role, str]:
    """A token for each role."""
    with database.transaction() as session:
        owner = Shop(session, by).user()
        return {role: create_token(session, owner, name=role, role=role, by=by)[1] for role in Role}


@pytest.fixture
def api(client: FlaskClient, tokens: dict[Role, str]) -> Api:
    """The owner's program."""
    return Api(client, tokens[Role.OWNER])
