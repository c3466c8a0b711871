"""A real browser and the real app, one of each for a file of stories."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.running import PATIENCE, RunningApp

CHROMIUM = '/usr/bin/chromium'
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


@pytest.fixture
def page(browser: Browser, app: RunningApp) -> Iterator[Page]:
    """The workspace in a browser window of its own, 1440x900, in a library without jobs."""
    page = _opened(browser, app, viewport=WIDE)
    yield page
    page.context.close()


@pytest.fixture
def phone(browser: Browser, app: RunningApp) -> Iterator[Page]:
    """The same on a phone, 390x844 with touch."""
    page = _opened(browser, app, viewport=PHONE, has_touch=True, is_mobile=True)
    yield page
    page.context.close()


def _opened(browser: Browser, app: RunningApp, **options: Any) -> Page:
    for job in app.api.get('/api/jobs').json()['items']:
        app.api.delete(f'/api/jobs/{job["id"]}')
    context = browser.new_context(timezone_id='Europe/Berlin', **options)
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    page.goto(app.url)
    page.get_by_test_id('prompt-input').wait_for()
    page.wait_for_function('window.did_handshake')
    return page
