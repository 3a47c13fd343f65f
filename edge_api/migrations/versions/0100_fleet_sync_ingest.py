"""Kiosks and their claims, the published rows and settlements, scans and rejected messages."""

import sqlalchemy as sa
from alembic import op

revision = "0100"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "feed_state",
        sa.Column("id", BIG, nullable=False),
        sa.Column("epoch", sa.String(length=40), nullable=False),
        sa.Column("revision", BIG, nullable=False),
        sa.Column("settlement_number", BIG, nullable=False),
        sa.Column("lease_holder", sa.String(length=40), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_state")),
    )
    op.create_table(
        "published_row",
        sa.Column("lookup", sa.LargeBinary(length=16), nullable=False),
        sa.Column("revision", BIG, nullable=False),
        sa.Column("nonce", sa.LargeBinary(length=12), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("lookup", name=op.f("pk_published_row")),
        sa.UniqueConstraint("revision", name=op.f("uq_published_row_revision")),
    )
    op.create_table(
        "rejected_message",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("topic", sa.String(length=200), nullable=False),
        sa.Column("kiosk_id", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_rejected_message")),
    )
    op.create_index(op.f("ix_rejected_message_first_at"), "rejected_message", ["first_at"], unique=False)
    op.create_index(op.f("ix_rejected_message_kiosk_id"), "rejected_message", ["kiosk_id"], unique=False)
    op.create_table(
        "used_kiosk_token",
        sa.Column("jti", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("jti", name=op.f("pk_used_kiosk_token")),
    )
    op.create_index(op.f("ix_used_kiosk_token_expires_at"), "used_kiosk_token", ["expires_at"], unique=False)
    op.create_table(
        "kiosk",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("location_id", BIG, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=True),
        sa.Column("certificate", sa.Text(), nullable=True),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("config_revision", sa.Integer(), nullable=False),
        sa.Column("repeat_seconds", sa.Double(), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("session", BIG, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("info", sa.JSON(), nullable=True),
        sa.Column("health", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name=op.f("fk_kiosk_location_id_location")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kiosk")),
        sa.UniqueConstraint("name", name=op.f("uq_kiosk_name")),
    )
    op.create_index(op.f("ix_kiosk_location_id"), "kiosk", ["location_id"], unique=False)
    op.create_table(
        "enrolment_claim",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("kiosk_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["kiosk_id"], ["kiosk.id"], name=op.f("fk_enrolment_claim_kiosk_id_kiosk"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_enrolment_claim")),
    )
    op.create_index(op.f("ix_enrolment_claim_expires_at"), "enrolment_claim", ["expires_at"], unique=False)
    op.create_index(op.f("ix_enrolment_claim_kiosk_id"), "enrolment_claim", ["kiosk_id"], unique=False)
    op.create_table(
        "settlement",
        sa.Column("id", BIG, nullable=False),
        sa.Column("kiosk_id", sa.String(length=32), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("earned", sa.Integer(), nullable=False),
        sa.Column("balance", BIG, nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["kiosk_id"], ["kiosk.id"], name=op.f("fk_settlement_kiosk_id_kiosk"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement")),
        sa.UniqueConstraint("event_id", name=op.f("uq_settlement_event_id")),
        sa.UniqueConstraint("number", name=op.f("uq_settlement_number")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_settlement_created_at"), "settlement", ["created_at"], unique=False)
    op.create_index("ix_settlement_kiosk_id_number", "settlement", ["kiosk_id", "number"], unique=False)
    op.create_table(
        "scan",
        sa.Column("id", BIG, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("kiosk_id", sa.String(length=32), nullable=False),
        sa.Column("location_id", BIG, nullable=False),
        sa.Column("stream", sa.String(length=40), nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("lookup", sa.LargeBinary(length=16), nullable=True),
        sa.Column("card_id", BIG, nullable=True),
        sa.Column("customer_id", BIG, nullable=True),
        sa.Column("code_hash", sa.LargeBinary(length=8), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kiosk_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("boot_id", sa.String(length=40), nullable=False),
        sa.Column("uptime_ms", BIG, nullable=False),
        sa.Column("clock_synced", sa.Boolean(), nullable=False),
        sa.Column("time_estimated", sa.Boolean(), nullable=False),
        sa.Column("row_revision", BIG, nullable=True),
        sa.Column("points_earned", sa.Integer(), nullable=False),
        sa.Column("balance", BIG, nullable=True),
        sa.ForeignKeyConstraint(["card_id"], ["card.id"], name=op.f("fk_scan_card_id_card")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_scan_customer_id_customer")),
        sa.ForeignKeyConstraint(["kiosk_id"], ["kiosk.id"], name=op.f("fk_scan_kiosk_id_kiosk")),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name=op.f("fk_scan_location_id_location")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan")),
        sa.UniqueConstraint("event_id", name=op.f("uq_scan_event_id")),
        sa.UniqueConstraint("kiosk_id", "stream", "seq", name=op.f("uq_scan_kiosk_id_stream_seq")),
    )
    op.create_index(
        "ix_scan_time_estimated",
        "scan",
        ["kiosk_id", "boot_id"],
        unique=False,
        sqlite_where=sa.text("time_estimated"),
        postgresql_where=sa.text("time_estimated"),
    )
    op.create_table(
        "kiosk_boot",
        sa.Column("kiosk_id", sa.String(length=32), nullable=False),
        sa.Column("boot_id", sa.String(length=40), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["kiosk_id"], ["kiosk.id"], name=op.f("fk_kiosk_boot_kiosk_id_kiosk"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("kiosk_id", "boot_id", name=op.f("pk_kiosk_boot")),
    )
    op.create_index("ix_scan_at", "scan", ["at"], unique=False)
    op.create_index("ix_scan_card_id_at", "scan", ["card_id", "at"], unique=False)
    op.create_index("ix_scan_customer_id_at", "scan", ["customer_id", "at"], unique=False)
