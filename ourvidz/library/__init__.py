"""What exists: assets and jobs, in SQLite and files."""
