"""What can stand in a card's way."""

from edge_api.errors import Conflict, Reason, Refused


class CardRevoked(Refused):
    """The card was withdrawn."""

    kind = Reason.CARD_REVOKED
    title = "The card was withdrawn"


class CardAlreadyLinked(Conflict):
    """The card is another customer's."""

    kind = Reason.CARD_ALREADY_LINKED
    title = "The card is somebody's already"
