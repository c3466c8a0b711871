"""What is held back: a failed job says why and can be tried again; a blurred picture is shown where it is allowed."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import WIDE
from tests.e2e.stories import cards, group_of
from tests.running import PATIENCE, RunningApp

pytestmark = pytest.mark.long

FAILED, BLURRED = 'a lighthouse', 'a statue'


@pytest.fixture(scope='module')
def app(tmp_path_factory: pytest.TempPathFactory, tiny_models: Path) -> Iterator[RunningApp]:
    """The app with a job whose last picture failed and one whose first picture was blurred."""
    running = RunningApp(tmp_path_factory.mktemp('data'), OURVIDZ_MODELS_DIR=str(tiny_models)).start()
    failed, blurred = (running.make(prompt, model='tiny', num_inference_steps=1)['id'] for prompt in (FAILED, BLURRED))
    running.stop()
    with sqlite3.connect(running.data_dir / 'ourvidz.sqlite') as database:
        reason = ('failed', 'The device ran out of memory.', 'Choose a smaller size.', failed)
        database.execute('UPDATE jobs SET status = ?, error = ?, advice = ? WHERE id = ?', reason)
        database.execute('DELETE FROM assets WHERE job_id = ? AND position = 2', (failed,))
        database.execute('UPDATE assets SET is_blurred = 1 WHERE job_id = ? AND position = 0', (blurred,))
    database.close()
    yield running.start()
    running.stop()


def test_a_failed_job_says_why_and_makes_the_rest_on_retry(browser: Browser, app: RunningApp) -> None:
    page, job_id = opened(browser, app), id_of_job(app, FAILED)
    group = group_of(page, job_id)
    expect(group).to_contain_text('The device ran out of memory.')
    expect(group).to_contain_text('Choose a smaller size.')
    expect(cards(group)).to_have_count(2)
    item = page.locator(f'[data-testid=rail-item][data-job-id="{job_id}"]')
    expect(item).to_have_attribute('data-badge', 'failed')
    group.get_by_test_id('job-retry').click()
    expect(cards(group)).to_have_count(3)
    expect(group).not_to_contain_text('The device ran out of memory.')
    assert app.finished(job_id)['status'] == 'completed'
    page.context.close()


def test_a_blurred_picture_is_shown_only_where_the_owner_allows(browser: Browser, app: RunningApp) -> None:
    page, job_id = opened(browser, app), id_of_job(app, BLURRED)
    card = cards(group_of(page, job_id)).first
    expect(card).to_contain_text('The owner has not allowed such content here.')
    expect(card.get_by_role('button', name='Show')).to_have_count(0)
    asset = app.job(job_id)['assets'][0]
    for url in (asset['url'], asset['preview_url'], asset['thumbnail_url']):
        assert app.api.get(url).status_code == 403, 'what may only be seen blurred is not sent'
    assert app.api.post('/api/references', json={'asset_id': asset['id']}).status_code == 403
    refused = list[str]()
    page.on('response', lambda response: refused.append(response.url) if response.status == 403 else None)
    card.click(position={'x': 20, 'y': 20})
    expect(page.get_by_test_id('lightbox').locator('.veil')).to_be_visible()
    page.wait_for_function("document.querySelector('.lightbox-stage img').naturalWidth > 0")
    page.keyboard.press('ArrowRight')
    expect(page.get_by_test_id('lightbox').locator('.veil')).to_have_count(0)
    page.wait_for_function("document.querySelector('.lightbox-stage img').src.includes('/media/')")
    assert not refused, 'the large view asks for what is held back'
    page.context.close()
    app.stop()
    app.environment['OURVIDZ_IS_NSFW_ALLOWED'] = 'true'
    app.start()
    page = opened(browser, app)
    other = page.context.new_page()
    other.goto(app.url)
    rail = page.locator(f'[data-testid=rail-item][data-job-id="{job_id}"]')
    assert '/media/' not in (rail.get_attribute('style') or ''), 'the rail shows what is blurred'
    for tab in (page, other):
        expect(cards(group_of(tab, job_id)).first).to_contain_text('Blurred: it may show nudity.')
    cards(group_of(page, job_id)).first.click(position={'x': 20, 'y': 20})
    veil = page.get_by_test_id('lightbox').locator('.veil')
    expect(veil).to_contain_text('Blurred: it may show nudity.')
    page.keyboard.press('ArrowRight')
    expect(veil).to_have_count(0)
    page.keyboard.press('Escape')
    cards(group_of(page, job_id)).first.get_by_test_id('unblur').click()
    for tab in (page, other):
        expect(group_of(tab, job_id).locator('.is-blurred, .veil')).to_have_count(0)
    expect(page.get_by_test_id('lightbox')).to_have_count(0)
    assert '/media/' in (rail.get_attribute('style') or '')
    page.reload()
    expect(cards(group_of(page, job_id))).to_have_count(3)
    expect(page.locator('.is-blurred')).to_have_count(0)
    page.context.close()


def test_where_nsfw_is_allowed_the_person_chooses(browser: Browser, app: RunningApp) -> None:
    page = opened(browser, app)
    toggle = page.get_by_test_id('content-toggle')
    expect(toggle).to_have_attribute('aria-disabled', 'false')
    toggle.click()
    expect(toggle).to_have_attribute('data-value', 'nsfw')
    page.get_by_test_id('model-select').click()
    page.locator('[data-model-id=tiny]').click()
    page.get_by_test_id('prompt-input').fill('a statue in the park')
    page.get_by_test_id('generate-button').click()
    expect(page.locator('.job-prompt').first).to_have_text('a statue in the park')
    job = app.finished(id_of_job(app, 'a statue in the park'))
    assert (job['request']['content'], job['status']) == ('nsfw', 'completed')
    page.get_by_test_id('prompt-input').fill('a naked child')
    page.get_by_test_id('generate-button').click()
    expect(page.locator('.notice.is-error')).to_be_visible()
    assert len(app.api.get('/api/jobs').json()['items']) == 3
    page.context.close()


def opened(browser: Browser, app: RunningApp) -> Page:
    page = browser.new_context(viewport=WIDE).new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(app.url)
    page.wait_for_function('window.did_handshake')
    return page


def id_of_job(app: RunningApp, prompt: str) -> str:
    jobs = app.api.get('/api/jobs').json()['items']
    return next(str(job['id']) for job in jobs if job['prompt'] == prompt)
