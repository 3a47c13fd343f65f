"""Customers, cards, the points' ledger and rewards."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", BIG, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("cooling_off_seconds", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("name", name=op.f("uq_campaign_name")),
    )
    op.create_table(
        "customer",
        sa.Column("id", BIG, nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("first_name", sa.String(length=100), nullable=False),
        sa.Column("last_name", sa.String(length=100), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=True),
        sa.Column("phone", sa.String(length=30), nullable=True),
        sa.Column("language", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("email", name=op.f("uq_customer_email")),
        sa.UniqueConstraint("uuid", name=op.f("uq_customer_uuid")),
    )
    op.create_table(
        "reward",
        sa.Column("id", BIG, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward")),
        sa.UniqueConstraint("name", name=op.f("uq_reward_name")),
    )
    op.create_table(
        "card_batch",
        sa.Column("id", BIG, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("card_type", sa.String(32), nullable=False),
        sa.Column("origin_id", BIG, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("first_number", BIG, nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["origin_id"], ["location.id"], name=op.f("fk_card_batch_origin_id_location")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_batch")),
        sa.UniqueConstraint("first_number", name=op.f("uq_card_batch_first_number")),
        sa.UniqueConstraint("name", name=op.f("uq_card_batch_name")),
    )
    op.create_index(op.f("ix_card_batch_finished_at"), "card_batch", ["finished_at"], unique=False)
    op.create_index(op.f("ix_card_batch_origin_id"), "card_batch", ["origin_id"], unique=False)
    op.create_table(
        "customer_reward",
        sa.Column("id", BIG, nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("customer_id", BIG, nullable=False),
        sa.Column("reward_id", BIG, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("earned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_customer_reward_customer_id_customer")
        ),
        sa.ForeignKeyConstraint(
            ["reward_id"], ["reward.id"], name=op.f("fk_customer_reward_reward_id_reward")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_reward")),
        sa.UniqueConstraint("uuid", name=op.f("uq_customer_reward_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_customer_reward_customer_id"), "customer_reward", ["customer_id"], unique=False)
    op.create_index(op.f("ix_customer_reward_expires_at"), "customer_reward", ["expires_at"], unique=False)
    op.create_index(op.f("ix_customer_reward_reward_id"), "customer_reward", ["reward_id"], unique=False)
    op.create_table(
        "ledger_entry",
        sa.Column("id", BIG, nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("customer_id", BIG, nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("source_kind", sa.String(32), nullable=False),
        sa.Column("source_ref", sa.String(length=64), nullable=False),
        sa.Column("campaign_id", BIG, nullable=True),
        sa.Column("once", sa.String(length=120), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_ledger_entry_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_ledger_entry_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("once", name=op.f("uq_ledger_entry_once")),
        sa.UniqueConstraint("uuid", name=op.f("uq_ledger_entry_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_ledger_entry_campaign_id"), "ledger_entry", ["campaign_id"], unique=False)
    op.create_index(
        op.f("ix_ledger_entry_customer_id_campaign_id_at"),
        "ledger_entry",
        ["customer_id", "campaign_id", "at"],
        unique=False,
    )
    op.create_index(op.f("ix_ledger_entry_source_ref"), "ledger_entry", ["source_ref"], unique=False)
    op.create_table(
        "point_balance",
        sa.Column("customer_id", BIG, autoincrement=False, nullable=False),
        sa.Column("points", BIG, nullable=False),
        sa.CheckConstraint("points >= 0", name=op.f("ck_point_balance_not_below_zero")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_point_balance_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_point_balance")),
    )
    op.create_table(
        "visit",
        sa.Column("id", BIG, nullable=False),
        sa.Column("customer_id", BIG, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source_ref", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_visit_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        sa.UniqueConstraint("source_ref", name=op.f("uq_visit_source_ref")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_visit_customer_id_at"), "visit", ["customer_id", "at"], unique=False)
    op.create_table(
        "card",
        sa.Column("id", BIG, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("secret", sa.LargeBinary(length=16), nullable=False),
        sa.Column("lookup", sa.LargeBinary(length=16), nullable=False),
        sa.Column("batch_id", BIG, nullable=False),
        sa.Column("customer_id", BIG, nullable=True),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["card_batch.id"], name=op.f("fk_card_batch_id_card_batch")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_card_customer_id_customer")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card")),
        sa.UniqueConstraint("lookup", name=op.f("uq_card_lookup")),
        sa.UniqueConstraint("number", name=op.f("uq_card_number")),
        sa.UniqueConstraint("secret", name=op.f("uq_card_secret")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_card_batch_id"), "card", ["batch_id"], unique=False)
    op.create_index(op.f("ix_card_customer_id"), "card", ["customer_id"], unique=False)
    op.create_table(
        "card_event",
        sa.Column("id", BIG, nullable=False),
        sa.Column("card_id", BIG, nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("origin", sa.String(32), nullable=False),
        sa.Column("place", sa.String(length=100), nullable=False),
        sa.Column("customer_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["card_id"], ["card.id"], name=op.f("fk_card_event_card_id_card")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_card_event_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_event")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_card_event_card_id"), "card_event", ["card_id"], unique=False)
    op.create_index(op.f("ix_card_event_customer_id"), "card_event", ["customer_id"], unique=False)
