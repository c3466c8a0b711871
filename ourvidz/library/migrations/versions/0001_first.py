"""The tables users, workspaces, jobs, assets and switches, and the views images and videos."""

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None

TEXT = sa.String()

VIEW = """
CREATE VIEW {name} AS
SELECT id, job_id, position, '/media/' || id || '/original' AS url, '/media/' || id || '/thumbnail' AS thumbnail_url,
    path, prompt, enhanced_prompt, final_prompt, negative_prompt, seed, width, height, duration, fps, model, quality,
    status, error, content, is_favourite, dismissed_at IS NOT NULL AS is_dismissed, dismissed_at, created_at,
    file_size, parameters, workspace_id, user_id
FROM assets WHERE kind = '{kind}' AND deleted_at IS NULL
"""


def upgrade() -> None:
    op.create_table('users', _id(), _text('name'), _text('role'), _json('form'), _time('created_at'))
    op.create_table('workspaces', _id(), _text('name'), _reference('owner_id', 'users.id'), _time('created_at'))
    op.create_table(
        'switches', sa.Column('name', TEXT, primary_key=True), sa.Column('is_on', sa.Boolean, nullable=False)
    )
    _create_jobs()
    _create_assets()
    op.execute(VIEW.format(name='images', kind='image'))
    op.execute(VIEW.format(name='videos', kind='video'))


def _create_jobs() -> None:
    op.create_table(
        'jobs',
        _id(),
        _reference('workspace_id', 'workspaces.id'),
        _reference('user_id', 'users.id'),
        _text('mode'),
        _json('request'),
        _text('prompt'),
        _text('enhanced_prompt'),
        _text('final_prompt'),
        sa.Column('seed', sa.Integer, nullable=False),
        sa.Column('model', TEXT, nullable=True),
        sa.Column('status', sa.String(16), nullable=False),
        sa.Column('rank', sa.Float, nullable=False),
        sa.Column('attempts', sa.Integer, nullable=False),
        _text('note'),
        _text('error'),
        _text('advice'),
        _time('created_at'),
        _moment('started_at'),
        _moment('finished_at'),
        _moment('dismissed_at'),
        _moment('deleted_at'),
    )
    op.create_index('jobs_by_status', 'jobs', ['status', 'rank'])
    op.create_index('jobs_by_workspace', 'jobs', ['workspace_id', 'created_at'])
    op.create_index('jobs_by_time', 'jobs', ['created_at', 'id'])
    op.create_index('jobs_by_user', 'jobs', ['user_id', 'started_at'])
    _partial_index('jobs_deleted', 'jobs', ['deleted_at'], 'deleted_at IS NOT NULL')


def _create_assets() -> None:
    op.create_table(
        'assets',
        _id(),
        _text('kind'),
        _reference('job_id', 'jobs.id'),
        _reference('workspace_id', 'workspaces.id'),
        _reference('user_id', 'users.id'),
        sa.Column('position', sa.Integer, nullable=False),
        sa.Column('status', sa.String(16), nullable=False),
        _text('prompt'),
        _text('enhanced_prompt'),
        _text('final_prompt'),
        _text('negative_prompt'),
        sa.Column('seed', sa.Integer, nullable=False),
        sa.Column('width', sa.Integer, nullable=False),
        sa.Column('height', sa.Integer, nullable=False),
        sa.Column('duration', sa.Float, nullable=True),
        sa.Column('fps', sa.Float, nullable=True),
        _text('model'),
        _text('quality'),
        _text('content'),
        sa.Column('content_score', sa.Float, nullable=True),
        sa.Column('is_blurred', sa.Boolean, nullable=False),
        sa.Column('is_favourite', sa.Boolean, nullable=False),
        _text('placeholder'),
        _text('path'),
        sa.Column('file_size', sa.Integer, nullable=False),
        _json('parameters'),
        _text('error'),
        _time('created_at'),
        _moment('dismissed_at'),
        _moment('deleted_at'),
        sa.UniqueConstraint('job_id', 'position', name='one_asset_a_place'),
    )
    op.create_index('assets_by_time', 'assets', ['created_at', 'id'])
    op.create_index('assets_by_kind', 'assets', ['kind', 'created_at', 'id'])
    op.create_index('assets_by_model', 'assets', ['model', 'created_at', 'id'])
    _partial_index('assets_favourite', 'assets', ['created_at', 'id'], 'is_favourite IS 1')
    _partial_index('assets_dismissed', 'assets', ['created_at', 'id'], 'dismissed_at IS NOT NULL')
    _partial_index('assets_deleted', 'assets', ['deleted_at'], 'deleted_at IS NOT NULL')


def _id() -> sa.Column[str]:
    return sa.Column('id', TEXT, primary_key=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=False)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON, nullable=False)


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime, nullable=False)


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime, nullable=True)


def _reference(name: str, target: str) -> sa.Column[str]:
    return sa.Column(name, TEXT, sa.ForeignKey(target), nullable=False)


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where))
