"""Scans as they come in. The page asks once a second; without JavaScript it has a link to look anew."""

from flask import Blueprint, jsonify, render_template
from flask.typing import ResponseReturnValue

from edge_api.backoffice import desk, scan_lists, words
from edge_api.backoffice.paging import cursor
from edge_api.backoffice.scan_lists import ScanLine

_SHOWN = 50

routes = Blueprint("live", __name__, url_prefix="/live")


@routes.get("")
def page() -> ResponseReturnValue:
    """Show the latest scans, which the page then keeps up to date."""
    with desk.database().reading() as session:
        lines = scan_lists.latest_scans(session, _SHOWN)
    latest = max((line.id for line in lines), default=0)
    return render_template("backoffice/live.html", scans=lines, latest=latest)


@routes.get("/scans")
def scans() -> ResponseReturnValue:
    """Answer with what came in after a scan, the oldest first, each also as a ready row of the table."""
    after = cursor("after") or 0
    with desk.database().reading() as session:
        lines = scan_lists.scans_after(session, after, desk.now(), _SHOWN)
    latest = max([after, *(line.id for line in lines)])
    return jsonify(latest=latest, scans=[_told(line) for line in lines])


def _told(line: ScanLine) -> dict[str, object]:
    return {
        "id": line.id,
        "at": line.at.isoformat(),
        "customer": line.customer_name,
        "card": line.printed_id,
        "kiosk": line.kiosk_name,
        "location": line.location.name,
        "outcome": line.outcome.value,
        "earned": line.earned,
        "balance": line.balance,
        "says": _spoken(line),
        "row": render_template("backoffice/scan_row.html", scan=line),
    }


def _spoken(line: ScanLine) -> str:
    """Say a scan in a sentence, for those who hear the page."""
    who = line.customer_name or words.said(line.outcome).text
    if line.customer_name is None:
        return f"{who}, {line.location.name}."
    balance = "" if line.balance is None else f", balance {words.number(line.balance)}"
    return f"{who}, {words.signed(line.earned)} points{balance}, {line.location.name}."
