"""A real engine process makes real clips with tiny Wan checkpoints."""

import json
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from ourvidz.engine.messages import (
    FileMade,
    ModelSource,
    PreviewMade,
    RunCancelled,
    RunFinished,
    StepProgressed,
)
from ourvidz.engine.process import EngineProcess
from ourvidz.engine.worker.clip import CODECS, ClipWriter
from ourvidz.engine.worker.renditions import Renditions
from ourvidz.errors import EngineFailure
from tests.engine.pixels import difference, frames, pixels, slope
from tests.engine.runs import files, hear, source, video_run
from tests.video_checkpoints import WanKind, tiny_animatediff, tiny_wan

pytestmark = pytest.mark.asyncio(loop_scope='session')

Wan = Callable[[WanKind], ModelSource]


@pytest.fixture(scope='session')
def wan(tmp_path_factory: pytest.TempPathFactory) -> Wan:
    """A tiny Wan checkpoint of any kind, made when it is first asked for."""
    folder = tmp_path_factory.mktemp('wan')
    classes = {'vace': 'WanVACEPipeline', 'i2v': 'WanImageToVideoPipeline', 'flf2v': 'WanImageToVideoPipeline'}

    def of(kind: WanKind) -> ModelSource:
        path = folder / kind
        if not path.exists():
            tiny_wan(path, kind=kind)
        return source(path, pipeline=classes.get(kind, 'WanPipeline'), family='wan')

    return of


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, Path]:
    """Two smooth pictures in the clip's shape and a wide one."""
    made = {name: tmp_path / f'{name}.png' for name in ('start', 'end', 'wide')}
    slope(64, 64).save(made['start'])
    slope(64, 64).rotate(180).save(made['end'])
    slope(256, 64).save(made['wide'])
    return made


