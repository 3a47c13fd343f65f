"""Why a message is not accepted."""

from typing import TYPE_CHECKING

from edge_api.errors import EdgeError
from edge_api.ingest.models import RejectReason

if TYPE_CHECKING:
    from edge_api.ingest.services import Taken


class Rejected(EdgeError):
    """The message is kept for review. ``taken`` is what to acknowledge, where it says which event it is."""

    def __init__(self, reason: RejectReason, detail: str, taken: "Taken | None" = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.taken = taken
