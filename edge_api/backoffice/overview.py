"""The first page: how the day goes, and what needs somebody's attention."""

from datetime import datetime, time, timedelta

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from edge_api.backoffice import desk, lists, scan_lists
from edge_api.cards.batches import unfinished_batches
from edge_api.fleet.models import KioskState
from edge_api.fleet.services import list_kiosks

_LATEST = 8
_REJECTED_WITHIN = timedelta(hours=24)

routes = Blueprint("overview", __name__)


@routes.get("/")
def page() -> ResponseReturnValue:
    """Show today's scans and points, the kiosks, and the latest scans."""
    now = desk.now()
    with desk.database().reading() as session:
        return render_template(
            "backoffice/overview.html",
            today=scan_lists.since(session, _midnight(now)),
            now=now.astimezone(desk.zone_of()),
            scans=scan_lists.latest_scans(session, _LATEST),
            rejected=sum(lists.rejections_by_reason(session, now - _REJECTED_WITHIN).values()),
            unfinished=len(unfinished_batches(session)),
            **_kiosks(session, now),
        )


def _kiosks(session: Session, now: datetime) -> dict[str, object]:
    active = [kiosk for kiosk, _ in list_kiosks(session) if kiosk.state is KioskState.ACTIVE]
    away = [kiosk for kiosk in active if not lists.is_online(kiosk, now)]
    return {"kiosks": len(active), "online": len(active) - len(away), "away": away}


def _midnight(now: datetime) -> datetime:
    local = now.astimezone(desk.zone_of())
    return datetime.combine(local.date(), time(), local.tzinfo)
