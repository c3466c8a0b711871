"""Each browser sees its own today: in its zone, over midnight, and with what is still to be made."""

import os
import sqlite3
import struct
import sysconfig
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.running import PATIENCE, RunningApp

pytestmark = pytest.mark.long

ZONE = 'Somewhere'


@pytest.fixture(scope='module')
def app(tmp_path_factory: pytest.TempPathFactory, tiny_models: Path) -> Iterator[RunningApp]:
    """The app on a machine that knows one zone more, to be written by the story."""
    zones = tmp_path_factory.mktemp('zones')
    known = sysconfig.get_config_var('TZPATH') or ''
    running = RunningApp(
        tmp_path_factory.mktemp('data'),
        OURVIDZ_MODELS_DIR=str(tiny_models),
        PYTHONTZPATH=os.pathsep.join([str(zones), *known.split(os.pathsep)]),
    ).start()
    yield running
    running.stop()


def test_two_browsers_in_different_zones(browser: Browser, app: RunningApp) -> None:
    job_id = app.make('a fox', model='tiny', num_inference_steps=1)['id']
    hour = datetime.now(UTC).hour
    five_hours_ago = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=5)
    app.stop()
    with sqlite3.connect(app.data_dir / 'ourvidz.sqlite') as database:
        then = five_hours_ago.isoformat(' ')
        changed = 'UPDATE jobs SET created_at = ?, started_at = ?, finished_at = ? WHERE id = ?'
        database.execute(changed, (then, then, then, job_id))
        database.execute('UPDATE assets SET created_at = ? WHERE job_id = ?', (then, job_id))
    database.close()
    app.start()
    evening = opened(browser, app, zone_where_it_is(20, at=hour))
    expect(evening.get_by_test_id('job-group')).to_have_count(1)
    night = opened(browser, app, zone_where_it_is(2, at=hour))
    expect(night.get_by_test_id('empty-state')).to_be_visible()
    expect(night.get_by_test_id('job-group')).to_have_count(0)
    night.reload()
    expect(night.get_by_test_id('empty-state')).to_be_visible()
    for page in (evening, night):
        page.context.close()


def test_an_open_page_turns_over_at_midnight(browser: Browser, app: RunningApp) -> None:
    app.make('of yesterday', model='tiny', num_inference_steps=1)
    page = opened(browser, app, 'UTC')
    page.get_by_test_id('pause-queue').click()
    expect(page.get_by_test_id('pause-queue')).to_have_attribute('aria-label', 'Go on with the queue')
    waiting = app.submit('still to be made', model='tiny', num_inference_steps=1)
    for seconds in (15, 60, 300):
        name = f'{ZONE}{seconds}'
        write_zone(app, name, midnight_in=seconds)
        at_night = opened(browser, app, 'UTC', told=name)
        prompts = at_night.locator('.job-prompt')
        expect(prompts.first).to_have_text('still to be made')
        if 'of yesterday' in prompts.all_text_contents():
            break
        at_night.context.close()
    expect(prompts).to_have_text(['still to be made'], timeout=400_000)
    page.get_by_test_id('pause-queue').click()
    app.finished(waiting)
    expect(prompts).to_have_text(['still to be made'])
    for tab in (page, at_night):
        tab.context.close()


def opened(browser: Browser, app: RunningApp, zone: str, *, told: str = '') -> Page:
    """A browser in a zone; it tells the name `told` instead, if given."""
    page = browser.new_context(viewport={'width': 1440, 'height': 900}, timezone_id=zone).new_page()
    if told:
        page.add_init_script(f"""
            const options = Intl.DateTimeFormat.prototype.resolvedOptions;
            Intl.DateTimeFormat.prototype.resolvedOptions = function () {{
                return {{ ...options.call(this), timeZone: '{told}' }};
            }};
        """)
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(app.url, wait_until='commit')
    page.get_by_test_id('prompt-input').wait_for()
    page.wait_for_function("document.cookie.includes('ourvidz_zone')")
    return page


def zone_where_it_is(wanted: int, *, at: int) -> str:
    """A zone whose clocks show the wanted hour when it is `at` o'clock in UTC."""
    ahead = (wanted - at) % 24
    ahead = ahead if ahead <= 14 else ahead - 24
    return f'Etc/GMT{-ahead:+d}' if ahead else 'Etc/GMT'


def write_zone(app: RunningApp, name: str, *, midnight_in: int) -> None:
    """Write a zone (TZif) whose day ends in so many seconds."""
    now = datetime.now(UTC)
    seconds_today = now.hour * 3600 + now.minute * 60 + now.second
    offset = 86_400 - midnight_in - seconds_today
    offset = offset if offset <= 43_200 else offset - 86_400
    head = struct.pack('>4sc15x6l', b'TZif', b'1', 0, 0, 0, 0, 1, 4)
    zones = Path(app.environment['PYTHONTZPATH'].split(os.pathsep)[0])
    (zones / name).write_bytes(head + struct.pack('>lbb', offset, 0, 0) + b'XYZ\x00')
