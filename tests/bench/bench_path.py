"""How quick the way from prompt to picture is: `python -m tests.bench.bench_path`.

Prints: start to first health answer; health p95 while pictures are made; pictures a second through the app against a
bare diffusers script in one run; what idling takes; from file to picture with five pages open; the page with 50 jobs of
3 pictures.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import httpx
import psutil
from playwright.sync_api import Browser, sync_playwright

from tests.checkpoints import tiny_sdxl
from tests.e2e.conftest import CHROMIUM, FLAGS, WIDE
from tests.running import ROOT, RunningApp

EMBEDDED = ROOT / 'assets' / 'models' / 'spark-image'
FIRST_PICTURE = "[...document.querySelectorAll('[data-testid=asset-card] img')].some(i => i.complete && i.naturalWidth)"
BARE = """
import sys, time, json, os
os.environ['HF_HUB_OFFLINE'] = '1'
os.environ['OMP_WAIT_POLICY'] = 'PASSIVE'
import torch
from diffusers import StableDiffusionXLPipeline
path, out, jobs, steps, guidance, width, height = sys.argv[1:3] + [float(value) for value in sys.argv[3:]]
pipe = StableDiffusionXLPipeline.from_pretrained(path, dtype=torch.float32, add_watermarker=False)
pipe.set_progress_bar_config(disable=True)
def make(job):
    generators = [torch.Generator().manual_seed(job * 3 + i) for i in range(3)]
    pictures = pipe(['a red car on the beach at night'] * 3, num_inference_steps=int(steps), guidance_scale=guidance,
                    width=int(width), height=int(height), generator=generators).images
    for i, picture in enumerate(pictures):
        picture.save(f'{out}/{job}-{i}.png')
make(0)
started = time.perf_counter()
for job in range(1, int(jobs) + 1):
    make(job)
print(json.dumps(int(jobs) * 3 / (time.perf_counter() - started)))
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        tiny_sdxl(data / 'models' / 'tiny')
        start_up(data)
        app = RunningApp(data / 'data', OURVIDZ_MODELS_DIR=str(data / 'models')).start()
        try:
            cost(app, data)
            health(app)
            idle(app)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
                visible(app, browser)
                time.sleep(40)  # until the closed pages are forgotten
                visible_here(app, browser)
                fifty_jobs(app, browser)
        finally:
            app.stop()


def start_up(data: Path) -> None:
    for attempt in range(3):
        app = RunningApp(data / f'start{attempt}')
        started = time.perf_counter()
        app.start()
        print(f'start to first health answer: {time.perf_counter() - started:.2f} s')
        app.stop()


