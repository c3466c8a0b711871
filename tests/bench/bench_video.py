"""How quick clips are and what they leave behind: `python -m tests.bench.bench_video [folder of a video model]`.

With the embedded clip model if there is one, else a tiny Wan. Prints: the time from Generate to the first preview and
to the clip; seconds a clip through the app against a bare diffusers script that writes the same clips, in turn; the
engine's memory over thirty clips in a row, and over pictures and clips in turn.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.checkpoints import tiny_sdxl
from tests.running import ROOT, RunningApp
from tests.video_checkpoints import tiny_wan

EMBEDDED = ROOT / 'assets' / 'models' / 'spark-clip'
PROMPT = 'a red car drives along the beach'
CLIPS = 5
TINY = """
sizes = { '16:9' = [192, 112], '1:1' = [128, 128], '9:16' = [112, 192] }
fast = { num_inference_steps = 12, guidance_scale = 4.0, num_frames = 17, fps = 8 }
"""
BARE = """
import json, os, sys, time
os.environ |= {'HF_HUB_OFFLINE': '1', 'OMP_WAIT_POLICY': 'PASSIVE'}
import av, diffusers, numpy, torch
path, out, width, height, frames, fps, steps, guidance, clips, prompt, negative = sys.argv[1:]
pipe = diffusers.DiffusionPipeline.from_pretrained(path, dtype=torch.float32)
pipe.set_progress_bar_config(disable=True)
def make(seed):
    made = pipe(prompt=prompt, negative_prompt=negative or None, width=int(width), height=int(height),
                num_frames=int(frames), num_inference_steps=int(steps), guidance_scale=float(guidance),
                generator=torch.Generator().manual_seed(seed), output_type='np').frames[0]
    with av.open(f'{out}/{seed}.mp4', 'w', options={'movflags': '+faststart'}) as container:
        stream = container.add_stream('libx264', rate=int(fps), options={'crf': '17', 'preset': 'veryfast'})
        stream.width, stream.height, stream.pix_fmt = made.shape[2], made.shape[1], 'yuv420p'
        for frame in (made * 255).round().astype(numpy.uint8):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format='rgb24')))
        container.mux(stream.encode())
make(0)
times = []
for seed in range(1, int(clips) + 1):
    started = time.perf_counter()
    make(seed)
    times.append(time.perf_counter() - started)
print(json.dumps(times))
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tiny_sdxl(folder / 'models' / 'tiny-image')
        (tiny_wan(folder / 'models' / 'tiny-clip') / 'ourvidz.toml').write_text(TINY)
        chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else EMBEDDED
        path = chosen if chosen.is_dir() else folder / 'models' / 'tiny-clip'
        more: dict[str, Any] = (
            {} if path.is_relative_to(folder) else {'OURVIDZ_MORE_MODEL_DIRS': json.dumps([str(path.parent)])}
        )
        app = RunningApp(folder / 'data', OURVIDZ_MODELS_DIR=str(folder / 'models'), **more).start()
        print(f'model: {path.name}')
        try:
            first(app, path.name)
            cost(app, path, folder)
            thirty(app, path.name)
            switching(app)
        finally:
            app.stop()
        giving_back(folder)


def clip(app: RunningApp, model: str, **fields: Any) -> dict[str, Any]:
    job = app.make(PROMPT, mode='video', model=model, variations=1, **fields)
    return dict(job['assets'][0])


def first(app: RunningApp, model: str) -> None:
    """The very first clip after the start, with the model still to be loaded, and the one after it."""
    for which in ('first clip, model not loaded', 'next clip'):
        started = time.perf_counter()
        job_id = app.submit(PROMPT, mode='video', model=model, variations=1)
        seen = 0.0
        while app.job(job_id)['status'] in ('queued', 'processing'):
            if not seen and app.api.get(f'/media/previews/{job_id}/0').status_code == 200:
                seen = time.perf_counter() - started
            time.sleep(0.02)
        asset = app.job(job_id)['assets'][0]
        shown = f'first preview after {seen:.1f} s' if seen else 'done before a preview was due'
        print(
            f'{which}: {shown}, done after {time.perf_counter() - started:.1f} s '
            f'({asset["duration"]:.1f} s of {asset["width"]}x{asset["height"]} at {asset["fps"]:g} a second)'
        )


