"""Nobody comes in without the right password, and nobody stays in who should not."""

from datetime import timedelta

import pytest

from edge_api import audit
from edge_api.accounts import services as accounts
from edge_api.accounts.models import User
from edge_api.backoffice.access import IDLE
from edge_api.backoffice.signing_in import TOO_MANY, WRONG
from edge_api.roles import Role
from tests.databases import DatabaseKind
from tests.edge_api.backoffice.office import Office, Visitor, said
from tests.factories.edge import PASSWORD

# Who comes in does not depend on the database.
pytestmark = pytest.mark.databases(DatabaseKind.SQLITE)

NEW_PASSWORD = "thee zonder suiker"


def test_whoever_is_not_signed_in_is_asked_to_and_then_comes_where_they_wanted(office: Office) -> None:
    user, visitor = office.user(), office.visitor()
    answer = visitor.get("/customers?q=jan&after=3")
    assert answer.status_code == 303
    assert answer.location == "/sign-in?next=/customers?q%3Djan%26after%3D3"
    assert 'name="next" value="/customers?q=jan&amp;after=3"' in visitor.get(answer.location).text
    entered = visitor.sign_in(user.email, next="/customers?q=jan&after=3")
    assert (entered.status_code, entered.location) == (303, "/customers?q=jan&after=3")
    assert visitor.get("/customers").status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/", "/live", "/live/scans", "/customers/1", "/cards/1", "/batches", "/kiosks", "/rejected-messages"],
)
def test_no_page_shows_anything_to_strangers(office: Office, path: str) -> None:
    answer = office.visitor().get(path)
    assert answer.status_code in {303, 401}
    assert "Sign out" not in answer.text


def test_no_deed_is_done_for_strangers(office: Office) -> None:
    with office.shop() as shop:
        card = shop.card()
    assert office.visitor().post(f"/cards/{card.id}/revoke").location == "/sign-in"


@pytest.mark.parametrize(
    ("email", "password"), [("owner@winkel.example.nl", "wrong"), ("nobody@x.nl", PASSWORD)]
)
def test_a_wrong_try_does_not_tell_what_was_wrong(office: Office, email: str, password: str) -> None:
    office.user()
    answer = office.visitor().sign_in(email, password)
    assert answer.status_code == 401
    assert WRONG in said(answer)
    assert password not in answer.text


def test_the_e_mail_may_be_typed_in_capitals_and_with_blanks(office: Office) -> None:
    user = office.user()
    assert office.visitor().sign_in(f" {user.email.upper()} ").status_code == 303


def test_after_five_wrong_tries_even_the_right_password_has_to_wait(office: Office) -> None:
    user, visitor = office.user(), office.visitor()
    assert [visitor.sign_in(user.email, "wrong").status_code for _ in range(5)] == [401] * 5
    answer = visitor.sign_in(user.email)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "60"
    assert TOO_MANY in said(answer)


def test_guessing_many_users_from_one_place_is_slowed_down_too(office: Office) -> None:
    visitor = office.visitor()
    tries = [visitor.sign_in(f"user{number}@x.nl", "wrong").status_code for number in range(21)]
    assert tries == [401] * 20 + [429]


def test_signing_in_rightly_is_never_too_often(office: Office) -> None:
    user, visitor = office.user(), office.visitor()
    assert {visitor.sign_in(user.email).status_code for _ in range(7)} == {303}


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
    ],
)
def test_signing_in_never_leads_to_another_site(office: Office, target: str) -> None:
    user, visitor = office.user(), office.visitor()
    assert "evil" not in said(
        visitor.get("/sign-in?next=" + target.replace("\n", "%0A").replace("\t", "%09"))
    )
    assert visitor.sign_in(user.email, next=target).location == "/"


def test_a_session_has_nothing_of_what_was_there_before_signing_in(office: Office) -> None:
    user, visitor = office.user(), office.visitor()
    with visitor.client.session_transaction() as planted:
        planted["planted"] = "by somebody else"
    visitor.sign_in(user.email)
    with visitor.client.session_transaction() as session:
        assert "planted" not in session


def test_the_cookie_is_kept_from_scripts_and_other_sites(office: Office) -> None:
    user, visitor = office.user(), office.visitor()
    cookie = visitor.sign_in(user.email).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Expires" not in cookie


def test_an_hour_without_use_signs_out(office: Office, owner: Visitor) -> None:
    office.clock.forward(IDLE)
    assert owner.get("/customers").status_code == 200
    office.clock.forward(IDLE + timedelta(seconds=1))
    answer = owner.get("/customers")
    assert answer.location == "/sign-in?next=/customers"
    assert "nobody was here for an hour" in owner.text("/sign-in")


def test_a_page_that_only_polls_keeps_nobody_signed_in(office: Office, owner: Visitor) -> None:
    for _ in range(7):
        office.clock.forward(IDLE / 6)
        last = owner.get("/live/scans")
    assert last.status_code == 401


def test_signing_out_ends_the_session(owner: Visitor) -> None:
    assert owner.post("/sign-out").location == "/sign-in"
    assert owner.get("/customers").status_code == 303


def test_a_new_password_ends_the_sessions_that_began_with_the_old_one(office: Office, owner: Visitor) -> None:
    with office.database.transaction() as session:
        user = session.get_one(User, owner.user.id if owner.user else 0)
        accounts.change_password(session, user, current=PASSWORD, new=NEW_PASSWORD, by=office.by())
    assert owner.get("/customers").status_code == 303


def test_whoever_may_no_longer_work_here_is_out_at_once(office: Office, staff: Visitor) -> None:
    with office.database.transaction() as session:
        accounts.set_active(
            session, session.get_one(User, staff.user.id if staff.user else 0), False, office.by()
        )
    assert staff.get("/customers").status_code == 303
    assert staff.sign_in("staff@winkel.example.nl").status_code == 401


def test_a_forged_session_is_nobodys(office: Office, owner: Visitor) -> None:
    for forged in ("1", "1.", "x.y", "2.0123456789abcdef01234567"):
        with owner.client.session_transaction() as session:
            session["_user_id"] = forged
        assert owner.get("/customers").status_code == 303


def test_signing_in_is_kept_in_the_trail(office: Office, owner: Visitor) -> None:
    with office.database.reading() as session:
        trail = audit.entries_about(session, f"user:{owner.user.id if owner.user else 0}")
    assert trail[-1].action == "user.signed_in"


@pytest.mark.parametrize(
    "path", ["/sign-in", "/sign-out", "/customers/new", "/customers/1/points", "/cards/find"]
)
def test_a_form_without_the_page_s_token_is_refused(office: Office, owner: Visitor, path: str) -> None:
    with office.shop() as shop:
        shop.customer()
    answer = owner.client.post(path, data={"email": "owner@winkel.example.nl", "first_name": "X"})
    assert answer.status_code == 400
    assert "load the page anew" in said(answer)


def test_another_session_s_token_is_refused(office: Office, owner: Visitor) -> None:
    stranger = office.visitor()
    answer = owner.client.post("/customers/new", data={"csrf_token": stranger.token(), "first_name": "X"})
    assert answer.status_code == 400


def test_roles_are_told_on_the_page(office: Office) -> None:
    for role in Role:
        assert role.value.capitalize() in office.signed_in(role).text("/")
