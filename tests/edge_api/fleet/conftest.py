"""A site with its certificates, a kiosk in the field, and both surfaces of the web."""

import pytest
from flask.testing import FlaskClient

from edge_api.app import Surface, create_app
from edge_api.audit import By
from edge_api.config import Config
from edge_api.db import Database
from edge_api.fleet.ca import Authority
from edge_api.fleet.setup import prepare_site
from tests.factories.fleet import FieldKiosk, active_kiosk
from tests.fakes.clock import FixedClock


@pytest.fixture
def authority(config: Config, clock: FixedClock) -> Authority:
    prepare_site(config, clock.now())
    return Authority(config.home / "tls")


@pytest.fixture
def kiosk(database: Database, by: By) -> FieldKiosk:
    return active_kiosk(database, by)


@pytest.fixture
def kiosks(config: Config, database: Database, clock: FixedClock, authority: Authority) -> FlaskClient:
    return create_app(config, database, clock, Surface.KIOSKS).test_client()
