"""What changed and must reach the kiosks: domains only say so, sync does the rest."""

from edge_api.feed.models import FeedItem, FeedKind
from edge_api.feed.services import touch, touch_all

__all__ = ["FeedItem", "FeedKind", "touch", "touch_all"]
