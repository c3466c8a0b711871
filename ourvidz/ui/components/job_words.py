"""What the page says of a job in a few words."""

from datetime import datetime

from ourvidz.generation.request import CameraAngle, Mode, Quality
from ourvidz.library.tables import now
from ourvidz.workspace.job_state import JobState


def details_of(job: JobState) -> str:
    """'Spark image · 16:9 · wide · low angle': what a glance should tell of a finished job."""
    request = job.request
    words = [job.model_title, request.aspect_ratio.value, request.shot_type.value]
    if request.camera_angle is not CameraAngle.NONE:
        words.append(request.camera_angle.value.replace('_', ' '))
    if request.style:
        words.append(request.style if len(request.style) < 30 else f'{request.style[:28]}…')
    if request.quality is Quality.HIGH:
        words.append('high quality')
    if request.reference_id is not None and request.mode is Mode.IMAGE:
        words.append('from a reference')
    if job.status.value == 'cancelled':
        words.append('cancelled')
    return ' · '.join(word for word in words if word)


def age_of(moment: datetime) -> str:
    """'3 min ago'; the browser counts on from there."""
    minutes = int((now() - moment).total_seconds() // 60)
    if minutes < 1:
        return 'just now'
    return f'{minutes} min ago' if minutes < 60 else f'{minutes // 60} h ago'


def name_of(job: JobState, position: int) -> str:
    """What a screen reader says of one card: 'Picture 2 of 3: a fox in the snow'."""
    noun = 'Clip' if job.kind == 'video' else 'Picture'
    return f'{noun} {position + 1} of {job.request.variations}: {shortened(job.prompt)}'


def shortened(text: str, length: int = 80) -> str:
    return text if len(text) <= length else f'{text[: length - 1].rstrip()}…'
