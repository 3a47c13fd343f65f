"""Campaigns: what a visit earns, and how often."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from edge_api import audit, texts
from edge_api.audit import By
from edge_api.db import refusing_duplicates
from edge_api.errors import InvalidValue, NameTaken, NotFound
from edge_api.loyalty.models import Campaign
from edge_api.loyalty.rules import CampaignTerms

MOST_POINTS = 1_000_000
LONGEST_COOLING_OFF = 366 * 24 * 3600


def create_campaign(
    session: Session, *, name: str, points: int, cooling_off_seconds: int, by: By, active: bool = True
) -> Campaign:
    """Give points for each visit from now on.

    Raises:
        InvalidValue: the name, points (1 to 1,000,000) or cooling-off time (up to a year) cannot be taken.
        NameTaken: another campaign has the name.
    """
    if not 1 <= points <= MOST_POINTS:
        raise InvalidValue(f"points: takes 1 to {MOST_POINTS}")
    if not 0 <= cooling_off_seconds <= LONGEST_COOLING_OFF:
        raise InvalidValue(f"cooling_off_seconds: takes 0 to {LONGEST_COOLING_OFF}")
    campaign = Campaign(
        name=texts.name(name, "name", longest=100),
        points=points,
        cooling_off_seconds=cooling_off_seconds,
        active=active,
        created_at=by.at,
    )
    with refusing_duplicates(session, NameTaken(f"there is a campaign {name!r} already")):
        session.add(campaign)
    after = {"name": campaign.name, "points": points, "cooling_off_seconds": cooling_off_seconds}
    audit.record(session, by, "campaign.created", f"campaign:{campaign.id}", after=after)
    return campaign


def set_campaign_active(session: Session, campaign_id: int, active: bool, by: By) -> Campaign:
    """Start or stop a campaign; twice is once.

    Raises:
        NotFound: there is no such campaign.
    """
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFound("there is no such campaign")
    if campaign.active != active:
        campaign.active = active
        before, after = {"active": not active}, {"active": active}
        audit.record(session, by, "campaign.active", f"campaign:{campaign_id}", before=before, after=after)
    return campaign


def campaigns(session: Session) -> Sequence[Campaign]:
    """Return all campaigns in the order they were created."""
    return session.scalars(select(Campaign).order_by(Campaign.id)).all()


def active_terms(session: Session) -> list[CampaignTerms]:
    """Return what the active campaigns give."""
    return [
        CampaignTerms(each.id, each.name, each.points, timedelta(seconds=each.cooling_off_seconds))
        for each in campaigns(session)
        if each.active
    ]
