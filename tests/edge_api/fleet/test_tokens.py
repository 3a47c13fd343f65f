"""A kiosk's token lets it in once, for a minute, at this site; anything else is refused in the same way."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import func, select

from contracts.errors import Problem
from contracts.events import decode
from edge_api.audit import By
from edge_api.db import Database
from edge_api.fleet import services
from edge_api.fleet.errors import TokenRefused
from edge_api.fleet.models import KioskState, UsedToken
from edge_api.fleet.tokens import issuer_of, verify
from tests.factories.fleet import FieldKiosk, key_pem, known_kiosk, new_key, public_pem
from tests.fakes.clock import FixedClock

PATH = "/api/v1/kiosk/config"


def _ask(client: FlaskClient, token: str) -> tuple[int, Problem]:
    answer = client.get(PATH, headers={"Authorization": f"Bearer {token}"})
    assert answer.content_type == "application/problem+json"
    return answer.status_code, decode(answer.data, Problem)


def _refused(client: FlaskClient, token: str, clock: FixedClock) -> None:
    status, problem = _ask(client, token)
    assert (status, problem.kind) == (401, "token-refused")
    assert problem.edge_time == clock.now().timestamp()


def _packed(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_good_token_lets_its_kiosk_in(kiosks: FlaskClient, kiosk: FieldKiosk, clock: FixedClock) -> None:
    answer = kiosks.get(PATH, headers=kiosk.headers(clock.now()))
    assert answer.status_code == 200
    assert answer.get_json()["repeat_seconds"] == 30.0


def test_the_scheme_s_case_does_not_matter(kiosks: FlaskClient, kiosk: FieldKiosk, clock: FixedClock) -> None:
    header = {"Authorization": f"bearer {kiosk.token(clock.now())}"}
    assert kiosks.get(PATH, headers=header).status_code == 200


def test_a_token_is_accepted_once(kiosks: FlaskClient, kiosk: FieldKiosk, clock: FixedClock) -> None:
    headers = kiosk.headers(clock.now())
    assert kiosks.get(PATH, headers=headers).status_code == 200
    _refused(kiosks, headers["Authorization"].removeprefix("Bearer "), clock)


def test_a_used_token_stays_refused_for_as_long_as_its_time_holds(
    kiosks: FlaskClient, kiosk: FieldKiosk, clock: FixedClock
) -> None:
    token = kiosk.token(clock.now())
    kiosks.get(PATH, headers={"Authorization": f"Bearer {token}"})
    for _ in range(12):
        clock.forward(timedelta(seconds=5))
        kiosks.get(PATH, headers=kiosk.headers(clock.now()))
        _refused(kiosks, token, clock)


def test_used_tokens_are_forgotten_when_they_would_have_expired(
    kiosks: FlaskClient, kiosk: FieldKiosk, clock: FixedClock, database: Database
) -> None:
    for _ in range(5):
        kiosks.get(PATH, headers=kiosk.headers(clock.now()))
        clock.forward(timedelta(minutes=2))
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(UsedToken)) == 1


@pytest.mark.parametrize(
    ("issued", "expires"),
    [
        (-46, -1),
        (0, 61),
        (0, 3600),
        (6, 40),
        (10**9, 10**9 + 45),
        (-(10**9), 30),
        (-(10**18), -(10**18)),
        (0, 10**18),
        (10**30, 10**30),
    ],
    ids=[
        "expired",
        "too long-lived",
        "far too long-lived",
        "future",
        "far future",
        "old and long",
        "before all years",
        "after all years",
        "beyond 64 bits",
    ],
)
def test_a_token_whose_time_does_not_hold_is_refused_with_ours(
    kiosks: FlaskClient, kiosk: FieldKiosk, clock: FixedClock, issued: int, expires: int
) -> None:
    now = int(clock.now().timestamp())
    _refused(kiosks, kiosk.token(clock.now(), iat=now + issued, exp=now + expires), clock)


@pytest.mark.parametrize(("issued", "expires"), [(0, 60), (5, 50), (-45, 0)])
def test_a_token_may_be_as_long_lived_as_a_minute_and_a_few_seconds_early(
    kiosks: FlaskClient, kiosk: FieldKiosk, clock: FixedClock, issued: int, expires: int
) -> None:
    now = int(clock.now().timestamp())
    token = kiosk.token(clock.now(), iat=now + issued, exp=now + expires)
    assert kiosks.get(PATH, headers={"Authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "welkom:other"},
        {"aud": ["welkom:test"]},
        {"aud": None},
        {"iss": "k-nobody"},
        {"iss": "edge"},
        {"iss": "k-\u0000"},
        {"iss": 7},
        {"iat": 1.5},
        {"iat": True},
        {"exp": "soon"},
        {"exp": None},
        {"jti": ""},
        {"jti": "j" * 65},
        {"jti": "a\u0000b"},
        {"jti": "é"},
        {"jti": None},
    ],
    ids=str,
)
def test_a_token_with_a_wrong_claim_is_refused(
    kiosks: FlaskClient, kiosk: FieldKiosk, clock: FixedClock, changed: dict[str, object]
) -> None:
    _refused(kiosks, kiosk.token(clock.now(), **changed), clock)


def test_another_kiosk_s_key_signs_nothing_for_this_one(
    kiosks: FlaskClient, kiosk: FieldKiosk, clock: FixedClock
) -> None:
    _refused(kiosks, FieldKiosk(kiosk.id, new_key()).token(clock.now()), clock)


def test_a_kiosk_that_has_not_enrolled_is_refused(
    kiosks: FlaskClient, database: Database, by: By, clock: FixedClock
) -> None:
    _refused(kiosks, FieldKiosk(known_kiosk(database, by, "New")).token(clock.now()), clock)


def test_a_revoked_kiosk_is_told_so_and_a_forger_is_not(
    kiosks: FlaskClient, kiosk: FieldKiosk, database: Database, by: By, clock: FixedClock
) -> None:
    with database.transaction() as session:
        services.revoke_kiosk(session, services.find_kiosk(session, kiosk.id), by)
    status, problem = _ask(kiosks, kiosk.token(clock.now()))
    assert (status, problem.kind) == (403, "kiosk-revoked")
    _refused(kiosks, FieldKiosk(kiosk.id, new_key()).token(clock.now()), clock)
    with database.reading() as session:
        assert services.find_kiosk(session, kiosk.id).state is KioskState.REVOKED


@pytest.mark.parametrize("signature", ["", "A" * 86])
@pytest.mark.parametrize("alg", ["none", "None", "NONE", "ES384", "ES256K", "", None, 7])
def test_a_token_that_names_another_algorithm_or_none_is_refused(
    kiosks: FlaskClient, kiosk: FieldKiosk, clock: FixedClock, alg: object, signature: str
) -> None:
    token = f"{_packed({'alg': alg})}.{_packed(kiosk.claims(clock.now()))}.{signature}"
    _refused(kiosks, token, clock)


def test_the_public_key_is_no_secret_to_sign_with(
    kiosks: FlaskClient, kiosk: FieldKiosk, clock: FixedClock
) -> None:
    text = f"{_packed({'alg': 'HS256'})}.{_packed(kiosk.claims(clock.now()))}"
    signature = hmac.digest(public_pem(kiosk.key).encode(), text.encode(), hashlib.sha256)
    _refused(kiosks, f"{text}.{_packed(signature)}", clock)


@pytest.mark.parametrize(
    "extra",
    [{"crit": 5}, {"crit": ["b64"], "b64": False}, {"kid": 5}, {"jwk": {"kty": "EC"}}, {"typ": "JWE"}],
    ids=str,
)
def test_a_header_with_more_than_our_algorithm_is_refused(
    kiosks: FlaskClient, kiosk: FieldKiosk, clock: FixedClock, extra: dict[str, object]
) -> None:
    good = kiosk.token(clock.now()).split(".")
    _refused(kiosks, ".".join([_packed({"alg": "ES256"} | extra), *good[1:]]), clock)


def test_a_signature_over_other_claims_is_refused(
    kiosks: FlaskClient, kiosk: FieldKiosk, clock: FixedClock
) -> None:
    header, _, signature = kiosk.token(clock.now()).split(".")
    _refused(kiosks, f"{header}.{_packed(kiosk.claims(clock.now()))}.{signature}", clock)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dTpw", "Bearer a b", "Bearer é"])
def test_a_request_without_a_token_is_refused(kiosks: FlaskClient, header: str) -> None:
    assert kiosks.get(PATH, headers={"Authorization": header}).status_code == 401


def test_a_token_made_to_break_the_reader_is_refused(kiosks: FlaskClient, clock: FixedClock) -> None:
    head, signature = _packed({"alg": "ES256"}), "A" * 86
    for claims in (b"[" * 1_400, b"\xff", b'{"iss": "\\ud800"}', b"{" * 1_000, b""):
        _refused(kiosks, f"{head}.{_packed(claims)}.{signature}", clock)
    _refused(kiosks, "a." * 50_000, clock)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_CLAIM = st.sampled_from(["iss", "aud", "iat", "exp", "jti", "x"])


@settings(deadline=None, max_examples=300)
@given(token=st.text(max_size=60) | st.from_regex(r"[A-Za-z0-9_-]{0,40}(\.[A-Za-z0-9_-]{0,90}){0,5}"))
def test_any_text_in_place_of_a_token_is_refused(token: str) -> None:
    with pytest.raises(TokenRefused):
        issuer_of(token)


@settings(deadline=None, max_examples=200)
@given(header=_JSON, changed=st.dictionaries(_CLAIM, _JSON, max_size=3), drop=st.sets(_CLAIM, max_size=1))
def test_any_claims_that_a_kiosk_signs_are_refused_or_are_its_own(
    header: object, changed: dict[str, object], drop: set[str]
) -> None:
    clock, kiosk = FixedClock(), FieldKiosk("k-door", _KEY)
    claims = {key: each for key, each in (kiosk.claims(clock.now()) | changed).items() if key not in drop}
    token = jwt.encode({"alg": "ES256"}, claims, ECKey.import_key(key_pem(_KEY)))
    try:
        held = verify(token, public_pem(_KEY), "welkom:test", clock.now())
    except TokenRefused:
        pass
    else:
        assert held.aud == "welkom:test"
        assert held.exp - held.iat <= 60
        assert held.exp >= clock.now().timestamp()
    with pytest.raises(TokenRefused):
        verify(f"{_packed(header)}.{token.partition('.')[2]}", public_pem(_KEY), "welkom:other", clock.now())


_KEY = new_key()
"""One for all examples: making one takes longer than checking a token."""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(claims=st.dictionaries(_CLAIM, _JSON, max_size=5))
def test_nothing_that_a_stranger_sends_is_a_fault_of_ours(
    kiosks: FlaskClient, clock: FixedClock, claims: dict[str, object]
) -> None:
    _refused(kiosks, f"{_packed({'alg': 'ES256'})}.{_packed(claims)}.{'A' * 86}", clock)
