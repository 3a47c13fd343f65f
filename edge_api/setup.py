"""Making a new site: settings, secrets, database, certificates, and the first owner. Twice is once."""

import secrets
from pathlib import Path
from typing import Any

from sqlalchemy import select

from edge_api import config as configuration
from edge_api import db
from edge_api.accounts import services as accounts
from edge_api.accounts.models import User
from edge_api.audit import By, Origin
from edge_api.clock import Clock
from edge_api.config import Config
from edge_api.db import Database
from edge_api.files import write_private
from edge_api.fleet.setup import prepare_site
from edge_api.roles import Role

SIGN_IN_FILE = "first-sign-in.txt"


def init_site(home: Path, public_url: str, options: dict[str, Any], owner_email: str, clock: Clock) -> Config:
    """Make what is missing under ``home``, and return its configuration.

    The first owner's password stands in ``first-sign-in.txt``, to be read once and deleted.

    Raises:
        BadConfiguration: a setting cannot be taken; then nothing is made.
        InvalidValue: the owner's e-mail cannot be taken.
    """
    configuration.write_new(home, public_url, options)
    config = configuration.load(home)
    db.upgrade(config)
    prepare_site(config, clock.now())
    database = Database(config.database_url)
    try:
        _first_owner(config, database, owner_email, clock)
    finally:
        database.close()
    return config


def _first_owner(config: Config, database: Database, email: str, clock: Clock) -> None:
    with database.transaction() as session:
        if session.scalar(select(User.id).where(User.role == Role.OWNER).limit(1)) is not None:
            return
        password = "-".join(secrets.token_hex(3) for _ in range(4))
        by = By("command:init", Origin.COMMAND, clock.now())
        accounts.create_user(session, email=email, name="Owner", password=password, role=Role.OWNER, by=by)
        # Before the commit: an owner whose password nobody could read would shut everybody out.
        told = f"E-mail:   {email}\nPassword: {password}\n\nSign in, change the password, delete this file.\n"
        write_private(config.home / SIGN_IN_FILE, told.encode())
