"""The back office of the tests: people who sign in and use its pages as a browser would."""

import html
import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from edge_api.accounts.models import User
from edge_api.app import Surface, create_app
from edge_api.audit import By, Origin
from edge_api.config import Config
from edge_api.db import Database
from edge_api.fleet.ca import Authority
from edge_api.roles import Role
from tests.edge_api.backoffice.floor import Floor
from tests.factories.edge import PASSWORD, Shop
from tests.fakes.clock import FixedClock

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Visitor:
    """Somebody at a browser. Forms carry the page's CSRF token, as the pages' own do."""

    client: FlaskClient
    user: User | None = None
    _token: str = field(default="")

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=headers)

    def text(self, path: str) -> str:
        """Return what a page says, tags left out."""
        return said(self.get(path))

    def visit_again(self, path: str) -> str:
        """Sign in anew if it was too long ago, and return what the page says."""
        if self.user is not None:
            self.sign_in(self.user.email)
        return self.text(path)

    def post(self, path: str, **fields: object) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token(), **fields})

    def token(self) -> str:
        if not self._token:
            found = _TOKEN.search(self.client.get("/sign-in", follow_redirects=True).text)
            assert found, "the page has no form with a token"
            self._token = found[1]
        return self._token

    def sign_in(self, email: str, password: str = PASSWORD, **fields: str) -> TestResponse:
        answer = self.post("/sign-in", email=email, password=password, **fields)
        self._token = ""
        return answer


@dataclass
class Office:
    """A site with its back office."""

    config: Config
    database: Database
    clock: FixedClock
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        Authority.create(self.config.home / "tls", self.config.site_name, self.clock.now())
        self.app: Flask = create_app(self.config, self.database, self.clock, Surface.BACK_OFFICE)
        self.floor = Floor(self.config, self.database, self.clock)

    @contextmanager
    def shop(self) -> Iterator[Shop]:
        """Make things of the shop, in a transaction."""
        with self.database.transaction() as session:
            yield Shop(session, self.by(), self.config.site, self._numbers)

    def by(self) -> By:
        return By("user:1", Origin.BACK_OFFICE, self.clock.now())

    def user(self, role: Role = Role.OWNER, email: str = "") -> User:
        email = email or f"{role}@winkel.example.nl"
        with self.shop() as shop:
            return shop.user(role, email)

    def visitor(self) -> Visitor:
        """Somebody who has not signed in."""
        return Visitor(self.app.test_client())

    def signed_in(self, role: Role = Role.OWNER) -> Visitor:
        visitor = self.visitor()
        visitor.user = self.user(role)
        assert visitor.sign_in(visitor.user.email).status_code == 303
        return visitor


def said(answer: TestResponse) -> str:
    """Return what an answer says, tags left out and blanks single."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())
