"""The library's tables. Times are UTC without zone; ids are 32 hex digits."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

from pydantic import NaiveDatetime
from sqlalchemy import JSON, Column, Enum, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

OWNER_ID = '0' * 31 + '1'
WORKSPACE_ID = '0' * 31 + '2'


def new_id() -> str:
    return uuid4().hex


def now() -> datetime:
    """The present in UTC, without zone, as the tables hold it."""
    return datetime.now(UTC).replace(tzinfo=None)


class JobStatus(StrEnum):
    QUEUED = 'queued'
    PROCESSING = 'processing'
    COMPLETED = 'completed'
    FAILED = 'failed'
    CANCELLED = 'cancelled'

    @property
    def is_over(self) -> bool:
        return self not in (JobStatus.QUEUED, JobStatus.PROCESSING)


class AssetStatus(StrEnum):
    GENERATING = 'generating'
    COMPLETED = 'completed'
    FAILED = 'failed'


def _words(kind: type[StrEnum]) -> Enum:
    """A column that holds the values of an enum ('completed'), as anyone who opens the file expects."""
    return Enum(
        kind, values_callable=lambda members: [member.value for member in members], native_enum=False, length=16
    )


class User(SQLModel, table=True):
    """A person; `form` holds the controls as they left them."""

    __tablename__ = 'users'

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str
    role: str = 'owner'
    form: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: NaiveDatetime = Field(default_factory=now)


class Workspace(SQLModel, table=True):
    """A place where a person's jobs appear."""

    __tablename__ = 'workspaces'

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str
    owner_id: str = Field(foreign_key='users.id')
    created_at: NaiveDatetime = Field(default_factory=now)


class Job(SQLModel, table=True):
    """One run of the queue. `request` is the GenerationRequest as JSON; `rank` orders the queue, smallest first."""

    __tablename__ = 'jobs'
    __table_args__ = (
        Index('jobs_by_status', 'status', 'rank'),
        Index('jobs_by_workspace', 'workspace_id', 'created_at'),
        Index('jobs_by_end', 'workspace_id', 'finished_at'),
        Index('jobs_by_time', 'created_at', 'id'),
        Index('jobs_by_user', 'user_id', 'started_at'),
        Index('jobs_deleted', 'deleted_at', sqlite_where=text('deleted_at IS NOT NULL')),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    workspace_id: str = Field(default=WORKSPACE_ID, foreign_key='workspaces.id')
    user_id: str = Field(default=OWNER_ID, foreign_key='users.id')
    mode: str
    request: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    prompt: str
    enhanced_prompt: str = ''
    final_prompt: str = ''
    seed: int
    model: str | None = None
    status: JobStatus = Field(default=JobStatus.QUEUED, sa_column=Column(_words(JobStatus), nullable=False))
    rank: float
    attempts: int = 0
    note: str = ''
    error: str = ''
    advice: str = ''
    created_at: NaiveDatetime = Field(default_factory=now)
    started_at: NaiveDatetime | None = None
    finished_at: NaiveDatetime | None = None
    dismissed_at: NaiveDatetime | None = None
    deleted_at: NaiveDatetime | None = None

    def end(self, status: JobStatus, *, error: str = '', advice: str = '') -> None:
        """Say what became of it, now."""
        self.status, self.error, self.advice, self.finished_at = status, error, advice, now()


class Asset(SQLModel, table=True):
    """One image or video with all that is known of it; `placeholder` is a thumbhash in base64."""

    __tablename__ = 'assets'
    __table_args__ = (
        UniqueConstraint('job_id', 'position', name='one_asset_a_place'),
        Index('assets_by_time', 'created_at', 'id'),
        Index('assets_by_kind', 'kind', 'created_at', 'id'),
        Index('assets_by_model', 'model', 'created_at', 'id'),
        Index('assets_favourite', 'created_at', 'id', sqlite_where=text('is_favourite IS 1')),
        Index('assets_dismissed', 'created_at', 'id', sqlite_where=text('dismissed_at IS NOT NULL')),
        Index('assets_deleted', 'deleted_at', sqlite_where=text('deleted_at IS NOT NULL')),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    kind: str
    job_id: str = Field(foreign_key='jobs.id')
    workspace_id: str = Field(default=WORKSPACE_ID, foreign_key='workspaces.id')
    user_id: str = Field(default=OWNER_ID, foreign_key='users.id')
    position: int
    status: AssetStatus = Field(default=AssetStatus.COMPLETED, sa_column=Column(_words(AssetStatus), nullable=False))
    prompt: str
    enhanced_prompt: str = ''
    final_prompt: str = ''
    negative_prompt: str = ''
    seed: int
    width: int
    height: int
    duration: float | None = None
    fps: float | None = None
    model: str = ''
    quality: str = ''
    content: str = 'sfw'
    content_score: float | None = None
    is_blurred: bool = False
    is_favourite: bool = False
    placeholder: str = ''
    path: str = Field(description='Of the original, relative to the library folder, with / between')
    file_size: int = 0
    parameters: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    error: str = ''
    created_at: NaiveDatetime = Field(default_factory=now)
    dismissed_at: NaiveDatetime | None = None
    deleted_at: NaiveDatetime | None = None


class Switch(SQLModel, table=True):
    """Something about the whole app that is on or off and outlives a restart."""

    __tablename__ = 'switches'

    name: str = Field(primary_key=True)
    is_on: bool