async def test_a_clip_comes_with_its_phases_and_plays_anywhere(engine: EngineProcess, wan: Wan, staging: Path) -> None:
    run = video_run(
        wan('t2v'),
        staging,
        11,
        12,
        num_frames=17,
        parameters={'prompt': 'ein Fuchs 🦊'},
        is_checked=True,
    )
    reports = await hear(engine, run)

    made = [report for report in reports if isinstance(report, FileMade)]
    assert [(file.position, file.seed, file.kind) for file in made] == [(0, 11, 'video'), (1, 12, 'video')]
    assert [(file.duration, file.fps) for file in made] == [(17 / 8, 8.0)] * 2
    assert isinstance(reports[-1], RunFinished)
    progress = [report for report in reports if isinstance(report, StepProgressed)]
    assert [report.phase for report in progress[:5]] == ['generating'] * 4 + ['decoding']
    shares = [report.share for report in progress]
    assert shares == sorted(shares) and shares[-1] <= 1
    with av.open(str(made[0].original_path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ('h264', 'yuv420p')
        assert (stream.width, stream.height, stream.average_rate) == (64, 64, 8)
        context = stream.codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (1, 1, 1, 1)
        assert container.metadata['title'] == 'a red fox runs through the snow'
        assert container.metadata['comment'] == 'ein Fuchs 🦊\nSteps: 4, Seed: 11'
        told = json.loads(container.metadata['description'])
    assert told == {'prompt': 'ein Fuchs 🦊', 'seed': 11, 'width': 64, 'height': 64}
    data = made[0].original_path.read_bytes()
    assert data.index(b'moov') < data.index(b'mdat')
    assert len(frames(made[0].original_path)) == 17


async def test_a_clip_has_a_poster_a_thumbnail_and_a_preview_that_moves(
    engine: EngineProcess, wan: Wan, staging: Path
) -> None:
    (file,) = await files(engine, video_run(wan('t2v'), staging, is_checked=True))

    assert file.poster_path is not None
    assert difference(pixels(file.poster_path), frames(file.original_path)[4]) < 24
    with Image.open(file.thumbnail_path) as thumbnail, Image.open(file.preview_path) as preview:
        assert thumbnail.size == (64, 64)
        assert preview.n_frames > 1  # type: ignore[attr-defined]
    assert file.content_score is not None and 0 <= file.content_score <= 1


@pytest.mark.parametrize('codec', CODECS)
async def test_every_codec_keeps_colours_and_parameters(staging: Path, codec: tuple[str, str]) -> None:
    picture = np.asarray(slope(66, 50))
    run = video_run(ModelSource(id='m', title='M', family='wan', pipeline='', path=staging), staging)
    clip = ClipWriter(run=run, output=run.outputs[0], renditions=Renditions(), codecs=(('none', '.avi'), codec))
    for _ in range(9):
        clip.add(np.vstack([picture, picture[:1]]))
    made = clip.finish()

    assert made.original_path.suffix == codec[1]
    assert (made.width, made.height) == (66, 50)
    assert difference(frames(made.original_path)[8], picture.astype(np.float64)) < 4
    with av.open(str(made.original_path)) as container:
        told = {name.lower(): text for name, text in container.metadata.items()}
        assert container.streams.video[0].codec_context.colorspace == 1
    assert told['comment'] == run.outputs[0].infotext
    assert json.loads(told['description'])['seed'] == 1


async def test_the_same_seed_gives_the_same_clip(engine: EngineProcess, wan: Wan, staging: Path) -> None:
    one, other = await files(engine, video_run(wan('t2v'), staging, 5, 6))
    (again,) = await files(engine, video_run(wan('t2v'), staging, 6))

    assert difference(frames(other.original_path)[4], frames(again.original_path)[4]) < 1
    assert difference(frames(other.original_path)[4], frames(one.original_path)[4]) > 5


async def test_the_middle_of_the_clip_can_be_seen_forming(engine: EngineProcess, wan: Wan, staging: Path) -> None:
    async for report in engine.run(video_run(wan('t2v'), staging, num_inference_steps=900)):
        if isinstance(report, PreviewMade):
            break
    else:
        raise AssertionError('no preview came')
    assert report.webp[:4] == b'RIFF'


async def test_a_clip_begins_with_the_given_picture(
    engine: EngineProcess, wan: Wan, staging: Path, pictures: dict[str, Path]
) -> None:
    (file,) = await files(engine, video_run(wan('ti2v'), staging, start_frame_path=pictures['start']))
    assert difference(frames(file.original_path)[0], pixels(pictures['start'])) < 10

    (file,) = await files(engine, video_run(wan('ti2v'), staging, start_frame_path=pictures['wide']))
    Image.open(pictures['wide']).crop((96, 0, 160, 64)).save(staging / 'middle.png')
    assert difference(frames(file.original_path)[0], pixels(staging / 'middle.png')) < 10


@pytest.mark.parametrize('kind', ['i2v', 'vace'])
async def test_beginning_and_ending_frame_both_shape_the_clip(
    engine: EngineProcess, wan: Wan, staging: Path, pictures: dict[str, Path], kind: WanKind
) -> None:
    def run(**given: Path) -> object:
        return video_run(wan(kind), staging, **given)

    start, end = pictures['start'], pictures['end']
    seen = []
    for given in (
        {'start_frame_path': start},
        {'start_frame_path': end},
        {'start_frame_path': start, 'end_frame_path': end},
        {'start_frame_path': start, 'end_frame_path': start},
    ):
        (file,) = await files(engine, run(**given))  # type: ignore[arg-type]
        seen.append(frames(file.original_path)[8])
    for at, one in enumerate(seen):
        for other in seen[at + 1 :]:
            assert difference(one, other) > 0.05


async def test_colours_go_on_in_a_continued_clip(
    engine: EngineProcess, wan: Wan, staging: Path, pictures: dict[str, Path]
) -> None:
    start = pixels(pictures['start'])
    drift = []
    for is_continued in (False, True):
        run = video_run(wan('vace'), staging, start_frame_path=pictures['start'], is_continued=is_continued)
        (file,) = await files(engine, run)
        drift.append(abs(frames(file.original_path)[0].mean((0, 1)) - start.mean((0, 1))).max())
    assert drift[1] < drift[0]


async def test_frames_that_a_model_would_ignore_are_refused(
    engine: EngineProcess, wan: Wan, staging: Path, pictures: dict[str, Path]
) -> None:
    start, end = pictures['start'], pictures['end']
    refused: list[tuple[WanKind, dict[str, Path], str]] = [
        ('t2v', {'start_frame_path': start}, 'cannot start from'),
        ('ti2v', {'start_frame_path': start, 'end_frame_path': end}, 'ignores an ending frame'),
        ('flf2v', {'start_frame_path': start}, 'Add an ending frame'),
        ('i2v', {}, 'only from a beginning frame'),
        ('i2v', {'end_frame_path': end}, 'Add a beginning frame'),
        ('t2v', {'single_frame_path': start}, 'anywhere'),
    ]
    for kind, given, words in refused:
        with pytest.raises(EngineFailure, match=words):
            await hear(engine, video_run(wan(kind), staging, **given))
    assert not list(staging.iterdir())


async def test_decoding_can_be_cancelled(engine: EngineProcess, wan: Wan, staging: Path) -> None:
    run = video_run(wan('t2v'), staging, num_frames=801, num_inference_steps=1, guidance_scale=1.0)
    last, decoded = None, 0
    async for last in engine.run(run):
        if isinstance(last, StepProgressed) and last.phase == 'decoding':
            decoded = last.step
            await engine.cancel(run.run_id)

    assert last == RunCancelled(run_id=run.run_id)
    assert 0 < decoded < 201
    assert not list(staging.iterdir())


async def test_frames_being_read_can_be_cancelled(
    engine: EngineProcess, wan: Wan, staging: Path, pictures: dict[str, Path]
) -> None:
    run = video_run(wan('vace'), staging, num_frames=801, start_frame_path=pictures['start'])
    steps = []
    async for report in engine.run(run):
        if isinstance(report, StepProgressed):
            steps.append(report.step)
            await engine.cancel(run.run_id)

    assert report == RunCancelled(run_id=run.run_id)
    assert steps == [0]
    assert not list(staging.iterdir())


async def test_a_still_model_with_motion_modules_makes_a_clip(
    engine: EngineProcess, staging: Path, tmp_path: Path
) -> None:
    model = source(tiny_animatediff(tmp_path / 'moving'), pipeline='AnimateDiffSDXLPipeline')
    reports = await hear(engine, video_run(model, staging))

    (file,) = [report for report in reports if isinstance(report, FileMade)]
    assert len(frames(file.original_path)) == 9
    phases = [report.phase for report in reports if isinstance(report, StepProgressed)]
    assert phases[:4] == ['generating'] * 4 and phases[-1] == 'encoding'
