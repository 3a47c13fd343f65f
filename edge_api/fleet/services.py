"""Registering and enrolling kiosks, letting them in, and keeping what they say of themselves."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from contracts.enrolment import Broker, Claim, Enrolled, EnrolmentRequest
from contracts.kiosk_state import Health, Info, KioskConfig, Status
from edge_api.accounts.models import Location
from edge_api.audit import By, Origin, record
from edge_api.config import Config
from edge_api.db import TO_CHANGE
from edge_api.feed import FeedKind, touch
from edge_api.fleet.ca import Authority
from edge_api.fleet.errors import ClaimRefused, KioskRevoked, TokenRefused, UnknownKiosk
from edge_api.fleet.models import EnrolmentClaim, Kiosk, KioskState, UsedToken
from edge_api.fleet.tokens import issuer_of, verify
from edge_api.texts import folded

CLAIM_LIFE = timedelta(days=7)
_ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def register_kiosk(session: Session, name: str, location: Location, by: By) -> Kiosk:
    """Make a kiosk known, with an id of its own that says nothing about it."""
    kiosk_id = "k-" + "".join(secrets.choice(_ID_ALPHABET) for _ in range(10))
    kiosk = Kiosk(id=kiosk_id, name=name, location_id=location.id, state=KioskState.CREATED, created_at=by.at)
    session.add(kiosk)
    session.flush()
    record(session, by, "kiosk.registered", f"kiosk:{kiosk_id}", after={"name": name})
    return kiosk


def find_kiosk(session: Session, kiosk_id: str) -> Kiosk:
    """Return the kiosk.

    Raises:
        UnknownKiosk: there is none of that id.
    """
    kiosk = session.get(Kiosk, kiosk_id)
    if kiosk is None:
        raise UnknownKiosk(f"there is no kiosk {kiosk_id[:40]!r}")
    return kiosk


def make_claim(session: Session, kiosk: Kiosk, config: Config, authority: Authority, now: datetime) -> Claim:
    """Make a single-use claim for the kiosk; it works for seven days, or until another one is used.

    Raises:
        KioskRevoked: the kiosk was revoked, and comes back only as a new one.
    """
    if kiosk.state is KioskState.REVOKED:
        raise KioskRevoked("a revoked kiosk enrols no more; register it anew")
    token = secrets.token_urlsafe(24)
    session.add(
        EnrolmentClaim(
            token_hash=_hash(token), kiosk_id=kiosk.id, created_at=now, expires_at=now + CLAIM_LIFE
        )
    )
    return Claim(edge_url=config.edge_url, token=token, ca_sha256=authority.sha256)


def enrol(
    session: Session, request: EnrolmentRequest, config: Config, authority: Authority, now: datetime
) -> Enrolled:
    """Exchange a claim and a signing request for a certificate and all that a kiosk needs to know.

    The same key may ask again with the same claim: the answer to its first request may have been lost.

    Raises:
        ClaimRefused: the claim is unknown, expired or was used by another key, or the request is bad.
    """
    claim = session.get(EnrolmentClaim, _hash(request.token), with_for_update=True)
    if claim is None or claim.expires_at < now:
        raise ClaimRefused("the claim is unknown or has expired: make a new one in the back office")
    kiosk = session.get_one(Kiosk, claim.kiosk_id, with_for_update=True)
    certificate, public_key = authority.issue_kiosk(kiosk.id, request.csr, now)
    if claim.used_at is not None and kiosk.public_key != public_key:
        raise ClaimRefused("the claim was used already: make a new one in the back office")
    if kiosk.state is KioskState.REVOKED:
        raise ClaimRefused("the kiosk was revoked")
    _give_identity(kiosk, public_key, certificate, now)
    _use(session, claim, now)
    by = By(f"kiosk:{kiosk.id}", Origin.KIOSK, now, kiosk.id)
    record(session, by, "kiosk.enrolled", f"kiosk:{kiosk.id}")
    return _enrolled(session, kiosk, certificate, config, authority)


def config_of(session: Session, kiosk: Kiosk, config: Config) -> KioskConfig:
    """Return how the kiosk is to behave."""
    location = session.get_one(Location, kiosk.location_id)
    return KioskConfig(
        revision=kiosk.config_revision,
        shop_name=location.name,
        location=location.slug,
        timezone=location.timezone or config.timezone,
        languages=tuple(config.languages),
        card_hosts=config.card_hosts,
        repeat_seconds=kiosk.repeat_seconds,
    )


def configure(session: Session, kiosk: Kiosk, by: By, *, repeat_seconds: float) -> None:
    """Change the kiosk's settings; it hears of it at once if connected."""
    session.refresh(kiosk, with_for_update=TO_CHANGE)
    before, after = {"repeat_seconds": kiosk.repeat_seconds}, {"repeat_seconds": repeat_seconds}
    kiosk.repeat_seconds = repeat_seconds
    kiosk.config_revision += 1
    touch(session, FeedKind.KIOSK_CONFIG, kiosk.id)
    record(session, by, "kiosk.configured", f"kiosk:{kiosk.id}", before=before, after=after)


