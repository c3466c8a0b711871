"""The views images and videos name the url by their kind and hold `metadata`; jobs are found by when they ended."""

from alembic import op

revision = '0003'
down_revision = '0002'

VIEW = """
CREATE VIEW {name} AS
SELECT id, user_id, workspace_id, job_id, position, prompt, enhanced_prompt, final_prompt, negative_prompt,
    '/media/' || id || '/original' AS {kind}_url, '/media/' || id || '/original' AS url,
    '/media/' || id || '/thumbnail' AS thumbnail_url,
    path, status, error, quality, model, seed, width, height, duration, fps, content, is_favourite,
    dismissed_at IS NOT NULL AS is_dismissed, dismissed_at, created_at, file_size, parameters,
    json_object(
        'workspace_dismissed', json(CASE WHEN dismissed_at IS NULL THEN 'false' ELSE 'true' END),
        'job_id', job_id, 'seed', seed, 'duration', duration, 'generation_params', json(parameters)
    ) AS metadata
FROM assets WHERE kind = '{kind}' AND deleted_at IS NULL
"""


def upgrade() -> None:
    op.create_index('jobs_by_end', 'jobs', ['workspace_id', 'finished_at'])
    for name, kind in (('images', 'image'), ('videos', 'video')):
        op.execute(f'DROP VIEW {name}')
        op.execute(VIEW.format(name=name, kind=kind))
