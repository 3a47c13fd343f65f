"""Pictures reach the virtual camera, bad ones are refused, and only listed cards are served."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from kiosk.display.page import create_page
from kiosk.display.stage import Stage
from kiosk.display.virtual_page import MAX_FRAME_BYTES, demo_cards
from tests.kiosk.display.conftest import FakeCamera
from tests.kiosk.display.samples import LANGUAGES

FRAME = "/virtual-camera/frame"


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def picture(kind: str = ".png", value: int = 180) -> bytes:
    done, data = cv2.imencode(kind, np.full((48, 64), value, np.uint8))
    assert done
    return data.tobytes()


@pytest.mark.parametrize("kind", [".png", ".jpg"])
@pytest.mark.parametrize("content_type", ["image/png", "application/octet-stream", "text/plain", None])
def test_a_picture_is_held_before_the_camera(
    kind: str, content_type: str | None, client: FlaskClient, camera: FakeCamera
) -> None:
    response = client.post(FRAME, data=picture(kind), content_type=content_type)
    assert (response.status_code, response.get_json()) == (200, {"taken": True, "width": 64, "height": 48})
    (luma,) = camera.taken
    assert luma.shape == (48, 64)
    assert luma.mean() == pytest.approx(180, abs=1)


def test_a_form_is_taken_for_a_picture_too_and_is_none(client: FlaskClient) -> None:
    response = client.post(FRAME, data=b"a=b", content_type="application/x-www-form-urlencoded")
    assert response.status_code == 422


@pytest.mark.parametrize("data", [b"", b"hello", picture()[:40], picture(".jpg")[:100]])
def test_what_is_no_picture_is_refused_with_the_reason(
    data: bytes, client: FlaskClient, camera: FakeCamera
) -> None:
    response = client.post(FRAME, data=data)
    assert response.status_code == 422
    assert response.get_json()["error"]
    assert camera.taken == []


def test_a_camera_that_takes_nothing_is_told(client: FlaskClient, camera: FakeCamera) -> None:
    camera.stopped = True
    response = client.post(FRAME, data=picture())
    assert response.status_code == 503
    assert response.get_json() == {"error": "the scanner took no picture in time"}


def test_more_than_20_megabytes_are_refused(client: FlaskClient, camera: FakeCamera) -> None:
    response = client.post(FRAME, data=bytes(MAX_FRAME_BYTES + 1))
    assert response.status_code == 413
    assert "20 MB" in response.get_json()["error"]
    assert camera.taken == []


def test_a_picture_from_another_sites_page_is_refused(client: FlaskClient, camera: FakeCamera) -> None:
    response = client.post(FRAME, data=picture(), headers={"Origin": "http://evil.example"})
    assert response.status_code == 403
    assert camera.taken == []


def test_a_picture_from_the_page_itself_is_taken(client: FlaskClient, camera: FakeCamera) -> None:
    response = client.post(FRAME, data=picture(), headers={"Origin": "http://localhost"})
    assert response.status_code == 200


def test_the_page_lists_the_cards_without_their_codes(client: FlaskClient) -> None:
    html = client.get("/virtual-camera").get_data(as_text=True)
    assert "Anna" in html
    assert "1,240 points" in html
    assert "Gratis koffie" in html
    assert "/virtual-camera/cards/bram.png" in html
    assert "HTTP://X/C" not in html


def test_a_listed_card_is_served_as_a_picture(client: FlaskClient, cards_folder: Path) -> None:
    with client.get("/virtual-camera/cards/anna.png") as response:
        assert response.data == (cards_folder / "anna.png").read_bytes()
        assert response.mimetype == "image/png"
        assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "file",
    [
        "secret.png",
        "cards.json",
        "..",
        "../cards.json",
        "%2e%2e%2fcards.json",
        "..%5ccards.json",
        "/etc/passwd",
    ],
)
def test_no_other_file_is_served(file: str, client: FlaskClient) -> None:
    assert client.get(f"/virtual-camera/cards/{file}").status_code == 404


def test_a_list_cannot_name_files_outside_of_its_folder(cards_folder: Path, client: FlaskClient) -> None:
    (cards_folder.parent / "outside.png").write_bytes(b"private")
    os.symlink(cards_folder.parent / "outside.png", cards_folder / "link.png")
    (cards_folder / "cards.json").write_text(
        '[{"file": "../outside.png"}, {"file": "link.png"}, {"file": "cards.json"}, {"file": ""}]'
    )
    assert demo_cards(cards_folder) == []
    for file in ("..%2foutside.png", "link.png", "cards.json"):
        assert client.get(f"/virtual-camera/cards/{file}").status_code == 404


def test_cards_made_while_it_runs_are_listed(cards_folder: Path, client: FlaskClient) -> None:
    before = (cards_folder / "cards.json").read_bytes()
    (cards_folder / "cards.json").unlink()
    assert "no demo cards yet" in client.get("/virtual-camera").get_data(as_text=True)
    (cards_folder / "cards.json").write_bytes(before)
    assert "Anna" in client.get("/virtual-camera").get_data(as_text=True)


def test_a_card_whose_picture_is_missing_is_left_out(cards_folder: Path) -> None:
    (cards_folder / "anna.png").unlink()
    assert [card.name for card in demo_cards(cards_folder)] == ["Bram"]


@pytest.mark.parametrize("text", ["", "{", "{}", '[{"name": "no file"}]', "\ufffd"])
def test_a_list_that_cannot_be_read_is_logged_and_lists_nothing(cards_folder: Path, text: str) -> None:
    (cards_folder / "cards.json").write_text(text)
    with capture_logs() as logs:
        assert demo_cards(cards_folder) == []
    assert [entry["event"] for entry in logs] == ["demo_cards_unreadable"]


def test_without_a_folder_a_photo_can_be_dropped_all_the_same(stage: Stage, camera: FakeCamera) -> None:
    page = create_page(stage, LANGUAGES["nl"], virtual=camera).test_client()
    assert "no demo cards yet" in page.get("/virtual-camera").get_data(as_text=True)
    assert page.get("/virtual-camera/cards/anna.png").status_code == 404
    assert page.post(FRAME, data=picture()).status_code == 200
