"""Why a message is not accepted."""

from edge_api.errors import EdgeError
from edge_api.ingest.models import RejectReason


class Rejected(EdgeError):
    """The message is kept for review, with the reason."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
