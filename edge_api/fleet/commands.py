"""What ``edge kiosk-claim`` does: one kiosk, known by its name, and a claim for it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from contracts.enrolment import Claim
from edge_api.accounts.models import Location
from edge_api.audit import By, Origin, record
from edge_api.clock import Clock
from edge_api.config import Config
from edge_api.db import Database
from edge_api.errors import NotFound
from edge_api.fleet import services
from edge_api.fleet.ca import Authority
from edge_api.fleet.models import Kiosk


def claim_for(
    config: Config,
    database: Database,
    clock: Clock,
    name: str,
    *,
    location: str | None,
    repeat_seconds: float | None,
) -> Claim:
    """Return a new claim for the kiosk of this name, which is registered first if need be.

    Raises:
        NotFound: there is no such location.
        KioskRevoked: the kiosk was revoked.
    """
    by = By("command:kiosk-claim", Origin.COMMAND, clock.now())
    with database.transaction() as session:
        kiosk = session.scalars(select(Kiosk).where(Kiosk.name == name)).one_or_none()
        if kiosk is None:
            kiosk = services.register_kiosk(session, name, _location(session, location), by)
        if repeat_seconds is not None and repeat_seconds != kiosk.repeat_seconds:
            services.configure(session, kiosk, by, repeat_seconds=repeat_seconds)
        claim = services.make_claim(session, kiosk, config, Authority(config.home / "tls"), by.at)
        record(session, by, "kiosk.claim_made", f"kiosk:{kiosk.id}")
        return claim


def _location(session: Session, slug: str | None) -> Location:
    query = select(Location).order_by(Location.id).limit(1)
    found = session.scalars(query.where(Location.slug == slug) if slug else query).one_or_none()
    if found is None:
        raise NotFound(f"there is no location {slug!r}" if slug else "there is no location yet")
    return found
