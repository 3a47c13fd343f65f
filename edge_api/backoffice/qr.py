"""QR codes as inline SVG: nothing is fetched, so nothing with a card's code in it lies in a cache."""

import segno
from markupsafe import Markup

_QUIET_MODULES = 4


def qr_svg(text: str, title: str) -> Markup:
    """Return a code with its white quiet zone, as large as its place; ``title`` says what it is.

    Level M, as on the cards; a text in upper case is kept in alphanumeric mode by itself.
    """
    symbol = segno.make_qr(text, error="m", boost_error=False)
    svg: str = symbol.svg_inline(
        border=_QUIET_MODULES,
        omitsize=True,
        light="#fff",
        dark="#000",
        svgclass="qr",
        lineclass=None,
        title=title,
    )
    # The markup is segno's own; the title is escaped by it.
    return Markup(svg.replace("<svg ", '<svg role="img" ', 1))  # noqa: S704
