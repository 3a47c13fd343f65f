"""The kiosk's page: what is on right now, and a stream of what comes on next.

It only shows. What is shown, and when it goes back to waiting, is decided by the scanner.
"""

import hashlib
from collections.abc import Collection
from pathlib import Path

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException

from kiosk.display.guard import LOOPBACK, guard
from kiosk.display.screen import Screen
from kiosk.display.stage import Stage
from kiosk.display.stream import Stream, event_id
from kiosk.display.virtual_page import MAX_FRAME_BYTES, VirtualCameraPort, virtual_camera
from kiosk.display.words import Words

HEARTBEAT_SECONDS = 5.0

_FOLDER = Path(__file__).parent


def create_page(
    stage: Stage,
    words: Words,
    *,
    trusted_hosts: Collection[str] = LOOPBACK,
    virtual: VirtualCameraPort | None = None,
    cards_folder: Path | None = None,
    build: str | None = None,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
) -> Flask:
    """Make the page's application.

    ``words`` are the shop's, for what the page says by itself. ``trusted_hosts`` are the names it may be
    asked by, on any port. With ``virtual`` there is /virtual-camera, which lists ``cards_folder``.
    ``build`` names what is running: an open page loads itself anew when it changes.
    """
    app = Flask(__name__, static_url_path="/static")
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.config["MAX_CONTENT_LENGTH"] = MAX_FRAME_BYTES
    app.extensions["stage"] = stage
    guard(app, trusted_hosts)
    app.register_error_handler(HTTPException, _plain)
    _add_routes(app, stage, words, build or page_build(), heartbeat_seconds)
    if virtual is not None:
        app.register_blueprint(virtual_camera(virtual, cards_folder))
    return app


def page_build(folder: Path = _FOLDER) -> str:
    """Name the page's present version by the contents of its files."""
    digest = hashlib.sha256()
    files = (file for part in ("templates", "static") for file in (folder / part).rglob("*"))
    for file in sorted(file for file in files if file.is_file()):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


def _add_routes(app: Flask, stage: Stage, words: Words, build: str, heartbeat: float) -> None:
    def render(screen: Screen) -> str:
        # Streams outlive their request, so they render without Flask's contexts.
        return app.jinja_env.get_template("screen.html").render(screen=screen)

    stream = Stream(stage, render, build, heartbeat)

    @app.get("/")
    def page() -> str:
        published = stage.current()
        shown = event_id(stage, published)
        return render_template("page.html", screen=published.screen, shown=shown, build=build, words=words)

    @app.get("/events")
    def events() -> Response:
        seen = request.headers.get("Last-Event-ID", "")
        return Response(stream.events(seen), mimetype="text/event-stream")

    @app.get("/healthz")
    def healthz() -> dict[str, object]:
        return {"build": build, "version": stage.current().version, "watched": stage.is_watched()}


def _plain(error: HTTPException) -> tuple[str, int, dict[str, str]]:
    # The name alone ("Not Found"): no description, which may tell of the inside.
    return f"{error.name}\n", error.code or 500, {"Content-Type": "text/plain; charset=utf-8"}
