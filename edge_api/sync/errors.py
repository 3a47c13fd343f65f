"""Why the feed stops, or a pull cannot go on."""

from contracts.errors import ProblemType
from edge_api.errors import EdgeError, Refused


class LeaseLost(EdgeError):
    """Another worker publishes now; this one waits for its turn."""


class EpochChanged(Refused):
    """The kiosk's cursor is of another database than this one: it has to pull everything anew."""

    kind = ProblemType.EPOCH_CHANGED
    status = 409
    title = "The database was restored or replaced: pull everything anew"
