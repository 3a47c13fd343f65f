"""Pulling over HTTPS: everything, what is new, what is left after a cut, and never another database's."""

import gzip
import uuid

import msgspec
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from contracts.errors import Problem
from contracts.events import decode
from contracts.kiosk_state import KioskConfig
from contracts.replica import PullEnd, PullHead, PullLine, PullRow
from contracts.settlements import Settlements, Verdict
from edge_api.app import Surface, create_app
from edge_api.cards import services as cards
from edge_api.fleet import services as fleet
from edge_api.fleet.models import Kiosk
from edge_api.sync import services
from edge_api.sync.models import FeedState
from tests.edge_api.sync.conftest import Site
from tests.factories.fleet import FieldKiosk, active_kiosk
from tests.fakes.replica import ModelReplica

_LINE: msgspec.json.Decoder[PullLine] = msgspec.json.Decoder(PullLine)


class Puller:
    """A kiosk's side of a pull."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.kiosk: FieldKiosk = active_kiosk(site.database, site.by)
        self.client: FlaskClient = create_app(
            site.config, site.database, site.clock, Surface.KIOSKS
        ).test_client()

    def get(self, path: str, *, buffered: bool = True, encoding: str = "") -> TestResponse:
        signed = self.kiosk.headers(self.site.clock.now()) | {"Accept-Encoding": encoding}
        return self.client.get(f"/api/v1/kiosk/{path}", headers=signed, buffered=buffered)

    def lines(self, query: str = "") -> list[PullLine]:
        answer = self.get(f"rows{query}")
        assert answer.status_code == 200
        assert answer.mimetype == "application/x-ndjson"
        return [_LINE.decode(line) for line in answer.data.splitlines()]

    def refused(self, path: str) -> tuple[int, str]:
        answer = self.get(path)
        return answer.status_code, decode(answer.data, Problem).kind


@pytest.fixture
def puller(site: Site) -> Puller:
    return Puller(site)


def _revisions(lines: list[PullLine]) -> list[int]:
    return [line.row.revision for line in lines if isinstance(line, PullRow)]


def test_a_kiosk_without_rows_pulls_everything_in_order(site: Site, puller: Puller) -> None:
    site.cards(3)
    site.publish()
    lines = puller.lines()
    epoch = site.state().epoch
    assert lines[0] == PullHead(epoch=epoch, after=0, upto=3)
    assert _revisions(lines) == [1, 2, 3]
    assert lines[-1] == PullEnd(upto=3)
    assert {line.row.lookup: line.row for line in lines if isinstance(line, PullRow)} == site.published()


def test_an_empty_database_answers_with_a_head_and_an_end(site: Site, puller: Puller) -> None:
    assert puller.lines() == [PullHead(epoch=site.state().epoch, after=0, upto=0), PullEnd(upto=0)]


def test_a_kiosk_with_a_cursor_pulls_what_is_new(site: Site, puller: Puller) -> None:
    site.cards(3)
    site.publish()
    lines = puller.lines(f"?epoch={site.state().epoch}&after=2")
    assert lines[0] == PullHead(epoch=site.state().epoch, after=2, upto=3)
    assert _revisions(lines) == [3]


def test_a_kiosk_that_has_all_gets_nothing(site: Site, puller: Puller) -> None:
    site.cards(3)
    site.publish()
    assert _revisions(puller.lines(f"?epoch={site.state().epoch}&after=3")) == []


def test_a_pull_that_was_cut_is_resumed_after_its_last_row(site: Site, puller: Puller) -> None:
    site.cards(7)
    site.publish()
    replica = ModelReplica()
    lines = puller.lines()
    replica.pull(lines[:4])
    assert replica.cursor == 3
    replica.pull(puller.lines(f"?epoch={replica.epoch}&after={replica.cursor}"))
    assert (replica.rows, replica.cursor) == (site.published(), 7)


def test_a_large_pull_comes_in_pieces_without_gap_or_repetition(site: Site, puller: Puller) -> None:
    for _ in range(3):
        site.cards(services.PIECE - 1)
    site.publish()
    assert _revisions(puller.lines()) == list(range(1, 3 * (services.PIECE - 1) + 1))


def test_what_changes_during_a_pull_comes_with_the_next_one(site: Site, puller: Puller) -> None:
    made = [*site.cards(services.PIECE), *site.cards(2)]
    site.publish()
    answer = puller.get("rows", buffered=False)
    stream = answer.iter_encoded()
    first = [next(stream) for _ in range(2)]
    site.change(lambda session, shop: cards.revoke_card(session, made[-1].id, site.by))
    site.cards(1)
    site.publish()
    lines = [_LINE.decode(line) for line in b"".join([*first, *stream]).splitlines()]
    answer.close()
    upto = services.PIECE + 2
    assert lines[-1] == PullEnd(upto=upto)
    assert _revisions(lines) == list(range(1, upto))
    replica = ModelReplica()
    replica.pull(lines)
    replica.pull(puller.lines(f"?epoch={replica.epoch}&after={replica.cursor}"))
    assert replica.rows == site.published()


def test_a_kiosk_that_takes_gzip_gets_it(site: Site, puller: Puller) -> None:
    site.cards(50)
    site.publish()
    plain = puller.get("rows")
    zipped = puller.get("rows", encoding="gzip")
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.data) == plain.data
    assert len(zipped.data) < len(plain.data)
    assert "Content-Encoding" not in plain.headers


def test_a_kiosk_that_forbids_gzip_gets_plain_lines(puller: Puller) -> None:
    answer = puller.get("rows", encoding="gzip;q=0")
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_another_database_s_cursor_is_told_to_pull_everything(site: Site, puller: Puller) -> None:
    site.cards(3)
    site.publish()
    for query in ("epoch=other&after=1", f"epoch={site.state().epoch}&after=4"):
        assert puller.refused(f"rows?{query}") == (409, "epoch-changed")


def test_a_cursor_without_an_epoch_is_worth_nothing(site: Site, puller: Puller) -> None:
    site.cards(3)
    site.publish()
    assert _revisions(puller.lines("?after=2")) == [1, 2, 3]


def test_an_epoch_that_changes_is_seen_at_the_next_pull(site: Site, puller: Puller) -> None:
    before = site.state().epoch
    with site.database.transaction() as session:
        session.get_one(FeedState, 1).epoch = "restored"
    assert puller.refused(f"rows?epoch={before}&after=0") == (409, "epoch-changed")


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "", "٣", "9" * 19, "1%00"])
def test_a_cursor_that_is_no_number_is_refused(site: Site, puller: Puller, after: str) -> None:
    for path in (f"rows?epoch={site.state().epoch}&after={after}", f"settlements?after={after}"):
        assert puller.refused(path) == (422, "invalid-request")


def test_a_kiosk_pulls_its_own_settlements(site: Site, puller: Puller) -> None:
    other = active_kiosk(site.database, site.by, "At the bar")
    event = uuid.uuid4()
    with site.database.transaction() as session:
        services.settle(session, other.id, uuid.uuid4(), Verdict.NOTED, site.clock.now())
        services.settle(session, puller.kiosk.id, event, Verdict.BOOKED, site.clock.now(), earned=3)
    site.publish()
    (told,) = decode(puller.get("settlements?after=0").data, Settlements).settlements
    assert (told.number, told.event, told.earned) == (2, event, 3)
    assert decode(puller.get("settlements?after=2").data, Settlements).settlements == ()


def test_a_kiosk_pulls_its_settings(site: Site, puller: Puller) -> None:
    with site.database.transaction() as session:
        fleet.configure(session, session.get_one(Kiosk, puller.kiosk.id), site.by, repeat_seconds=9)
    assert decode(puller.get("config").data, KioskConfig).repeat_seconds == 9


def test_a_revoked_kiosk_pulls_nothing(site: Site, puller: Puller) -> None:
    with site.database.transaction() as session:
        fleet.revoke_kiosk(session, session.get_one(Kiosk, puller.kiosk.id), site.by)
    for path in ("rows", "settlements", "config"):
        assert puller.refused(path) == (403, "kiosk-revoked")
