"""the gateway"""

import sqlalchemy as sa
from alembic import op


revision = '0005'
down_revision = '0004'

# Any change of what a key can serve raises its workspace's stamp, whoever makes it. A later migration that
# makes provider_keys anew (batch_alter_table on SQLite) has to make these again.
_OF = "version, status, enabled, sealed"
_RAISE = "UPDATE workspaces SET keys_stamp = keys_stamp + 1 WHERE id = {}.workspace_id"
STAMPS = {
    'sqlite': [
        f"CREATE TRIGGER keys_stamp_{name} AFTER {event} ON provider_keys BEGIN {_RAISE.format(row)}; END"
        for name, event, row in (
            ('add', 'INSERT', 'new'), ('change', f'UPDATE OF {_OF}', 'new'), ('remove', 'DELETE', 'old'))
    ],
    'postgresql': [
        f"""CREATE FUNCTION raise_keys_stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF TG_OP = 'DELETE' THEN {_RAISE.format('old')}; ELSE {_RAISE.format('new')}; END IF;
            RETURN NULL; END $$""",
        f"""CREATE TRIGGER keys_stamp AFTER INSERT OR DELETE OR UPDATE OF {_OF} ON provider_keys
        FOR EACH ROW EXECUTE FUNCTION raise_keys_stamp()""",
    ],
}


def upgrade() -> None:
    op.create_table('balance_holds',
    sa.Column('request_id', sa.String(length=32), nullable=False),
    sa.Column('workspace_id', sa.String(length=32), nullable=False),
    sa.Column('microusd', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_balance_holds_workspace_id_workspaces'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('request_id', name=op.f('pk_balance_holds'))
    )
    with op.batch_alter_table('balance_holds', schema=None) as batch_op:
        batch_op.create_index('ix_balance_holds_at', ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_balance_holds_workspace_id'), ['workspace_id'], unique=False)

    op.create_table('balances',
    sa.Column('workspace_id', sa.String(length=32), nullable=False),
    sa.Column('microusd', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('microusd >= 0', name=op.f('ck_balances_not_negative')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_balances_workspace_id_workspaces'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', name=op.f('pk_balances'))
    )
    op.create_table('gateway_requests',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('workspace_id', sa.String(length=32), nullable=False),
    sa.Column('token_id', sa.String(length=32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('route', sa.String(length=20), nullable=False),
    sa.Column('model_asked', sa.String(length=120), nullable=False),
    sa.Column('model_id', sa.String(length=120), nullable=False),
    sa.Column('provider', sa.String(length=30), nullable=False),
    sa.Column('key_id', sa.String(length=32), nullable=False),
    sa.Column('key_source', sa.String(length=10), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('attempts', sa.JSON(), nullable=False),
    sa.Column('stream', sa.Boolean(), nullable=False),
    sa.Column('tokens_in', sa.Integer(), nullable=True),
    sa.Column('tokens_out', sa.Integer(), nullable=True),
    sa.Column('estimated', sa.Boolean(), nullable=False),
    sa.Column('cost_microusd', sa.BigInteger(), nullable=True),
    sa.Column('billed_microusd', sa.BigInteger(), nullable=False),
    sa.Column('first_byte_ms', sa.Integer(), nullable=True),
    sa.Column('latency_ms', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_gateway_requests_workspace_id_workspaces'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_gateway_requests'))
    )
    with op.batch_alter_table('gateway_requests', schema=None) as batch_op:
        batch_op.create_index('ix_gateway_requests_at', ['at'], unique=False)
        batch_op.create_index('ix_gateway_requests_recent', ['workspace_id', 'at'], unique=False)

    op.create_table('gateway_tokens',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('workspace_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('mask', sa.String(length=20), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('replaced_by', sa.String(length=32), server_default='', nullable=False),
    sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_gateway_tokens_person_id_people'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_gateway_tokens_workspace_id_workspaces'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_gateway_tokens')),
    sa.UniqueConstraint('digest', name=op.f('uq_gateway_tokens_digest'))
    )
    with op.batch_alter_table('gateway_tokens', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_gateway_tokens_person_id'), ['person_id'], unique=False)
        batch_op.create_index('ix_gateway_tokens_workspace', ['workspace_id', 'person_id'], unique=False)

    op.create_table('ledger_entries',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('workspace_id', sa.String(length=32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('microusd', sa.BigInteger(), nullable=False),
    sa.Column('request_id', sa.String(length=32), nullable=False),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_ledger_entries_workspace_id_workspaces'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ledger_entries'))
    )
    with op.batch_alter_table('ledger_entries', schema=None) as batch_op:
        batch_op.create_index('ix_ledger_entries_recent', ['workspace_id', 'at'], unique=False)

    with op.batch_alter_table('usage_days', schema=None) as batch_op:
        batch_op.add_column(sa.Column('billed_microusd', sa.BigInteger(), server_default='0', nullable=False))

    with op.batch_alter_table('workspaces', schema=None) as batch_op:
        batch_op.add_column(sa.Column('key_order', sa.JSON(), server_default='[]', nullable=False))
        batch_op.add_column(sa.Column('keys_stamp', sa.Integer(), server_default='0', nullable=False))

    for statement in STAMPS[op.get_context().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("This would throw tokens and balances away. Restore a backup made before the upgrade instead.")
