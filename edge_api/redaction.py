"""Keeping cards out of logs: whoever reads a card's address or UUID could copy the card. Pure."""

import re

_CARD_PAGE = re.compile(r"(/c/)[^\s?#]+", re.IGNORECASE)
_CARD_RESOURCE = re.compile(r"(/cards/)[0-9a-f-]{32,}", re.IGNORECASE)


def redacted(text: str) -> str:
    """Return a path or an address without cards' codes.

    >>> redacted("/C/0123456789ABCDEFGHJKMNPQRS")
    '/C/…'
    """
    return _CARD_RESOURCE.sub(r"\1…", _CARD_PAGE.sub(r"\1…", text))
