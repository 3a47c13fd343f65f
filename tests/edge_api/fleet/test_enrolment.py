"""Claims are used once and by one key; what a kiosk asks before it has a certificate."""

from datetime import timedelta

import msgspec
import pytest
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from contracts.enrolment import Claim, Enrolled, EnrolmentRequest
from contracts.events import encode
from contracts.topics import is_kiosk_id
from edge_api.app import Surface, create_app
from edge_api.audit import By, entries_about
from edge_api.config import Config
from edge_api.db import Database
from edge_api.errors import NotFound
from edge_api.fleet import services
from edge_api.fleet.ca import Authority
from edge_api.fleet.commands import claim_for
from edge_api.fleet.errors import KioskRevoked
from edge_api.fleet.models import EnrolmentClaim, Kiosk, KioskState
from tests.factories.edge import Shop
from tests.factories.fleet import FieldKiosk, known_kiosk, public_pem, signing_request
from tests.fakes.clock import FixedClock


class Desk:
    """Makes claims, and sends them in as a kiosk does."""

    def __init__(
        self, config: Config, database: Database, clock: FixedClock, authority: Authority, by: By
    ) -> None:
        self.config, self.database, self.clock, self.authority = config, database, clock, authority
        self.client = create_app(config, database, clock, Surface.KIOSKS).test_client()
        self.kiosk = known_kiosk(database, by)

    def claim(self) -> Claim:
        with self.database.transaction() as session:
            found = session.get_one(Kiosk, self.kiosk)
            return services.make_claim(session, found, self.config, self.authority, self.clock.now())

    def send(self, claim: Claim, field: FieldKiosk) -> TestResponse:
        asked = EnrolmentRequest(token=claim.token, csr=signing_request(field.key, name="k-forged"))
        return self.client.post("/api/v1/enrolment", data=encode(asked))

    def stored(self) -> Kiosk:
        with self.database.reading() as session:
            return session.get_one(Kiosk, self.kiosk)


@pytest.fixture
def desk(config: Config, database: Database, clock: FixedClock, authority: Authority, by: By) -> Desk:
    return Desk(config, database, clock, authority, by)


@pytest.fixture
def field() -> FieldKiosk:
    return FieldKiosk("unnamed")


def _kind(answer: TestResponse) -> str:
    assert answer.content_type == "application/problem+json"
    return str(answer.get_json()["type"]).rpartition(":")[2]


def test_a_claim_becomes_an_identity_and_all_that_a_kiosk_needs(desk: Desk, field: FieldKiosk) -> None:
    claim = desk.claim()
    assert claim.ca_sha256 == desk.authority.sha256
    answer = desk.send(claim, field)
    assert answer.status_code == 201
    enrolled = msgspec.json.decode(answer.data, type=Enrolled)
    assert enrolled.kiosk == desk.kiosk
    assert enrolled.ca == desk.authority.certificate_pem
    assert (enrolled.site, enrolled.salt) == ("test", desk.config.secrets.site_salt)
    assert enrolled.broker.port == desk.config.mqtt.kiosk_port
    certificate = x509.load_pem_x509_certificate(enrolled.certificate.encode())
    assert certificate.public_key() == field.key.public_key()
    assert certificate.subject.rfc4514_string() == f"CN={desk.kiosk}"
    assert desk.stored().state is KioskState.ACTIVE
    assert desk.stored().public_key == public_pem(field.key)


def test_enrolling_leaves_an_entry_in_the_trail(desk: Desk, field: FieldKiosk) -> None:
    desk.send(desk.claim(), field)
    with desk.database.reading() as session:
        actions = [entry.action for entry in entries_about(session, f"kiosk:{desk.kiosk}")]
    assert actions == ["kiosk.registered", "kiosk.enrolled"]


def test_the_same_key_may_ask_again_since_the_answer_may_have_been_lost(
    desk: Desk, field: FieldKiosk
) -> None:
    claim = desk.claim()
    assert [desk.send(claim, field).status_code for _ in range(3)] == [201, 201, 201]


def test_another_key_may_not_use_a_used_claim(desk: Desk, field: FieldKiosk) -> None:
    claim = desk.claim()
    desk.send(claim, field)
    answer = desk.send(claim, FieldKiosk("thief"))
    assert answer.status_code == 403
    assert _kind(answer) == "claim-refused"
    assert desk.stored().public_key == public_pem(field.key)


def test_a_claim_expires(desk: Desk, field: FieldKiosk) -> None:
    claim = desk.claim()
    desk.clock.forward(services.CLAIM_LIFE)
    assert desk.send(claim, field).status_code == 201
    late = desk.claim()
    desk.clock.forward(services.CLAIM_LIFE + timedelta(seconds=1))
    assert _kind(desk.send(late, field)) == "claim-refused"


def test_an_unknown_claim_is_refused_and_changes_nothing(desk: Desk, field: FieldKiosk) -> None:
    answer = desk.send(Claim(edge_url="", token="guessed", ca_sha256=""), field)
    assert _kind(answer) == "claim-refused"
    assert desk.stored().state is KioskState.CREATED


