"""The page shows what is on, to its own browser and to nobody else."""

import json
import logging
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kiosk.display.page import create_page, page_build
from kiosk.display.stage import Stage
from tests.kiosk.display.samples import LANGUAGES, NOW, OUTCOMES, screens

ROUTES = ["/", "/events", "/healthz", "/virtual-camera", "/static/kiosk.js", "/nothing-here"]


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def first_events(client: FlaskClient, count: int, last_event_id: str = "") -> list[tuple[str, str, dict]]:
    """The first ``count`` events of a stream as (name, id, data)."""
    response = client.get("/events", headers={"Last-Event-ID": last_event_id})
    try:
        text = ""
        chunks = iter(response.response)
        while text.count("data: ") < count:
            chunk = next(chunks)
            text += chunk.decode() if isinstance(chunk, bytes) else chunk
    finally:
        response.close()
    found = re.findall(r"(?:id: (\S+)\n)?event: (\w+)\ndata: (.*)\n\n", text)
    return [(name, identity, json.loads(data)) for identity, name, data in found]


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_page_comes_with_what_is_on(name: str, client: FlaskClient, stage: Stage) -> None:
    screen = screens().of(OUTCOMES[name], NOW)
    stage.show(screen)
    html = client.get("/").get_data(as_text=True)
    assert f'data-outcome="{OUTCOMES[name].name}"' in html
    assert f'lang="{screen.language}"' in html
    assert screen.status in html


def test_a_name_with_markup_is_shown_as_text(client: FlaskClient, stage: Stage) -> None:
    customer = screens().of(OUTCOMES["recognised"], NOW)
    stage.show(type(customer)(**{**_fields(customer), "title": "<script>alert(1)</script>"}))
    html = client.get("/").get_data(as_text=True)
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


def _fields(screen: object) -> dict[str, object]:
    return {name: getattr(screen, name) for name in type(screen).__dataclass_fields__}


def test_the_stream_begins_with_a_heartbeat_and_what_is_on(client: FlaskClient, stage: Stage) -> None:
    version = stage.show(screens().of(OUTCOMES["revoked"], NOW))
    beat, screen = first_events(client, 2)
    assert (beat[0], beat[2]) == ("heartbeat", {"build": page_build()})
    assert screen[0] == "screen"
    assert {key: screen[2][key] for key in ("version", "tone", "language")} == {
        "version": version,
        "tone": "refused",
        "language": "nl",
    }
    assert "Deze kaart is niet meer geldig" in screen[2]["html"]


def test_a_page_that_has_seen_the_current_screen_is_not_sent_it_again(
    client: FlaskClient, stage: Stage
) -> None:
    events = first_events(client, 2, f"{stage.run}-{stage.current().version}")
    assert [name for name, _, _ in events] == ["heartbeat", "heartbeat"]


@pytest.mark.parametrize("seen", ["{run}-0", "otherrun-1", "otherrun-999", "{run}-x", "-", "1", "{run}-²"])
def test_a_page_that_has_seen_anything_else_gets_the_current_screen_at_once(
    seen: str, client: FlaskClient, stage: Stage
) -> None:
    events = first_events(client, 2, seen.format(run=stage.run))
    assert [name for name, _, _ in events] == ["heartbeat", "screen"]


def test_the_id_of_an_event_is_what_the_page_came_with(client: FlaskClient) -> None:
    _, (_, identity, _) = first_events(client, 2)
    assert f'data-shown="{identity}"' in client.get("/").get_data(as_text=True)


def test_health_tells_the_build_the_version_and_whether_a_page_watches(
    client: FlaskClient, stage: Stage
) -> None:
    assert client.get("/healthz").get_json() == {"build": page_build(), "version": 1, "watched": False}
    stage.take_seat()
    assert client.get("/healthz").get_json()["watched"] is True


def test_the_build_is_the_same_until_a_file_of_the_page_changes() -> None:
    assert page_build() == page_build()
    assert len(page_build()) == 12


@pytest.mark.parametrize("path", ROUTES)
def test_every_answer_has_the_security_headers(path: str, client: FlaskClient) -> None:
    with client.get(path) as response:
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "evil.example:8070",
        "127.0.0.1@evil.example",
        "[::1",
        "a:b:c",
        "",
    ],
)
def test_a_name_that_was_pointed_here_by_somebody_else_is_refused(
    path: str, host: str, client: FlaskClient
) -> None:
    assert client.get(path, headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1:8070", "localhost:8070", "localhost", "[::1]:8070", "LOCALHOST"])
def test_the_kiosks_own_names_are_taken_on_any_port(host: str, client: FlaskClient) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_a_name_of_ones_own_can_be_trusted(stage: Stage) -> None:
    page = create_page(stage, LANGUAGES["nl"], trusted_hosts={"kiosk.local"}).test_client()
    assert page.get("/healthz", headers={"Host": "kiosk.local"}).status_code == 200
    assert page.get("/healthz", headers={"Host": "127.0.0.1"}).status_code == 403


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://127.0.0.1:8000",
        "https://127.0.0.1:8070",
        "http://localhost:8070",
    ],
)
def test_another_sites_page_is_refused(path: str, origin: str, client: FlaskClient) -> None:
    headers = {"Host": "127.0.0.1:8070", "Origin": origin}
    assert client.get(path, headers=headers).status_code == 403


def test_the_pages_own_origin_is_taken(client: FlaskClient) -> None:
    headers = {"Host": "127.0.0.1:8070", "Origin": "http://127.0.0.1:8070"}
    assert client.get("/healthz", headers=headers).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_cannot_load_the_stream_as_a_picture_of_its_own(site: str, client: FlaskClient) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Dest": "image"}
    assert client.get("/events", headers=headers).status_code == 403


def test_a_link_from_another_site_may_be_followed(client: FlaskClient) -> None:
    headers = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "document"}
    assert client.get("/", headers=headers).status_code == 200


def test_an_error_of_the_server_is_logged_and_not_shown(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("the inner workings")

    with caplog.at_level(logging.ERROR):
        response = app.test_client().get("/broken")
    assert response.status_code == 500
    assert response.get_data(as_text=True) == "Internal Server Error\n"
    assert "the inner workings" in caplog.text
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_without_a_virtual_camera_there_is_no_page_for_it(stage: Stage) -> None:
    page = create_page(stage, LANGUAGES["nl"]).test_client()
    assert page.get("/virtual-camera").status_code == 404
    assert page.post("/virtual-camera/frame", data=b"x").status_code == 404


def test_nothing_on_the_page_is_inline_or_from_elsewhere(client: FlaskClient, stage: Stage) -> None:
    for outcome in OUTCOMES.values():
        stage.show(screens().of(outcome, NOW))
        html = client.get("/").get_data(as_text=True)
        assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?! src)|(?:src|href)=\"(?!/|#)", html)
