"""What kiosks pull over HTTPS: rows, settlements, configuration."""

import zlib
from collections.abc import Iterator

import msgspec
from flask import Blueprint, Response, request

from contracts.replica import PullEnd, PullHead, PullRow
from contracts.settlements import Settlements
from edge_api.clock import Clock
from edge_api.config import Config
from edge_api.db import Database
from edge_api.errors import InvalidValue
from edge_api.fleet import services as fleet
from edge_api.fleet.api import asking_kiosk, json_answer
from edge_api.sync import services
from edge_api.sync.errors import EpochChanged
from edge_api.sync.models import FeedState

_GZIP = 16 + zlib.MAX_WBITS


def kiosk_routes(config: Config, database: Database, clock: Clock) -> Blueprint:
    """Make the routes that kiosks pull from, under ``/api/v1/kiosk``."""
    routes = Blueprint("kiosk", __name__, url_prefix="/api/v1/kiosk")

    @routes.get("/rows")
    def rows() -> Response:
        asking_kiosk(config, database, clock)
        head = _pull_head(database, request.args.get("epoch", ""), _number("after"))
        lines = _pull_lines(database, head)
        headers = {"Vary": "Accept-Encoding"}
        if request.accept_encodings["gzip"] > 0:
            lines, headers = _zipped(lines), {**headers, "Content-Encoding": "gzip"}
        return Response(lines, mimetype="application/x-ndjson", headers=headers)

    @routes.get("/settlements")
    def settlements() -> Response:
        kiosk = asking_kiosk(config, database, clock)
        with database.reading() as session:
            found = services.settlements_after(session, kiosk, _number("after"))
        return json_answer(Settlements(settlements=tuple(found)))

    @routes.get("/config")
    def configuration() -> Response:
        kiosk_id = asking_kiosk(config, database, clock)
        with database.reading() as session:
            return json_answer(fleet.config_of(session, fleet.find_kiosk(session, kiosk_id), config))

    return routes


def _pull_head(database: Database, epoch: str, after: int) -> PullHead:
    """Return what a pull will hold.

    Raises:
        EpochChanged: the cursor is another database's, or from a future that this one does not know.
    """
    with database.transaction() as session:
        state: FeedState = services.ensure_state(session)
        known, revision = state.epoch, state.revision
    if not epoch:
        after = 0
    elif epoch != known or after > revision:
        raise EpochChanged("pull without epoch and after")
    return PullHead(epoch=known, after=after, upto=revision)


def _pull_lines(database: Database, head: PullHead) -> Iterator[bytes]:
    """Yield the pull's lines, a few hundred rows to a piece and each piece in a short read of its own.

    A row that changes meanwhile gets a revision beyond ``upto`` and comes with the next pull.
    """
    yield msgspec.json.encode(head) + b"\n"
    after = head.after
    while True:
        with database.reading() as session:
            rows = services.rows_after(session, after, head.upto)
        if not rows:
            break
        after = rows[-1].revision
        yield b"".join(msgspec.json.encode(PullRow(row=row)) + b"\n" for row in rows)
    yield msgspec.json.encode(PullEnd(upto=head.upto)) + b"\n"


def _zipped(lines: Iterator[bytes]) -> Iterator[bytes]:
    # Sealed bytes do not shrink, their base64 does: the quickest level gets all there is to get.
    zipper = zlib.compressobj(level=1, wbits=_GZIP)
    for line in lines:
        if zipped := zipper.compress(line):
            yield zipped
    yield zipper.flush()


def _number(name: str) -> int:
    text = request.args.get(name, "0")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InvalidValue(f"{name}: takes a number from 0")
    return int(text)
