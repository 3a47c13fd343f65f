"""Batches and cards: made, named, found, linked, withdrawn, and scanned from the screen."""

import pytest
from sqlalchemy import func, select

from contracts.card_code import payload
from contracts.events import OutcomeName
from edge_api.cards.models import Batch, BatchKind, Card, CardType
from edge_api.customers.models import Customer
from edge_api.roles import Role
from tests.edge_api.backoffice.office import Office, Visitor, said


@pytest.fixture
def batch(office: Office) -> Batch:
    with office.shop() as shop:
        return shop.batch(size=3, name="Opening day")


@pytest.fixture
def anna(office: Office) -> Customer:
    with office.shop() as shop:
        return shop.customer("Anna", "anna@winkel.example.nl")


def _card(office: Office, card_id: int = 1) -> Card:
    with office.database.reading() as session:
        return session.get_one(Card, card_id)


def _batch(office: Office, batch_id: int = 1) -> Batch:
    with office.database.reading() as session:
        return session.get_one(Batch, batch_id)


def _new(office: Office, visitor: Visitor, **fields: object) -> int:
    with office.shop() as shop:
        location = shop.location().id
    wanted = {"name": "Spring", "kind": "offline", "card_type": "VIP", "location": location, "size": "20"}
    return visitor.post("/batches/new", **(wanted | fields)).status_code


def test_a_small_batch_is_there_at_once(office: Office, manager: Visitor) -> None:
    assert _new(office, manager) == 303
    made = _batch(office)
    assert (made.name, made.kind, made.card_type, made.made) == (
        "Spring",
        BatchKind.OFFLINE,
        CardType.VIP,
        20,
    )
    assert made.finished_at is not None
    page = manager.text("/batches?type=VIP")
    assert "Spring" in page
    assert "20 0 0 20" in page
    assert "Spring" not in manager.text("/batches?type=ID")


def test_a_large_batch_is_made_in_pieces_with_its_progress_told(office: Office, manager: Visitor) -> None:
    _new(office, manager, size="1100")
    assert "Making the cards: 500 of 1,100" in manager.text("/batches/1")
    token = manager.token()
    answers = [
        manager.client.post(
            "/batches/1/more", data={"csrf_token": token}, headers={"Accept": "application/json"}
        )
        for _ in range(2)
    ]
    assert [answer.get_json() for answer in answers] == [
        {"made": 1000, "size": 1100, "finished": False},
        {"made": 1100, "size": 1100, "finished": True},
    ]
    with office.database.reading() as session:
        assert session.scalar(select(func.count(Card.id))) == 1100
    assert "Making the cards" not in manager.text("/batches/1")


def test_without_javascript_a_button_makes_the_next_cards(office: Office, manager: Visitor) -> None:
    _new(office, manager, size="501")
    assert manager.post("/batches/1/more").location == "/batches/1"
    assert _batch(office).made == 501


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"size": "0"}, "Takes 1 to 1000000."),
        ({"size": "1000001"}, "Takes 1 to 1000000."),
        ({"size": "some"}, "Takes a whole number."),
        ({"name": ""}, "Takes 1 to 100 characters."),
        ({"name": "Opening day"}, "There is a batch 'Opening day' already."),
        ({"card_type": "GOLD"}, "Takes one of ID"),
    ],
)
def test_a_batch_that_cannot_be_made_leaves_nothing(
    office: Office, manager: Visitor, batch: Batch, fields: dict[str, str], words: str
) -> None:
    with office.shop() as shop:
        location = shop.location().id
    wanted = {"name": "Spring", "kind": "offline", "card_type": "VIP", "location": location, "size": "20"}
    answer = manager.post("/batches/new", **(wanted | fields))
    assert answer.status_code in {409, 422}
    assert words in said(answer)
    with office.database.reading() as session:
        assert session.scalar(select(func.count(Batch.id))) == 1


def test_a_batch_is_renamed_where_it_stands(office: Office, manager: Visitor, batch: Batch) -> None:
    assert 'name="name"' not in manager.get("/batches").text
    assert 'name="name" value="Opening day"' in manager.get("/batches?rename=1").text
    assert manager.post("/batches/1/rename", name="Grand opening").location == "/batches?type=ID"
    assert "Grand opening" in manager.text("/batches")


def test_a_name_that_is_taken_is_said_beside_the_field(
    office: Office, manager: Visitor, batch: Batch
) -> None:
    with office.shop() as shop:
        shop.batch(size=1, name="Other")
    answer = manager.post("/batches/1/rename", name="Other")
    assert answer.status_code == 409
    assert "There is a batch 'Other' already." in said(answer)
    assert 'value="Other"' in answer.text
    assert _batch(office).name == "Opening day"


@pytest.mark.parametrize("path", ["/batches/new", "/batches/1/rename", "/batches/1/more", "/cards/1/revoke"])
def test_staff_make_no_cards_and_withdraw_none(
    office: Office, staff: Visitor, batch: Batch, path: str
) -> None:
    assert staff.post(path, name="Mine", size="5").status_code == 403
    assert _batch(office).name == "Opening day"
    assert not _card(office).is_revoked


