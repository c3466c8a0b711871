"""A real browser and the real app, one of each for a file of stories.

Windows of one kind share what the browser has cached: a page opens in half the time.
"""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from tests.running import PATIENCE, RunningApp

CHROMIUM = shutil.which('chromium') or '/usr/bin/chromium'
FLAGS = (
    '--no-sandbox',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
    '--disable-gpu',
)
WIDE: ViewportSize = {'width': 1440, 'height': 900}
PHONE: ViewportSize = {'width': 390, 'height': 844}
expect.set_options(timeout=60_000)


@pytest.fixture(scope='module')
def browser() -> Iterator[Browser]:
    """Closed after its file: as long as Playwright is open no asynchronous test can run in the same thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope='module')
def desk(browser: Browser) -> Iterator[BrowserContext]:
    """A desktop, 1440x900."""
    yield from _context(browser, viewport=WIDE)


@pytest.fixture(scope='module')
def pocket(browser: Browser) -> Iterator[BrowserContext]:
    """A phone, 390x844 with touch."""
    yield from _context(browser, viewport=PHONE, has_touch=True, is_mobile=True)


@pytest.fixture
def page(desk: BrowserContext, app: RunningApp) -> Iterator[Page]:
    """The workspace in a window of its own, in a library without jobs."""
    yield from _opened(desk, app)


@pytest.fixture
def phone(pocket: BrowserContext, app: RunningApp) -> Iterator[Page]:
    """The same on a phone."""
    yield from _opened(pocket, app)


def _context(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    context = browser.new_context(timezone_id='Europe/Berlin', **options)
    context.set_default_timeout(PATIENCE * 1000)
    yield context
    context.close()


def _opened(context: BrowserContext, app: RunningApp) -> Iterator[Page]:
    for job in app.api.get('/api/jobs').json()['items']:
        app.api.delete(f'/api/jobs/{job["id"]}')
    app.api.post('/api/queue/resume')
    page = context.new_page()
    page.goto(app.url)
    page.get_by_test_id('prompt-input').wait_for()
    page.wait_for_function('window.did_handshake')
    yield page
    for each in context.pages:
        each.close()