def cost(app: RunningApp, path: Path, folder: Path) -> None:
    """Both ways in turn, three times; each way's best median, since what else the machine does only slows."""
    asset = clip(app, path.name)
    used = asset['parameters']
    numbers = [asset['width'], asset['height'], used['num_frames'], used['fps']]
    numbers += [used['num_inference_steps'], used['guidance_scale']]
    texts = [used['final_prompt'], used['final_negative_prompt']]
    bare, ours = [], []
    for _ in range(3):
        command = [sys.executable, '-c', BARE, str(path), str(folder), *map(str, numbers), str(CLIPS), *texts]
        result = subprocess.run(command, check=True, capture_output=True, text=True)
        bare.append(statistics.median(json.loads(result.stdout.splitlines()[-1])))
        ours.append(queued(app, path.name) / CLIPS)
        print(f'seconds a clip: app {ours[-1]:.2f}, bare {bare[-1]:.2f}')
    print(f'speed of the app against bare diffusers: {min(bare) / min(ours):.3f}')


def queued(app: RunningApp, model: str) -> float:
    """Seconds for so many clips, queued at once."""
    started = time.perf_counter()
    ids = [app.submit(PROMPT, mode='video', model=model, variations=1, seed=seed) for seed in range(CLIPS)]
    for job_id in ids:
        assert app.finished(job_id, patience=3_600)['status'] == 'completed'
    return time.perf_counter() - started


def thirty(app: RunningApp, model: str) -> None:
    """The engine's memory after each of thirty clips in a row."""
    used = []
    for _ in range(30):
        clip(app, model)
        used.append(engine_memory(app))
    print('memory of the engine over thirty clips in MB: ' + ' '.join(f'{value:.0f}' for value in used))
    print(f'growth from the fifth to the thirtieth: {used[-1] - used[4]:+.0f} MB')


def switching(app: RunningApp) -> None:
    """Pictures and clips in turn: both models fit and stay, so what they take must not add up."""
    used = []
    for _ in range(5):
        app.make(PROMPT, model='tiny-image', variations=1)
        clip(app, 'tiny-clip')
        used.append(engine_memory(app))
    print('memory of the engine, pictures and clips in turn, in MB: ' + ' '.join(f'{value:.0f}' for value in used))


def giving_back(folder: Path) -> None:
    """What the engine keeps with a picture and a clip model loaded, and once it has been idle."""
    models = str(folder / 'models')
    app = RunningApp(folder / 'second', OURVIDZ_MODELS_DIR=models, OURVIDZ_IDLE_UNLOAD_MINUTES='0.05').start()
    try:
        app.make(PROMPT, model='spark-image', variations=1)
        pictures = engine_memory(app)
        clip(app, 'tiny-clip')
        both = engine_memory(app)
        time.sleep(15)
        print(f'MB after a picture {pictures:.0f}, after a clip {both:.0f}, once idle {engine_memory(app):.0f}')
    finally:
        app.stop()


def engine_memory(app: RunningApp) -> float:
    """MB of the engine process that are its own."""
    assert app.process is not None
    for status in Path('/proc').glob('[0-9]*/status'):
        try:
            text = status.read_text()
            command = (status.parent / 'cmdline').read_text()
        except OSError:
            continue
        fields = dict(line.split(':', 1) for line in text.splitlines() if ':' in line)
        if 'engine.worker' in command and int(fields['PPid']) == app.process.pid:
            return int(fields['RssAnon'].split()[0]) / 1024
    raise AssertionError('the engine is not there')


if __name__ == '__main__':
    main()
