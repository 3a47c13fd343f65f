"""Numbers as both sides' databases hold them: whole, not negative, and of 63 bits."""

from typing import Annotated

from msgspec import Meta

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""A revision, a sequence number, a cursor, milliseconds: anything larger is refused when it is read."""
