"""How quick and small the workspace page is: `python -m tests.bench.bench_workspace`.

Prints: click to changed chip (goal 60 ms), Generate to queued (100 ms), dismiss of a job of 6 (100 ms); the page with
100 jobs of 3 pictures: HTML (400 KB), first picture (1 s), frames a second while it scrolls past 50 jobs (60), browser
memory (150 MB), also after 200 more pictures; server memory for each of 50 open pages (3 MB).
"""

import itertools
import tempfile
import time
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench.bench_path import summary, the_page
from tests.checkpoints import tiny_sdxl
from tests.e2e.conftest import CHROMIUM, FLAGS, WIDE
from tests.running import RunningApp

STAMPS = """() => {
  window.stamps = [];
  const note = (time) => { window.stamps.push(time); requestAnimationFrame(note); };
  requestAnimationFrame(note);
}"""
UNTIL = """([act, look]) => new Promise(resolve => {
  const started = performance.now();
  new Function(act)();
  const seen = new Function('return ' + look);
  const wait = () => seen() ? resolve(performance.now() - started) : requestAnimationFrame(wait);
  wait();
})"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        tiny_sdxl(Path(folder) / 'models' / 'tiny')
        app = RunningApp(Path(folder) / 'data', OURVIDZ_MODELS_DIR=str(Path(folder) / 'models')).start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            make(app, 1, 6)
            clicks(app, browser)
            for job in app.api.get('/api/jobs?limit=200').json()['items']:
                app.api.delete(f'/api/jobs/{job["id"]}')
            make(app, 100, 3)
            hundred_jobs(app, browser)
        finally:
            app.stop()


def make(app: RunningApp, jobs: int, variations: int) -> None:
    ids = [app.submit('a fox', model='tiny', variations=variations, num_inference_steps=1) for _ in range(jobs)]
    for job_id in ids:
        app.finished(job_id)


def clicks(app: RunningApp, browser: Browser) -> None:
    page = opened(app, browser)
    changed = []
    for _ in range(30):
        value = page.get_by_test_id('aspect-toggle').get_attribute('data-value')
        look = f"document.querySelector('[data-testid=aspect-toggle]').dataset.value !== '{value}'"
        changed.append(until(page, "document.querySelector('[data-testid=aspect-toggle]').click()", look))
        page.wait_for_timeout(100)
    print(f'click to changed chip: {summary(changed)}')
    page.get_by_test_id('model-select').click()
    page.locator('[data-model-id=tiny]').click()
    page.get_by_test_id('prompt-input').fill('a fox')
    page.wait_for_timeout(500)
    print(f'Generate to queued, one short job after the other: {summary(queued(page))}')
    for job in app.api.get('/api/jobs').json()['items']:
        app.finished(job['id'])
    long = app.submit('a fox', model='spark-image', variations=6, num_inference_steps=100)
    page.locator(f'[data-testid=job-group][data-job-id="{long}"]').wait_for()
    page.wait_for_timeout(2_000)
    print(f'Generate to queued, while a long job runs: {summary(queued(page))}')
    for job in app.api.get('/api/jobs').json()['items']:
        app.api.post(f'/api/jobs/{job["id"]}/cancel')
    dismissed = []
    for _ in range(5):
        job_id = app.make('six', model='tiny', variations=6, num_inference_steps=1)['id']
        page.locator(f'[data-testid=job-group][data-job-id="{job_id}"] [data-status=completed]').nth(5).wait_for()
        group = f'document.querySelector(\'[data-testid=job-group][data-job-id="{job_id}"]\')'
        act = f"{group}.querySelector('[data-testid=job-dismiss]').click()"
        dismissed.append(until(page, act, f'!{group} || {group}.offsetParent === null'))
    print(f'dismiss of a job of 6: {summary(dismissed)}')
    page.context.close()


def queued(page: Page) -> list[float]:
    """Seconds from Generate to the job on the page, twenty times."""
    times = []
    for _ in range(20):
        groups = page.get_by_test_id('job-group').count()
        look = f"document.querySelectorAll('[data-testid=job-group]').length > {groups}"
        times.append(until(page, "document.querySelector('[data-testid=generate-button]').click()", look))
        page.wait_for_timeout(300)
    return times


def hundred_jobs(app: RunningApp, browser: Browser) -> None:
    the_page(app, browser)
    page = opened(app, browser)
    page.wait_for_timeout(2_000)
    print(f'browser memory: {memory(page)}')
    scrolling(page)
    open_pages(app, browser)
    make(app, 67, 3)
    page.wait_for_timeout(2_000)
    print(f'browser memory after 200 more pictures: {memory(page)}')
    page.context.close()


def scrolling(page: Page, jobs: int = 50) -> None:
    """By the wheel past 50 jobs at 2,500 px a second."""
    far = page.evaluate(f"document.querySelectorAll('[data-testid=job-group]')[{jobs}].offsetTop")
    page.evaluate(STAMPS)
    gesture = {'x': 600, 'y': 300, 'yDistance': -far, 'speed': 2_500, 'gestureSourceType': 'mouse'}
    page.context.new_cdp_session(page).send('Input.synthesizeScrollGesture', gesture)
    stamps = page.evaluate('window.stamps')
    frames = [(late - early) / 1000 for early, late in itertools.pairwise(stamps)]
    print(f'scrolling past {jobs} jobs: {len(frames) / sum(frames):.0f} frames a second, a frame {summary(frames)}')
    page.evaluate('window.scrollTo(0, 0)')


def open_pages(app: RunningApp, browser: Browser, pages: int = 50) -> None:
    assert app.process is not None
    server = psutil.Process(app.process.pid)
    for _ in range(2):
        before = server.memory_info().rss
        opened_pages = [opened(app, browser) for _ in range(pages)]
        during = server.memory_info().rss
        for page in opened_pages:
            page.context.close()
        time.sleep(40)
        after = server.memory_info().rss
        print(f'server memory for each of {pages} open pages: {(during - before) / pages / 1e6:.2f} MB')
        print(f'kept after closing them: {(after - before) / pages / 1e6:.2f} MB each')


def opened(app: RunningApp, browser: Browser) -> Page:
    page = browser.new_context(viewport=WIDE).new_page()
    page.goto(app.url, wait_until='commit')
    page.get_by_test_id('prompt-input').wait_for()
    page.wait_for_timeout(300)
    return page


def until(page: Page, act: str, look: str) -> float:
    """Seconds from an act in the page until its effect is seen there."""
    return float(page.evaluate(UNTIL, [act, look])) / 1000


def memory(page: Page) -> str:
    """Of the page's own objects, and of its whole process."""
    session = page.context.new_cdp_session(page)
    session.send('HeapProfiler.collectGarbage')
    objects = float(session.send('Runtime.getHeapUsage')['usedSize']) / 1e6
    renderers = [
        process.memory_full_info().uss / 1e6
        for process in psutil.Process().children(recursive=True)
        if '--type=renderer' in process.cmdline()
    ]
    return f'{objects:.0f} MB of objects, {max(renderers):.0f} MB in all'


if __name__ == '__main__':
    main()