def test_a_card_is_found_by_whatever_names_it(office: Office, staff: Visitor, batch: Batch) -> None:
    card = _card(office, 2)
    for text in (
        card.printed_id,
        card.printed_id.replace(" ", ""),
        str(card.uuid),
        card.code.text,
        payload(card.code, office.config.public_url),
        payload(card.code, office.config.public_url).lower(),
    ):
        assert staff.post("/cards/find", text=text).location == "/cards/2"
        assert staff.post("/cards/find", text=text, batch=batch.id).location == "/cards/2"


def test_a_code_never_comes_into_an_address(office: Office, staff: Visitor, batch: Batch) -> None:
    code = "7" + "0" * 25
    answer = staff.post("/cards/find", text=code, batch=batch.id)
    assert answer.location == "/batches/1"
    assert "There is no such card." in staff.text(answer.location)
    assert staff.post("/cards/find", text="00000000-0000-0000-0000-000000000000").location == "/batches"


def test_anything_else_searches_by_customer(
    office: Office, staff: Visitor, batch: Batch, anna: Customer
) -> None:
    staff.post("/cards/3/link", customer=anna.id)
    assert staff.post("/cards/find", text="anna@x").location == "/customers?q=anna@x"
    answer = staff.post("/cards/find", text="ANNA@winkel", batch=batch.id)
    assert answer.location == "/batches/1?q=ANNA@winkel"
    page = staff.text(answer.location)
    assert _card(office, 3).printed_id in page
    assert _card(office, 1).printed_id not in page
    assert "No card of this batch fits" in staff.text("/batches/1?q=berta")


def test_a_long_batch_goes_on_by_number(office: Office, staff: Visitor) -> None:
    with office.shop() as shop:
        shop.batch(size=60)
    assert "More cards" in staff.text("/batches/1")
    second = staff.text("/batches/1?after=50")
    assert _card(office, 51).printed_id in second
    assert _card(office, 50).printed_id not in second


def test_staff_link_a_card_to_the_customer_they_looked_up(
    office: Office, staff: Visitor, batch: Batch, anna: Customer
) -> None:
    assert "Anna" in staff.text("/cards/1?who=anna@winkel.example.nl")
    assert staff.post("/cards/1/link", customer=anna.id).location == "/cards/1"
    assert _card(office).customer_id == anna.id
    page = staff.text("/cards/1")
    assert "The card is linked." in page
    assert "Linked Anna" in page


def test_a_card_that_is_somebody_s_is_not_linked_again(
    office: Office, staff: Visitor, batch: Batch, anna: Customer
) -> None:
    with office.shop() as shop:
        other = shop.customer("Berta")
    staff.post("/cards/1/link", customer=anna.id)
    answer = staff.post("/cards/1/link", customer=other.id)
    assert answer.status_code == 409
    assert "Unlink the card from its customer first." in said(answer)
    assert _card(office).customer_id == anna.id


def test_unlinking_makes_a_card_nobody_s(
    office: Office, staff: Visitor, batch: Batch, anna: Customer
) -> None:
    staff.post("/cards/1/link", customer=anna.id)
    staff.post("/cards/1/unlink")
    assert _card(office).customer_id is None
    assert "Unlinked Anna" in staff.text("/cards/1")


def test_managers_withdraw_a_card_and_let_it_hold_again(
    office: Office, manager: Visitor, batch: Batch
) -> None:
    manager.post("/cards/1/revoke")
    assert _card(office).is_revoked
    assert "A revoked card cannot be linked." in manager.text("/cards/1")
    manager.post("/cards/1/unrevoke")
    assert not _card(office).is_revoked


def test_a_revoked_card_is_not_linked(office: Office, manager: Visitor, batch: Batch, anna: Customer) -> None:
    manager.post("/cards/1/revoke")
    answer = manager.post("/cards/1/link", customer=anna.id)
    assert answer.status_code == 409
    assert _card(office).customer_id is None


def test_a_card_s_life_is_told_from_its_making_to_its_scans(
    office: Office, manager: Visitor, batch: Batch, anna: Customer
) -> None:
    with office.shop() as shop:
        kiosk = office.floor.kiosk
        location = shop.location()
    door = kiosk(location)
    manager.post("/cards/1/link", customer=anna.id)
    office.floor.scan(door, _card(office).code)
    manager.post("/cards/1/revoke")
    office.floor.scan(door, _card(office).code, OutcomeName.REVOKED)
    life = manager.text("/cards/1").partition("Its life")[2]
    for told in (
        "Made",
        "Linked Anna",
        "by User",
        "Scanned: recognised",
        "Revoked Anna",
        "Scanned: revoked card",
    ):
        assert told in life, told


def test_the_page_of_a_card_says_its_number_and_uuid(office: Office, staff: Visitor, batch: Batch) -> None:
    page = staff.text("/cards/1")
    assert _card(office).printed_id in page
    assert str(_card(office).uuid) in page


def test_a_batch_links_to_each_of_its_cards_and_a_card_to_the_next(staff: Visitor, batch: Batch) -> None:
    page = staff.get("/batches/1").text
    assert all(f'href="/cards/{number}"' in page for number in (1, 2, 3))
    assert 'href="/cards/2"' in staff.get("/cards/1").text
    assert "Next card" not in staff.text("/cards/3")


def test_managers_and_owners_may_all_of_it(office: Office, batch: Batch) -> None:
    for role in (Role.MANAGER, Role.OWNER):
        visitor = office.signed_in(role)
        assert visitor.post("/cards/1/revoke").status_code == 303
        assert visitor.post("/cards/1/unrevoke").status_code == 303
