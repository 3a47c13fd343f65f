"""Looks whether the kiosk's page answers, and whether a browser shows it."""

import http.client
import json
from contextlib import closing

from kiosk.config import Home, load
from kiosk.doctor.report import Finding, bad, good, warning

_HOST = "127.0.0.1"
_SECONDS = 5.0


def page(home: Home) -> Finding:
    """Ask the page how it is."""
    port = load(home.settings).page.port
    try:
        watched = _is_watched(port)
    except OSError as error:
        return bad(
            f"nothing answers on port {port}: {error.strerror or error}",
            "Start the scanner; its log says why it ended.",
        )
    except (http.client.HTTPException, ValueError, KeyError, TypeError):
        return bad(
            f"something else than the kiosk's page answers on port {port}",
            "End that program, or choose another page.port in kiosk.toml.",
        )
    if not watched:
        return warning(f"answers on port {port}, but no browser shows it", "Start the kiosk's browser.")
    return good(f"answers on port {port}, and a browser shows it")


def _is_watched(port: int) -> bool:
    with closing(http.client.HTTPConnection(_HOST, port, timeout=_SECONDS)) as line:
        line.request("GET", "/healthz")
        return bool(json.loads(line.getresponse().read())["watched"])
