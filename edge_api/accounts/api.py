"""REST: locations."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from edge_api.accounts import services
from edge_api.accounts.models import Location
from edge_api.rest.api import Call, Operations
from edge_api.rest.reading import PageQuery
from edge_api.roles import Role

OPERATIONS = Operations("locations")


class LocationView(Struct, frozen=True):
    """A location; without a time zone of its own it follows the shop's."""

    id: int
    name: str
    slug: str
    timezone: str | None
    created_at: datetime


class LocationPage(Struct, frozen=True):
    """Some locations, and what to ask for to get the next."""

    items: tuple[LocationView, ...]
    next: int | None


class NewLocation(Struct, frozen=True, forbid_unknown_fields=True):
    """A location to open. ``slug`` (a-z, 0-9, hyphens) names it in topics and never changes."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    slug: Annotated[str, Meta(max_length=50, pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]
    timezone: str | None = None


@OPERATIONS.get("/locations", Role.STAFF)
def list_locations(call: Call, query: PageQuery) -> LocationPage:
    """List the locations."""
    found = services.locations(call.session, after=query.after, limit=query.limit)
    return LocationPage(tuple(map(_view, found)), found[-1].id if len(found) == query.limit else None)


@OPERATIONS.post("/locations", Role.OWNER, status=201)
def create_location(call: Call, body: NewLocation) -> LocationView:
    """Open a location."""
    location = services.create_location(
        call.session, name=body.name, slug=body.slug, timezone=body.timezone, by=call.by
    )
    return _view(location)


def _view(location: Location) -> LocationView:
    return LocationView(location.id, location.name, location.slug, location.timezone, location.created_at)
