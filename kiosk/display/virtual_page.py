"""Stands in for holding a card before a camera: pick a demo card, or drop a photo of one.

Mounted only when the kiosk's camera is the virtual one.
"""

from pathlib import Path
from typing import Protocol

import msgspec
import structlog
from flask import Blueprint, Response, abort, jsonify, render_template, request, send_file
from werkzeug.exceptions import RequestEntityTooLarge

from kiosk.camera.images import decode_image
from kiosk.camera.source import Luma
from kiosk.errors import CameraError, UnreadableImage

MAX_FRAME_BYTES = 20 * 1024 * 1024
TAKE_SECONDS = 5.0
"""How long a frame may wait for the camera to take it."""

_log = structlog.get_logger(__name__)


class VirtualCameraPort(Protocol):
    """What the page needs of the virtual camera."""

    def show(self, luma: Luma, timeout: float) -> None:
        """Hold a picture before the camera; return when its frame was taken.

        Raises:
            CameraError: it was not taken within ``timeout`` seconds.
        """


class DemoCard(msgspec.Struct, frozen=True):
    """A card of the demo shop, as ``cards.json`` lists it. Its URL is the card's code and is left out."""

    file: str
    name: str | None = None
    points: int | None = None
    reward: str | None = None
    note: str | None = None


def virtual_camera(camera: VirtualCameraPort, cards_folder: Path | None) -> Blueprint:
    """Make the routes under /virtual-camera. The folder may be missing, and may change at any time."""
    routes = Blueprint("virtual_camera", __name__, url_prefix="/virtual-camera")

    @routes.get("")
    def page() -> str:
        return render_template("virtual.html", cards=demo_cards(cards_folder))

    @routes.get("/cards/<file>")
    def card(file: str) -> Response:
        if cards_folder is None or file not in {each.file for each in demo_cards(cards_folder)}:
            abort(404)
        return send_file((cards_folder / file).absolute(), mimetype="image/png")

    @routes.post("/frame")
    def frame() -> tuple[Response, int]:
        try:
            luma = decode_image(request.get_data())
            camera.show(luma, TAKE_SECONDS)
        except UnreadableImage as error:
            return jsonify(error=str(error)), 422
        except CameraError as error:
            return jsonify(error=str(error)), 503
        height, width = luma.shape
        return jsonify(taken=True, width=width, height=height), 200

    @routes.errorhandler(RequestEntityTooLarge)
    def too_large(_: RequestEntityTooLarge) -> tuple[Response, int]:
        return jsonify(error=f"a picture has at most {MAX_FRAME_BYTES >> 20} MB"), 413

    return routes


def demo_cards(folder: Path | None) -> list[DemoCard]:
    """Return the folder's cards whose pictures are there; none when there is no list to read."""
    if folder is None:
        return []
    try:
        listed = msgspec.json.decode((folder / "cards.json").read_bytes(), type=list[DemoCard])
    except FileNotFoundError:
        return []
    except (OSError, msgspec.DecodeError) as error:
        _log.warning("demo_cards_unreadable", folder=str(folder), error=str(error))
        return []
    return [card for card in listed if _is_picture(folder, card.file)]


def _is_picture(folder: Path, file: str) -> bool:
    # One plain name and no link, so that nothing outside of the folder is ever served.
    path = folder / file
    return Path(file).name == file and file.endswith(".png") and path.is_file() and not path.is_symlink()
