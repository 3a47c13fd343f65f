"""Keeps other web sites away from the kiosk's page, which listens where any page in a browser can ask.

A foreign site can point a name of its own at 127.0.0.1 (so the Host is checked), post to the page (so the
Origin is), or embed it (so the browser's word on where a request comes from is taken too).
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, request

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def guard(app: Flask, trusted_hosts: Collection[str]) -> None:
    """Refuse foreign requests to any route with 403, and send the security headers with each answer."""

    @app.before_request
    def refuse_foreign() -> None:
        if not is_ours(request, trusted_hosts):
            abort(403)

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers[name] = value
        return response


def is_ours(asked: Request, trusted_hosts: Collection[str]) -> bool:
    """Tell whether a request was meant for this server and comes from no other site."""
    host = asked.headers.get("Host", "")
    return _is_trusted(host, trusted_hosts) and _is_same_origin(asked, host) and not _is_embedded(asked)


def _is_trusted(host: str, trusted_hosts: Collection[str]) -> bool:
    try:
        parts = urlsplit(f"//{host}")
        return parts.netloc == host and parts.username is None and _named(parts.hostname, trusted_hosts)
    except ValueError:
        return False


def _named(name: str | None, trusted_hosts: Collection[str]) -> bool:
    return name is not None and name in trusted_hosts


def _is_same_origin(asked: Request, host: str) -> bool:
    # Programs send no Origin; a browser does with each request that could change something.
    origin = asked.headers.get("Origin")
    return origin is None or origin.lower() == f"{asked.scheme}://{host}".lower()


def _is_embedded(asked: Request) -> bool:
    """Tell whether another site's page loads this as a part of itself, such as by an image.

    Following a link here is all right. The port does not matter to ``same-site``, so a page of the back
    office on the same machine is another site as well.
    """
    site = asked.headers.get("Sec-Fetch-Site", "none")
    if site in {"none", "same-origin"}:
        return False
    return not (asked.method == "GET" and asked.headers.get("Sec-Fetch-Dest") == "document")
