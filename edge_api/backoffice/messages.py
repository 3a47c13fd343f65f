"""What kiosks sent and was not accepted: damaged, forged, or from nobody we know. For managers."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from edge_api.backoffice import desk, lists
from edge_api.backoffice.access import needs
from edge_api.roles import Role

_SHOWN = 100

routes = Blueprint("messages", __name__, url_prefix="/rejected-messages")


@routes.get("")
@needs(Role.MANAGER)
def page() -> ResponseReturnValue:
    """Show how many were rejected for which reason, and the last ones."""
    with desk.database().reading() as session:
        reasons = lists.rejections_by_reason(session)
        found = lists.rejected_messages(session, _SHOWN)
    return render_template("backoffice/messages.html", reasons=reasons, messages=found)
