"""REST: points and rewards of customers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from edge_api.customers.services import get_by_uuid
from edge_api.loyalty import services
from edge_api.loyalty.campaigns import MOST_POINTS
from edge_api.loyalty.models import CustomerReward, EntryReason, LedgerEntry, RewardState
from edge_api.rest.api import Call, Operations
from edge_api.rest.reading import PageQuery, Reference
from edge_api.roles import Role

OPERATIONS = Operations("loyalty")
CUSTOMER = "/customers/<uuid:customer>"


class PointsView(Struct, frozen=True):
    """How many points a customer has."""

    points: int


class EntryView(Struct, frozen=True):
    """Points given or taken. ``at`` is when it happened, ``created_at`` when it was booked."""

    uuid: UUID
    points: int
    reason: EntryReason
    campaign: int | None
    at: datetime
    created_at: datetime
    note: str


class EntryPage(Struct, frozen=True):
    """Some entries, and what to ask for to get the next."""

    items: tuple[EntryView, ...]
    next: int | None


class Adjustment(Struct, frozen=True, forbid_unknown_fields=True):
    """Points to give, or to take with a minus, and why."""

    points: Annotated[int, Meta(ge=-MOST_POINTS, le=MOST_POINTS)]
    note: Annotated[str, Meta(min_length=1, max_length=500)]


class AdjustmentView(Struct, frozen=True):
    """What was booked, and the balance after it."""

    entry: EntryView
    balance: int


class RewardView(Struct, frozen=True):
    """What customers can be given."""

    id: int
    name: str


class RewardList(Struct, frozen=True):
    """All that customers can be given."""

    items: tuple[RewardView, ...]


class CustomerRewardView(Struct, frozen=True):
    """A reward that a customer has, or had."""

    uuid: UUID
    reward: int
    name: str
    state: RewardState
    earned_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None


class CustomerRewardList(Struct, frozen=True):
    """All rewards that a customer has, or had."""

    items: tuple[CustomerRewardView, ...]


class Grant(Struct, frozen=True, forbid_unknown_fields=True):
    """A reward to give, and until when it can be used (with its zone)."""

    reward: Reference
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None


@OPERATIONS.get(f"{CUSTOMER}/points", Role.STAFF)
def get_points(call: Call, customer: UUID) -> PointsView:
    """Tell how many points a customer has."""
    return PointsView(services.point_balance(call.session, get_by_uuid(call.session, customer).id))


@OPERATIONS.post(f"{CUSTOMER}/points", Role.MANAGER, status=201, needs_key=True)
def adjust_points(call: Call, customer: UUID, body: Adjustment) -> AdjustmentView:
    """Give or take points by hand. The balance never falls below zero."""
    found = get_by_uuid(call.session, customer)
    entry = services.adjust_points(call.session, found.id, body.points, call.by, note=body.note)
    return AdjustmentView(_entry_view(entry), services.point_balance(call.session, found.id))


@OPERATIONS.get(f"{CUSTOMER}/ledger", Role.STAFF)
def list_ledger(call: Call, customer: UUID, query: PageQuery) -> EntryPage:
    """List how a customer's points came about."""
    found = get_by_uuid(call.session, customer)
    entries = services.entries_of(call.session, found.id, after=query.after, limit=query.limit)
    more = entries[-1].id if len(entries) == query.limit else None
    return EntryPage(tuple(map(_entry_view, entries)), more)


@OPERATIONS.get("/rewards", Role.STAFF)
def list_rewards(call: Call) -> RewardList:
    """List what customers can be given."""
    return RewardList(tuple(RewardView(each.id, each.name) for each in services.rewards(call.session)))


@OPERATIONS.get(f"{CUSTOMER}/rewards", Role.STAFF)
def list_customer_rewards(call: Call, customer: UUID) -> CustomerRewardList:
    """List the rewards that a customer has, or had."""
    found = get_by_uuid(call.session, customer)
    held = services.rewards_of(call.session, found.id)
    return CustomerRewardList(tuple(_reward_view(each, name) for each, name in held))


@OPERATIONS.post(f"{CUSTOMER}/rewards", Role.MANAGER, status=201, needs_key=True)
def grant_reward(call: Call, customer: UUID, body: Grant) -> CustomerRewardView:
    """Give a customer a reward."""
    found = get_by_uuid(call.session, customer)
    held = services.grant_reward(call.session, found.id, body.reward, call.by, expires_at=body.expires_at)
    names = {each.id: each.name for each in services.rewards(call.session)}
    return _reward_view(held, names[held.reward_id])


def _entry_view(entry: LedgerEntry) -> EntryView:
    return EntryView(
        entry.uuid, entry.points, entry.reason, entry.campaign_id, entry.at, entry.created_at, entry.note
    )


def _reward_view(held: CustomerReward, name: str) -> CustomerRewardView:
    return CustomerRewardView(
        held.uuid, held.reward_id, name, held.state, held.earned_at, held.expires_at, held.ended_at
    )
