"""Where gunicorn gets its applications from: one function for each surface."""

import logging
import os
from pathlib import Path

from flask import Flask

from edge_api import config as configuration
from edge_api.app import Surface, create_app
from edge_api.clock import SystemClock
from edge_api.db import Database

HOME_VARIABLE = "WELKOM_EDGE_HOME"


def back_office() -> Flask:
    """Make the application for people and POS systems."""
    return _app(Surface.BACK_OFFICE)


def kiosks() -> Flask:
    """Make the application for kiosks."""
    return _app(Surface.KIOSKS)


def _app(surface: Surface) -> Flask:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    config = configuration.load(Path(os.environ[HOME_VARIABLE]))
    return create_app(config, Database(config.database_url), SystemClock(), surface)
