"""The trail of who changed what: every service that changes something leaves an entry."""

from edge_api.audit.models import AuditEntry, By, Origin
from edge_api.audit.services import entries_about, record

__all__ = ["AuditEntry", "By", "Origin", "entries_about", "record"]
