"""debt of a balance"""

from alembic import op


revision = '0007'
down_revision = '0006'


def upgrade() -> None:
    # By hand: Alembic would make the table anew on SQLite, without the check that it has.
    op.execute(
        "ALTER TABLE balances ADD COLUMN debt_microusd BIGINT DEFAULT 0 NOT NULL"
        " CONSTRAINT ck_balances_debt_not_negative CHECK (debt_microusd >= 0)"
    )


def downgrade() -> None:
    raise RuntimeError("This would throw debts of workspaces away. Restore a backup made before the upgrade instead.")
