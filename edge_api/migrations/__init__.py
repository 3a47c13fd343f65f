"""The schema's history, one linear chain of revisions, and the list of models that it must agree with."""

import pkgutil
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import MetaData

from edge_api.db import Base


def all_tables() -> MetaData:
    """Load the models of every domain, and return what they declare."""
    root = Path(__file__).parent.parent
    for domain in pkgutil.iter_modules([str(root)], "edge_api."):
        if domain.ispkg and find_spec(f"{domain.name}.models"):
            import_module(f"{domain.name}.models")
    return Base.metadata


def env_folder() -> Path:
    """Return the folder that Alembic runs: its environment and the revisions."""
    return Path(__file__).parent
