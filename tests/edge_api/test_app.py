"""What each surface answers, what its answers carry, and what its log does not."""

import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient

from contracts.card_code import CardCode
from edge_api.app import Surface, create_app
from edge_api.config import Config
from edge_api.db import Database
from edge_api.redaction import redacted
from tests.fakes.clock import FixedClock

CODE = CardCode(bytes(range(16)))


def _app(config: Config, database: Database, clock: FixedClock, surface: Surface) -> Flask:
    return create_app(config, database, clock, surface)


@pytest.fixture(params=list(Surface))
def either(
    request: pytest.FixtureRequest, config: Config, database: Database, clock: FixedClock
) -> FlaskClient:
    return _app(config, database, clock, request.param).test_client()


@pytest.fixture
def people(config: Config, database: Database, clock: FixedClock) -> FlaskClient:
    return _app(config, database, clock, Surface.BACK_OFFICE).test_client()


@pytest.fixture
def kiosks(config: Config, database: Database, clock: FixedClock) -> FlaskClient:
    return _app(config, database, clock, Surface.KIOSKS).test_client()


def test_both_surfaces_say_that_they_are_there(either: FlaskClient) -> None:
    assert either.get("/healthz").status_code == 200


def test_every_answer_keeps_referrers_frames_and_caches_away(either: FlaskClient) -> None:
    for path in ("/healthz", "/nowhere", f"/C/{CODE.text}"):
        headers = either.get(path).headers
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_a_card_s_page_is_the_same_for_every_code(people: FlaskClient) -> None:
    pages = {
        people.get(path).data
        for path in (f"/C/{CODE.text}", f"/c/{CODE.text.lower()}", "/C/nonsense", "/C/a/b")
    }
    assert len(pages) == 1
    assert CODE.text.encode() not in pages.pop()


@pytest.mark.parametrize(
    ("wanted", "lang"), [("fr-BE, en;q=0.5", "fr"), ("de", "de"), ("en", "en"), ("tlh", "nl"), ("", "nl")]
)
def test_a_card_s_page_speaks_the_visitor_s_language(people: FlaskClient, wanted: str, lang: str) -> None:
    page = people.get("/C/x", headers={"Accept-Language": wanted}).text
    assert f'<html lang="{lang}">' in page


def test_kiosks_have_no_card_pages_and_people_no_kiosk_routes(
    people: FlaskClient, kiosks: FlaskClient
) -> None:
    assert kiosks.get(f"/C/{CODE.text}").status_code == 404
    assert people.get("/api/v1/kiosk/rows").status_code == 404
    assert kiosks.get("/api/v1/customers").status_code == 404


def test_programs_are_told_errors_as_problems(people: FlaskClient, kiosks: FlaskClient) -> None:
    for answer in (people.get("/api/v1/nowhere"), kiosks.get("/nowhere")):
        assert answer.content_type == "application/problem+json"
        assert answer.get_json()["type"] == "urn:welkom:problem:not-found"
    assert people.get("/nowhere").mimetype == "text/html"


def test_a_wrong_method_is_told_with_the_right_ones(kiosks: FlaskClient) -> None:
    answer = kiosks.post("/healthz")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert answer.get_json()["status"] == 405


def test_a_kiosk_that_is_not_let_in_learns_the_time(kiosks: FlaskClient, clock: FixedClock) -> None:
    told = kiosks.get("/api/v1/kiosk/rows").get_json()
    assert told["type"] == "urn:welkom:problem:token-refused"
    assert told["edge_time"] == clock.now().timestamp()


def test_a_body_beyond_a_megabyte_is_refused(kiosks: FlaskClient) -> None:
    answer = kiosks.post("/api/v1/enrolment", data=b"x" * (1024 * 1024 + 1))
    assert answer.status_code == 413
    assert answer.content_type == "application/problem+json"


def test_our_own_faults_are_logged_and_not_told(
    config: Config, database: Database, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    app = _app(config, database, clock, Surface.KIOSKS)

    def broken(code: str) -> str:
        raise RuntimeError("the cupboard is bare")

    app.add_url_rule("/C/<code>", "broken", broken)
    answer = app.test_client().get(f"/C/{CODE.text}")
    assert answer.status_code == 500
    assert answer.get_json()["type"] == "urn:welkom:problem:internal-error"
    assert "cupboard" not in answer.text
    assert "cupboard" in caplog.text
    assert CODE.text not in caplog.messages[0]


def test_no_log_line_tells_a_card_s_address(people: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    people.get(f"/C/{CODE.text}?from=phone")
    people.get(f"/api/v1/cards/{CODE.uuid}/life")
    assert "GET /C/… 200" in caplog.text
    assert CODE.text not in caplog.text
    assert str(CODE.uuid) not in caplog.text


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/C/ABC", "/C/…"),
        ("/c/abc/def", "/c/…"),
        (f"/api/v1/cards/{CODE.uuid}", "/api/v1/cards/…"),
        (f"/api/v1/cards/{CODE.uuid}/link", "/api/v1/cards/…/link"),
        (f"/api/v1/cards/{CODE.uuid.hex}", "/api/v1/cards/…"),
        ("/api/v1/customers", "/api/v1/customers"),
    ],
)
def test_redaction_takes_out_the_card_and_nothing_else(path: str, told: str) -> None:
    assert redacted(path) == told
