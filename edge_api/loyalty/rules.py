"""Which campaigns a visit counts for. Pure: no clock, no database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class CampaignTerms:
    """What a campaign gives for a visit, and how long after (or before) one another visit gives nothing."""

    campaign_id: int
    name: str
    points: int
    cooling_off: timedelta


def counting(
    campaigns: Iterable[CampaignTerms], booked: Mapping[int, Sequence[datetime]], at: datetime
) -> list[CampaignTerms]:
    """Return the campaigns that a visit at ``at`` counts for.

    ``booked`` has the times of a campaign's bookings so far. Kiosks that were offline report late and out
    of order, so a booking after ``at`` stands in the way as much as one before; exactly the cooling-off
    time apart, both count.
    """
    return [terms for terms in campaigns if not _is_cooling(terms, booked.get(terms.campaign_id, ()), at)]


def longest_cooling_off(campaigns: Iterable[CampaignTerms]) -> timedelta:
    """Return how far from a visit other bookings can matter."""
    return max((terms.cooling_off for terms in campaigns), default=timedelta())


def _is_cooling(terms: CampaignTerms, times: Iterable[datetime], at: datetime) -> bool:
    return any(abs(at - time) < terms.cooling_off for time in times)
