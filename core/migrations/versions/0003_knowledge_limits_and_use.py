"""knowledge, limits and use"""

import sqlalchemy as sa
from alembic import op


revision = '0003'
down_revision = '0002'

# The index over chunks: every word with its weight, and the bot as a word of its own, so that a search
# inside one bot reads that bot's entries only.
WORDS = {
    'sqlite': [
        """CREATE VIRTUAL TABLE chunk_words USING fts5(
            bot_id, title, path, body, content='chunks', content_rowid='id', tokenize='porter unicode61')""",
        """CREATE TRIGGER chunk_words_add AFTER INSERT ON chunks BEGIN
            INSERT INTO chunk_words (rowid, bot_id, title, path, body)
            VALUES (new.id, new.bot_id, new.title, new.path, new.body); END""",
        """CREATE TRIGGER chunk_words_remove AFTER DELETE ON chunks BEGIN
            INSERT INTO chunk_words (chunk_words, rowid, bot_id, title, path, body)
            VALUES ('delete', old.id, old.bot_id, old.title, old.path, old.body); END""",
    ],
    'postgresql': [
        """CREATE TABLE chunk_words (
            chunk_id INTEGER PRIMARY KEY REFERENCES chunks (id) ON DELETE CASCADE, words TSVECTOR NOT NULL)""",
        "CREATE INDEX ix_chunk_words ON chunk_words USING gin (words)",
        """CREATE FUNCTION add_chunk_words() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO chunk_words VALUES (new.id,
                setweight(to_tsvector('english', new.title), 'A')
                || setweight(to_tsvector('english', new.path), 'B')
                || setweight(to_tsvector('english', new.body), 'D')
                || array_to_tsvector(ARRAY[new.bot_id]));
            RETURN new; END $$""",
        """CREATE TRIGGER chunk_words_add AFTER INSERT ON chunks
        FOR EACH ROW EXECUTE FUNCTION add_chunk_words()""",
    ],
}

USAGE_SO_FAR = """
    INSERT INTO usage_days (workspace_id, day, bot_id, model_id, key_id, provider,
                            answered, failed, cached, tokens_in, tokens_out)
    SELECT workspace_id, date(created_at), bot_id, model_id, coalesce(key_id, ''), max(provider),
           sum(CASE WHEN status = 'complete' THEN 1 ELSE 0 END),
           sum(CASE WHEN status IN ('failed', 'interrupted') THEN 1 ELSE 0 END),
           0, coalesce(sum(tokens_in), 0), coalesce(sum(tokens_out), 0)
    FROM messages WHERE role = 'answer' AND status <> 'pending'
    GROUP BY workspace_id, date(created_at), bot_id, model_id, coalesce(key_id, '')
"""


