"""Kiosks: registered, enrolled by the claim that the page shows, watched and withdrawn."""

import html
import re
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from contracts.enrolment import Claim, EnrolmentRequest
from edge_api import audit
from edge_api.accounts.models import Location
from edge_api.backoffice.lists import ONLINE_WITHIN
from edge_api.fleet import services as fleet
from edge_api.fleet.ca import Authority
from edge_api.fleet.models import Kiosk, KioskState
from edge_api.roles import Role
from tests.edge_api.backoffice.office import Office, Visitor, said


@pytest.fixture
def location(office: Office) -> Location:
    with office.shop() as shop:
        return shop.location("utrecht")


def _only(office: Office) -> Kiosk:
    with office.database.reading() as session:
        [(kiosk, _)] = fleet.list_kiosks(session)
        return kiosk


def _csr() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def test_an_owner_registers_a_kiosk(office: Office, owner: Visitor, location: Location) -> None:
    answer = owner.post("/kiosks/new", name="By the door", location=location.id)
    kiosk = _only(office)
    assert answer.location == f"/kiosks/{kiosk.id}"
    assert (kiosk.name, kiosk.location_id, kiosk.state) == ("By the door", location.id, KioskState.CREATED)
    assert "Not enrolled yet" in owner.text("/kiosks")


@pytest.mark.parametrize(
    ("name", "words"), [("Taken", "Another kiosk has this name."), (" ", "Takes 1 to 100")]
)
def test_a_name_that_cannot_be_taken_registers_nothing(
    office: Office, owner: Visitor, location: Location, name: str, words: str
) -> None:
    office.floor.kiosk(location, "Taken")
    answer = owner.post("/kiosks/new", name=name, location=location.id)
    assert answer.status_code in {409, 422}
    assert words in said(answer)
    assert _only(office).name == "Taken"


def test_the_claim_that_the_page_shows_enrols_the_kiosk(
    office: Office, owner: Visitor, location: Location
) -> None:
    kiosk = office.floor.kiosk(location, state=KioskState.CREATED)
    page = owner.post(f"/kiosks/{kiosk.id}/claim").text
    shown = re.search(r"<textarea[^>]*>([^<]+)</textarea>", page)
    assert shown
    claim = Claim.from_text(html.unescape(shown[1]))
    authority = Authority(office.config.home / "tls")
    assert claim.ca_sha256 == authority.sha256
    with office.database.transaction() as session:
        request = EnrolmentRequest(token=claim.token, csr=_csr())
        enrolled = fleet.enrol(session, request, office.config, authority, office.clock.now())
    assert enrolled.kiosk == kiosk.id
    assert _only(office).state is KioskState.ACTIVE


def test_each_claim_is_another_and_is_in_the_trail_without_its_token(
    office: Office, owner: Visitor, location: Location
) -> None:
    kiosk = office.floor.kiosk(location, state=KioskState.CREATED)
    pages = {owner.post(f"/kiosks/{kiosk.id}/claim").text for _ in range(2)}
    assert len(pages) == 2
    with office.database.reading() as session:
        trail = audit.entries_about(session, f"kiosk:{kiosk.id}")
    assert [entry.action for entry in trail] == ["kiosk.registered", *["kiosk.claim_made"] * 2]
    assert trail[-1].after == {}


def test_a_kiosk_is_online_while_it_is_heard_of(office: Office, staff: Visitor, location: Location) -> None:
    kiosk = office.floor.kiosk(location)
    assert "Offline" in staff.text("/kiosks")
    office.floor.reports(kiosk, queued=3)
    page = staff.text("/kiosks")
    assert "Online just now 0.1.0 Camera Module 3 3" in page
    office.clock.forward(ONLINE_WITHIN + timedelta(seconds=1))
    assert "Offline 2 minutes ago" in staff.text("/kiosks")


def test_a_kiosk_that_says_goodbye_is_offline_at_once(
    office: Office, staff: Visitor, location: Location
) -> None:
    kiosk = office.floor.kiosk(location)
    office.floor.reports(kiosk)
    office.floor.reports(kiosk, online=False)
    assert "Offline" in staff.text(f"/kiosks/{kiosk.id}")


def test_managers_revoke_a_kiosk_and_nothing_of_it_is_taken_any_more(
    office: Office, location: Location
) -> None:
    manager, kiosk = office.signed_in(Role.MANAGER), office.floor.kiosk(location)
    assert manager.post(f"/kiosks/{kiosk.id}/revoke").status_code == 303
    assert _only(office).state is KioskState.REVOKED
    office.floor.reports(kiosk)
    assert "Revoked kiosk 3" in manager.text("/rejected-messages")


def test_a_revoked_kiosk_gets_no_claim(office: Office, owner: Visitor, location: Location) -> None:
    kiosk = office.floor.kiosk(location, state=KioskState.REVOKED)
    assert owner.post(f"/kiosks/{kiosk.id}/claim").status_code == 409
    assert "claim" not in owner.text(f"/kiosks/{kiosk.id}")


@pytest.mark.parametrize(
    ("deed", "role"),
    [("claim", Role.STAFF), ("claim", Role.MANAGER), ("revoke", Role.STAFF)],
)
def test_whoever_may_not_does_not(office: Office, location: Location, deed: str, role: Role) -> None:
    kiosk = office.floor.kiosk(location)
    answer = office.signed_in(role).post(f"/kiosks/{kiosk.id}/{deed}")
    assert answer.status_code == 403
    assert "Your role does not allow this" in said(answer)
    assert _only(office).state is KioskState.ACTIVE


def test_rejected_messages_are_counted_by_reason_and_shown_with_why(
    office: Office, location: Location
) -> None:
    manager, kiosk = office.signed_in(Role.MANAGER), office.floor.kiosk(location)
    with office.shop() as shop:
        card = shop.card()
    for _ in range(2):
        office.floor.scan(kiosk, card.code, forged=True)
    page = manager.text("/rejected-messages")
    assert "Forged proof 2" in page
    assert "the event's proof does not fit the card" in page