def cost(app: RunningApp, data: Path, jobs: int = 8) -> None:
    """The embedded model at its own defaults, three pictures a job, both ways in turn, twice."""
    asset = app.make('a red car on the beach at night', variations=3)['assets'][0]
    used = asset['parameters']
    numbers = [used['num_inference_steps'], used['guidance_scale'], asset['width'], asset['height']]
    for _ in range(2):
        (data / 'bare').mkdir(exist_ok=True)
        command = [sys.executable, '-c', BARE, str(EMBEDDED), str(data / 'bare'), str(jobs), *map(str, numbers)]
        bare = float(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        started = time.time()
        ids = [app.submit('a red car on the beach at night', variations=3, shot_type='wide') for _ in range(jobs)]
        while (last := app.job(ids[-1]))['status'] in ('queued', 'processing'):
            time.sleep(2)  # looking takes time from the engine
        through_app = jobs * 3 / (datetime.fromisoformat(last['finished_at']).timestamp() - started)
        print(f'pictures a second: app {through_app:.2f}, bare {bare:.2f}, ratio {through_app / bare:.3f}')


def health(app: RunningApp) -> None:
    ids = [app.submit('a fox', model='tiny', variations=6) for _ in range(10)]
    times = []
    while app.job(ids[-1])['status'] in ('queued', 'processing'):
        times.append(timed(lambda: app.api.get('/api/health')))
        time.sleep(0.02)
    print(f'health while pictures are made: {summary(times)}')


def idle(app: RunningApp, seconds: float = 10) -> None:
    """What both processes take of a processor while nobody does anything."""
    engine, web = app.engine(), app.process
    assert engine is not None and web is not None
    processes = {'engine': engine, 'web process': psutil.Process(web.pid)}
    before = {name: sum(process.cpu_times()[:2]) for name, process in processes.items()}
    time.sleep(seconds)
    for name, process in processes.items():
        used = sum(process.cpu_times()[:2]) - before[name]
        print(f'idle {name}: {used / seconds:.1%} of one core, {process.memory_info().rss / 1e6:.0f} MB')


def visible_here(app: RunningApp, browser: Browser) -> None:
    """The same on one page that is drawn here, with four that other machines draw, which therefore give way."""
    command = ['nice', sys.executable, '-m', 'tests.bench.viewers', app.url, '4']
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as viewers:
        try:
            assert viewers.stdout is not None and viewers.stdout.readline() == 'open\n'
            visible(app, browser, drawn=1)
        finally:
            viewers.kill()


def visible(app: RunningApp, browser: Browser, *, drawn: int = 5) -> None:
    """From the last file of a job on the disk to its picture on the screen, on each page that is drawn here."""
    contexts = [browser.new_context() for _ in range(drawn)]
    pages = [context.new_page() for context in contexts]
    for page in pages:
        page.goto(app.url)
        page.get_by_test_id('prompt-input').wait_for()
        page.evaluate(WATCH)
    delays = []
    for _ in range(40):
        job_id = app.submit('an owl', model='tiny', variations=1)
        for page in pages:
            page.wait_for_function(f'window.seen["{job_id}"]', polling=200)
        written = (app.data_dir / 'library').rglob(f'{app.job(job_id)["assets"][0]["id"]}.png')
        moment = next(iter(written)).stat().st_ctime * 1000
        delays += [(page.evaluate(f'window.seen["{job_id}"]') - moment) / 1000 for page in pages]
    print(f'from file to picture with five pages open, {drawn} of them drawn here: {summary(delays)}')
    for context in contexts:
        context.close()


WATCH = """() => {
  window.seen = {};
  const look = () => {
    for (const card of document.querySelectorAll('[data-testid=asset-card][data-status=completed]')) {
      const image = card.querySelector('img');
      const id = card.closest('.job-group').dataset.jobId;
      if (image && image.complete && image.naturalWidth && !window.seen[id]) window.seen[id] = Date.now();
    }
  };
  document.addEventListener('load', look, true);
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, attributeFilter: ['data-status']});
}"""


def fifty_jobs(app: RunningApp, browser: Browser) -> None:
    ids = [app.submit(f'picture {number}', model='tiny', variations=3, num_inference_steps=1) for number in range(50)]
    for job_id in ids:
        app.finished(job_id)
    the_page(app, browser)


def the_page(app: RunningApp, browser: Browser) -> None:
    """How large the workspace is, and how soon a window that has never been here shows a picture."""
    html = httpx.get(app.url).text
    print(f'the page with {len(app.api.get("/api/jobs?limit=200").json()["items"])} jobs: {len(html) / 1000:.0f} KB')
    times = []
    for _ in range(7):
        page = browser.new_context(viewport=WIDE).new_page()
        started = time.perf_counter()
        page.goto(app.url, wait_until='commit')
        page.wait_for_function(FIRST_PICTURE)
        times.append(time.perf_counter() - started)
        page.context.close()
    print(f'first picture visible: {summary(times)}')


def timed(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def summary(times: list[float]) -> str:
    """Median, 95th percentile and worst in ms."""
    ordered = sorted(times)
    p95 = ordered[min(len(ordered) - 1, round(len(ordered) * 0.95))]
    median = statistics.median(ordered)
    return f'median {median * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, worst {ordered[-1] * 1000:.0f} ms, n={len(times)}'


if __name__ == '__main__':
    main()
