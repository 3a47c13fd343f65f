"""A site with its back office, new for each test."""

import pytest

from edge_api.config import Config
from edge_api.db import Database
from edge_api.roles import Role
from tests.edge_api.backoffice.office import Office, Visitor
from tests.fakes.clock import FixedClock


@pytest.fixture
def office(config: Config, database: Database, clock: FixedClock) -> Office:
    return Office(config, database, clock)


@pytest.fixture
def owner(office: Office) -> Visitor:
    return office.signed_in(Role.OWNER)


@pytest.fixture
def staff(office: Office) -> Visitor:
    return office.signed_in(Role.STAFF)


@pytest.fixture
def manager(office: Office) -> Visitor:
    return office.signed_in(Role.MANAGER)
