"""Full text search over the prompts of assets; emoji count as letters."""

from alembic import op

revision = '0002'
down_revision = '0001'

STATEMENTS = (
    """
    CREATE VIRTUAL TABLE assets_fts USING fts5(
        prompt, enhanced_prompt, content = 'assets', prefix = '2 3',
        tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co So'"
    )
    """,
    """
    CREATE TRIGGER assets_fts_added AFTER INSERT ON assets BEGIN
        INSERT INTO assets_fts (rowid, prompt, enhanced_prompt) VALUES (new.rowid, new.prompt, new.enhanced_prompt);
    END
    """,
    """
    CREATE TRIGGER assets_fts_removed AFTER DELETE ON assets BEGIN
        INSERT INTO assets_fts (assets_fts, rowid, prompt, enhanced_prompt)
        VALUES ('delete', old.rowid, old.prompt, old.enhanced_prompt);
    END
    """,
    """
    CREATE TRIGGER assets_fts_changed AFTER UPDATE OF prompt, enhanced_prompt ON assets BEGIN
        INSERT INTO assets_fts (assets_fts, rowid, prompt, enhanced_prompt)
        VALUES ('delete', old.rowid, old.prompt, old.enhanced_prompt);
        INSERT INTO assets_fts (rowid, prompt, enhanced_prompt) VALUES (new.rowid, new.prompt, new.enhanced_prompt);
    END
    """,
    "INSERT INTO assets_fts (assets_fts) VALUES ('rebuild')",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
