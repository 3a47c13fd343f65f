"""The kiosks' door has the kiosks' routes and nothing else, and the people's door none of those."""

from collections.abc import Iterable

from flask import Flask

from edge_api.app import Surface, create_app
from edge_api.config import Config
from edge_api.db import Database
from tests.fakes.clock import FixedClock

KIOSKS_ROUTES = {
    "/api/v1/ca.pem",
    "/api/v1/enrolment",
    "/api/v1/kiosk/rows",
    "/api/v1/kiosk/settlements",
    "/api/v1/kiosk/config",
}


def _rules(apps: Iterable[Flask]) -> list[set[str]]:
    return [{rule.rule for rule in app.url_map.iter_rules()} for app in apps]


def test_the_two_surfaces_share_nothing_but_their_pulse(
    config: Config, database: Database, clock: FixedClock
) -> None:
    apps = (create_app(config, database, clock, surface) for surface in Surface)
    people, kiosks = _rules(apps)
    assert kiosks == KIOSKS_ROUTES | {"/healthz"}
    assert people & kiosks == {"/healthz"}


def test_every_route_of_kiosks_but_enrolment_wants_a_token(
    config: Config, database: Database, clock: FixedClock
) -> None:
    client = create_app(config, database, clock, Surface.KIOSKS).test_client()
    for path in sorted(KIOSKS_ROUTES - {"/api/v1/ca.pem", "/api/v1/enrolment"}):
        assert client.get(path).status_code == 401
