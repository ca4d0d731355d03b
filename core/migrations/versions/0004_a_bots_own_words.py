"""a bot's own words for what it does not know"""

import sqlalchemy as sa
from alembic import op


revision = '0004'
down_revision = '0003'


def upgrade() -> None:
    with op.batch_alter_table('bots', schema=None) as batch_op:
        batch_op.add_column(sa.Column('unknown_text', sa.String(length=300), server_default='', nullable=False))


def downgrade() -> None:
    raise RuntimeError("This would throw what bots say away. Restore a backup made before the upgrade instead.")