def revoke_kiosk(session: Session, kiosk: Kiosk, by: By) -> None:
    """Let the kiosk in no more: ingest and the API refuse it from this transaction on."""
    if kiosk.state is KioskState.REVOKED:
        return
    kiosk.state = KioskState.REVOKED
    record(session, by, "kiosk.revoked", f"kiosk:{kiosk.id}")


def authenticate(session: Session, token: str, config: Config, now: datetime) -> Kiosk:
    """Return the kiosk that signed the token, and note the token as used.

    Raises:
        TokenRefused: it does not hold, or was used before.
        KioskRevoked: it holds, but the kiosk was revoked.
    """
    kiosk = session.get(Kiosk, issuer_of(token))
    if kiosk is None or kiosk.public_key is None:
        raise TokenRefused("no enrolled kiosk of this name")
    claims = verify(token, kiosk.public_key, audience(config), now)
    if kiosk.state is not KioskState.ACTIVE:
        raise KioskRevoked("the kiosk was revoked")
    session.execute(delete(UsedToken).where(UsedToken.expires_at < now))
    session.add(UsedToken(jti=claims.jti, expires_at=claims.expires_at + timedelta(seconds=10)))
    try:
        session.flush()
    except IntegrityError:
        raise TokenRefused("the token was used before") from None
    return kiosk


def audience(config: Config) -> str:
    """Return whom kiosks' tokens of this site are for."""
    return f"welkom:{config.site_name}"


def note_status(kiosk: Kiosk, status: Status, now: datetime, *, kept: bool = False) -> None:
    """Take whether the kiosk is online, unless an older session says so.

    What the broker had ``kept`` is old: it says nothing of when the kiosk was last seen, and neither does
    a last will, which the broker says for it.
    """
    if status.session < kiosk.session:
        return
    kiosk.session, kiosk.online = status.session, status.online
    if status.online and not kept:
        kiosk.seen_at = now


def note_info(kiosk: Kiosk, info: Info, now: datetime, *, kept: bool = False) -> None:
    """Keep what seldom changes about a kiosk."""
    kiosk.info = _plain(info)
    if not kept:
        kiosk.seen_at = now


def note_health(kiosk: Kiosk, health: Health, now: datetime) -> None:
    """Keep the newest health of a kiosk."""
    kiosk.health, kiosk.seen_at = _plain(health), now


def list_kiosks(session: Session) -> list[tuple[Kiosk, Location]]:
    """Return every kiosk with its location, by name."""
    query = select(Kiosk, Location).join(Location, Location.id == Kiosk.location_id)
    found = [(kiosk, location) for kiosk, location in session.execute(query)]
    # Not by the database, each of which has an order of letters of its own.
    return sorted(found, key=lambda pair: (folded(pair[0].name), pair[0].id))


def _give_identity(kiosk: Kiosk, public_key: str, certificate: str, now: datetime) -> None:
    if kiosk.public_key != public_key:
        # A kiosk that was wiped counts its connections from 1 again.
        kiosk.session, kiosk.online = 0, False
    kiosk.public_key, kiosk.certificate = public_key, certificate
    kiosk.state, kiosk.enrolled_at = KioskState.ACTIVE, now


def _use(session: Session, claim: EnrolmentClaim, now: datetime) -> None:
    """Note the claim as used, and take the kiosk's others back: nobody else may enrol in its place."""
    claim.used_at = claim.used_at or now
    others = (EnrolmentClaim.kiosk_id == claim.kiosk_id) & (EnrolmentClaim.token_hash != claim.token_hash)
    session.execute(delete(EnrolmentClaim).where(others, EnrolmentClaim.used_at.is_(None)))


def _enrolled(
    session: Session, kiosk: Kiosk, certificate: str, config: Config, authority: Authority
) -> Enrolled:
    return Enrolled(
        kiosk=kiosk.id,
        certificate=certificate,
        ca=authority.certificate_pem,
        site=config.site_name,
        salt=config.secrets.site_salt,
        edge_url=config.edge_url,
        broker=Broker(host=config.mqtt.host, port=config.mqtt.kiosk_port),
        config=config_of(session, kiosk, config),
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _plain(value: Info | Health) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
