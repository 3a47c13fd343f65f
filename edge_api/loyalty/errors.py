"""What can stand in the way of points and rewards."""

from edge_api.errors import EdgeError, Reason, Refused


class NotEnoughPoints(Refused):
    """The balance would fall below zero."""

    kind = Reason.NOT_ENOUGH_POINTS
    title = "There are not enough points"


class RewardNotUsable(Refused):
    """The reward was used, withdrawn, or its time is over."""

    kind = Reason.REWARD_NOT_USABLE
    title = "The reward cannot be used"


class LedgerChanged(EdgeError):
    """Code of ours tried to change an entry of the ledger, which only ever grows."""