def test_a_claim_with_a_bad_request_can_still_be_used(desk: Desk, field: FieldKiosk) -> None:
    claim = desk.claim()
    bad = EnrolmentRequest(token=claim.token, csr="nonsense")
    assert _kind(desk.client.post("/api/v1/enrolment", data=encode(bad))) == "claim-refused"
    assert desk.send(claim, field).status_code == 201


def test_using_a_claim_takes_the_kiosk_s_other_claims_back(desk: Desk, field: FieldKiosk) -> None:
    lost, used = desk.claim(), desk.claim()
    desk.send(used, field)
    assert _kind(desk.send(lost, FieldKiosk("finder"))) == "claim-refused"


def test_a_kiosk_that_was_wiped_enrols_anew_and_counts_its_sessions_from_one(
    desk: Desk, field: FieldKiosk
) -> None:
    desk.send(desk.claim(), field)
    with desk.database.transaction() as session:
        session.get_one(Kiosk, desk.kiosk).session = 40
    again = FieldKiosk("wiped")
    assert desk.send(desk.claim(), again).status_code == 201
    assert desk.stored().session == 0
    assert desk.stored().public_key == public_pem(again.key)


def test_the_same_key_again_keeps_the_sessions_count(desk: Desk, field: FieldKiosk) -> None:
    claim = desk.claim()
    desk.send(claim, field)
    with desk.database.transaction() as session:
        session.get_one(Kiosk, desk.kiosk).session = 40
    desk.send(claim, field)
    assert desk.stored().session == 40


def test_a_revoked_kiosk_neither_enrols_nor_gets_a_claim(desk: Desk, field: FieldKiosk, by: By) -> None:
    claim = desk.claim()
    with desk.database.transaction() as session:
        services.revoke_kiosk(session, session.get_one(Kiosk, desk.kiosk), by)
    assert _kind(desk.send(claim, field)) == "claim-refused"
    with pytest.raises(KioskRevoked):
        desk.claim()


def test_revoking_twice_leaves_one_entry(desk: Desk, by: By) -> None:
    for _ in range(2):
        with desk.database.transaction() as session:
            services.revoke_kiosk(session, session.get_one(Kiosk, desk.kiosk), by)
    with desk.database.reading() as session:
        actions = [entry.action for entry in entries_about(session, f"kiosk:{desk.kiosk}")]
    assert actions.count("kiosk.revoked") == 1


def test_the_database_knows_no_claim_s_token(desk: Desk) -> None:
    claim = desk.claim()
    with desk.database.reading() as session:
        kept = session.query(EnrolmentClaim).one()
    assert claim.token.encode() not in kept.token_hash


def test_whoever_asks_gets_the_ca_to_compare_it_with_the_claim(desk: Desk) -> None:
    assert desk.client.get("/api/v1/ca.pem").text == desk.authority.certificate_pem


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(body=st.binary(max_size=300))
def test_any_bytes_in_place_of_a_request_are_refused(desk: Desk, body: bytes) -> None:
    assert desk.client.post("/api/v1/enrolment", data=body).status_code in {403, 422}


@pytest.mark.parametrize(
    "body",
    [
        b'{"token": "\xff", "csr": ""}',
        b'{"x": ' + b"[" * 8_000 + b"]" * 8_000 + b"}",
        b'{"token": "' + b"t" * 20_000 + b'", "csr": ""}',
        b'{"token": "\\u0000", "csr": "\\u0000"}',
        b'{"token": "\\ud800", "csr": ""}',
        b"[]",
        b"",
    ],
    ids=["no UTF-8", "deep", "long", "NUL", "half a surrogate pair", "a list", "nothing"],
)
def test_requests_that_are_made_to_break_something_are_refused(desk: Desk, body: bytes) -> None:
    assert desk.client.post("/api/v1/enrolment", data=body).status_code in {403, 422}


def test_the_command_makes_a_kiosk_known_once_and_a_claim_each_time(
    config: Config, database: Database, clock: FixedClock, authority: Authority, by: By
) -> None:
    with database.transaction() as session:
        Shop(session, by).location("dorp")
    tokens = {_claim_by_command(config, database, clock, "Entrance").token for _ in range(2)}
    assert len(tokens) == 2
    with database.reading() as session:
        kiosk = session.query(Kiosk).one()
        actions = [entry.action for entry in entries_about(session, f"kiosk:{kiosk.id}")]
    assert kiosk.repeat_seconds == 5
    assert actions == ["kiosk.registered", "kiosk.configured", "kiosk.claim_made", "kiosk.claim_made"]


@pytest.mark.parametrize("location", [None, "nowhere"])
def test_the_command_wants_a_location_that_is_there(
    config: Config, database: Database, clock: FixedClock, authority: Authority, location: str | None
) -> None:
    with pytest.raises(NotFound, match="location"):
        claim_for(config, database, clock, "Entrance", location=location, repeat_seconds=None)


def _claim_by_command(config: Config, database: Database, clock: FixedClock, name: str) -> Claim:
    return claim_for(config, database, clock, name, location="dorp", repeat_seconds=5)


def test_a_new_kiosk_s_id_is_one_that_topics_take(desk: Desk) -> None:
    assert is_kiosk_id(desk.kiosk)
