"""the widget"""

import sqlalchemy as sa
from alembic import op


revision = '0006'
down_revision = '0005'


def upgrade() -> None:
    op.create_table('seen_origins',
    sa.Column('bot_id', sa.String(length=32), nullable=False),
    sa.Column('origin', sa.String(length=200), nullable=False),
    sa.Column('first_seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('dismissed', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['bot_id'], ['bots.id'], name=op.f('fk_seen_origins_bot_id_bots'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('bot_id', 'origin', name=op.f('pk_seen_origins'))
    )
    op.create_table('bot_avatars',
    sa.Column('bot_id', sa.String(length=32), nullable=False),
    sa.Column('media_type', sa.String(length=20), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('digest', sa.String(length=16), nullable=False),
    sa.ForeignKeyConstraint(['bot_id'], ['bots.id'], name=op.f('fk_bot_avatars_bot_id_bots'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('bot_id', name=op.f('pk_bot_avatars'))
    )
    with op.batch_alter_table('bots', schema=None) as batch_op:
        batch_op.add_column(sa.Column('look', sa.JSON(), server_default='{}', nullable=False))
        batch_op.add_column(sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    raise RuntimeError("This would throw the looks of bots away. Restore a backup made before the upgrade instead.")
