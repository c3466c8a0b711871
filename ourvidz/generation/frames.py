"""Single frames of clips."""

import asyncio
from io import BytesIO
from pathlib import Path

from ourvidz.errors import NotFound


async def frame_at(path: Path, seconds: float) -> bytes:
    """The frame that a clip shows at a time, as PNG; past its end, the last one. Raises NotFound if it has none."""
    try:
        return await asyncio.to_thread(_frame_at, path, seconds)
    except (OSError, ValueError, IndexError) as error:  # PyAV's errors are these
        raise NotFound('This clip is lost or cannot be read.', advice='Make it again.') from error


def _frame_at(path: Path, seconds: float) -> bytes:
    import av  # 20 MB that a web process without clips never needs

    chosen = None
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        half_a_frame = 0.5 / float(stream.average_rate or 16)
        for frame in container.decode(stream):
            if chosen is not None and frame.time is not None and frame.time > seconds + half_a_frame:
                break
            chosen = frame
    if chosen is None:
        raise NotFound('This clip has no frame.', advice='Make it again.')
    data = BytesIO()
    chosen.to_image().save(data, 'PNG')
    return data.getvalue()