def upgrade() -> None:
    op.create_table('usage_days',
    sa.Column('workspace_id', sa.String(length=32), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('bot_id', sa.String(length=32), nullable=False),
    sa.Column('model_id', sa.String(length=80), nullable=False),
    sa.Column('key_id', sa.String(length=32), nullable=False),
    sa.Column('provider', sa.String(length=30), nullable=False),
    sa.Column('answered', sa.Integer(), nullable=False),
    sa.Column('failed', sa.Integer(), nullable=False),
    sa.Column('cached', sa.Integer(), nullable=False),
    sa.Column('tokens_in', sa.Integer(), nullable=False),
    sa.Column('tokens_out', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_usage_days_workspace_id_workspaces'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'day', 'bot_id', 'model_id', 'key_id', name=op.f('pk_usage_days'))
    )
    op.create_table('cached_answers',
    sa.Column('bot_id', sa.String(length=32), nullable=False),
    sa.Column('bot_version', sa.Integer(), nullable=False),
    sa.Column('question_digest', sa.String(length=64), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('sources', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('hits', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['bot_id'], ['bots.id'], name=op.f('fk_cached_answers_bot_id_bots'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('bot_id', 'bot_version', 'question_digest', name=op.f('pk_cached_answers'))
    )
    op.create_table('sources',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('workspace_id', sa.String(length=32), nullable=False),
    sa.Column('bot_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('url', sa.String(length=1000), nullable=False),
    sa.Column('media_type', sa.String(length=100), nullable=False),
    sa.Column('size_bytes', sa.Integer(), nullable=False),
    sa.Column('status', sa.String(length=10), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('alive_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('chunks', sa.Integer(), nullable=False),
    sa.Column('characters', sa.Integer(), nullable=False),
    sa.Column('added_by', sa.String(length=100), nullable=False),
    sa.Column('added_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('indexed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['bot_id'], ['bots.id'], name=op.f('fk_sources_bot_id_bots'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_sources_workspace_id_workspaces'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sources'))
    )
    with op.batch_alter_table('sources', schema=None) as batch_op:
        batch_op.create_index('ix_sources_bot', ['bot_id', 'added_at'], unique=False)
        batch_op.create_index('ix_sources_status', ['status', 'alive_at'], unique=False)

    op.create_table('unanswered',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('workspace_id', sa.String(length=32), nullable=False),
    sa.Column('bot_id', sa.String(length=32), nullable=False),
    sa.Column('question', sa.String(length=500), nullable=False),
    sa.Column('normal', sa.String(length=500), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('first_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.ForeignKeyConstraint(['bot_id'], ['bots.id'], name=op.f('fk_unanswered_bot_id_bots'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspaces.id'], name=op.f('fk_unanswered_workspace_id_workspaces'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_unanswered')),
    sa.UniqueConstraint('bot_id', 'normal', name=op.f('uq_unanswered_bot_id'))
    )
    op.create_table('chunks',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('source_id', sa.String(length=32), nullable=False),
    sa.Column('bot_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=300), nullable=False),
    sa.Column('path', sa.String(length=600), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('url', sa.String(length=1000), nullable=False),
    sa.Column('embedding', sa.LargeBinary(), nullable=True),
    sa.Column('embedded_by', sa.String(length=80), nullable=False),
    sa.ForeignKeyConstraint(['source_id'], ['sources.id'], name=op.f('fk_chunks_source_id_sources'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_chunks'))
    )
    with op.batch_alter_table('chunks', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_chunks_bot_id'), ['bot_id'], unique=False)
        batch_op.create_index('ix_chunks_source', ['source_id', 'position'], unique=False)

    op.create_table('source_contents',
    sa.Column('source_id', sa.String(length=32), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['source_id'], ['sources.id'], name=op.f('fk_source_contents_source_id_sources'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('source_id', name=op.f('pk_source_contents'))
    )
    with op.batch_alter_table('bots', schema=None) as batch_op:
        batch_op.add_column(sa.Column('version', sa.Integer(), server_default='1', nullable=False))
        batch_op.add_column(sa.Column('caches', sa.Boolean(), server_default='1', nullable=False))
        batch_op.add_column(sa.Column('only_knowledge', sa.Boolean(), server_default='1', nullable=False))
        batch_op.add_column(sa.Column('hybrid', sa.Boolean(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('visitor_limit', sa.Integer(), server_default='20', nullable=False))
        batch_op.add_column(sa.Column('address_limit', sa.Integer(), server_default='120', nullable=False))
        batch_op.add_column(sa.Column('daily_limit', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('limit_text', sa.String(length=300), server_default='', nullable=False))

    with op.batch_alter_table('messages', schema=None) as batch_op:
        batch_op.add_column(sa.Column('sources', sa.JSON(), server_default='[]', nullable=False))
        batch_op.add_column(sa.Column('cached', sa.Boolean(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('feedback', sa.Integer(), nullable=True))

    with op.batch_alter_table('quota_periods', schema=None) as batch_op:
        batch_op.add_column(sa.Column('given_back', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('told_near_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('told_full_at', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('workspaces', schema=None) as batch_op:
        batch_op.add_column(sa.Column('retention_days', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('minute_limit', sa.Integer(), server_default='0', nullable=False))

    for statement in WORDS[op.get_bind().dialect.name]:
        op.execute(statement)
    op.execute(USAGE_SO_FAR)


def downgrade() -> None:
    raise RuntimeError("This would throw knowledge away. Restore a backup made before the upgrade instead.")
