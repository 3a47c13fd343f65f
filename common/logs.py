"""Logs as JSON lines on standard error, which systemd keeps; no card code and no name is ever in them."""

from typing import TextIO

import structlog


def configure_logs(out: TextIO) -> None:
    """Send all logs to ``out``, one JSON object a line."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=True,
    )
