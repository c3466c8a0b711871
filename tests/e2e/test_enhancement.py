"""Prompt enhancement in a browser: written into an editable box, stopped, taken back, and used."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.checkpoints import tiny_sdxl
from tests.language_checkpoints import tiny_qwen
from tests.running import RunningApp, eventually

pytestmark = pytest.mark.long


@pytest.fixture(scope='module')
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The app with a tiny SDXL and a tiny language model that writes nonsense."""
    models: Path = tmp_path_factory.mktemp('models')
    tiny_sdxl(models / 'tiny')
    tiny_qwen(models / 'tiny-qwen')
    running = RunningApp(tmp_path_factory.mktemp('data'), OURVIDZ_MODELS_DIR=str(models)).start()
    yield running
    running.stop()


def prepare(page: Page) -> None:
    """Whatever was chosen before: the tiny model, and enhancement by instruction."""
    page.get_by_test_id('model-select').click()
    page.locator('[data-model-id=tiny]').click()
    expect(page.get_by_test_id('model-select')).to_have_attribute('data-value', 'tiny')
    chip = page.get_by_test_id('enhance-select')
    while (chosen := chip.get_attribute('data-value') or '') != 'instruct':
        chip.click()
        expect(chip).not_to_have_attribute('data-value', chosen)


def test_the_enhanced_prompt_is_written_edited_and_used(page: Page, app: RunningApp) -> None:
    prepare(page)
    page.get_by_test_id('prompt-input').fill('a red fox')
    page.get_by_test_id('enhance-now').click()
    expect(page.get_by_test_id('enhanced-input')).to_be_visible()
    expect(page.get_by_test_id('enhance-now')).to_contain_text('Enhance')
    page.get_by_test_id('enhanced-input').fill('a red fox in deep snow')
    page.get_by_test_id('generate-button').click()
    job = app.finished(latest(app))
    assert job['prompt'] == 'a red fox'
    assert job['enhanced_prompt'] == 'a red fox in deep snow'
    assert job['final_prompt'].startswith('a red fox in deep snow')


def test_it_is_taken_back(page: Page, app: RunningApp) -> None:
    prepare(page)
    page.get_by_test_id('prompt-input').fill('a blue boat')
    page.get_by_test_id('enhance-now').click()
    expect(page.get_by_test_id('enhanced-input')).to_be_visible()
    expect(page.get_by_test_id('enhance-now')).to_contain_text('Enhance')
    page.get_by_test_id('enhanced-undo').click()
    expect(page.get_by_test_id('enhanced-input')).to_be_hidden()


def test_without_the_button_the_job_enhances_by_itself_or_says_why_not(app: RunningApp) -> None:
    job = app.make('an owl', model='tiny', variations=1, enhancement='base')
    assert job['enhanced_prompt'] != 'an owl'
    assert job['enhanced_prompt'] or 'not enhanced' in job['note']


def latest(app: RunningApp) -> str:
    jobs = eventually(lambda: app.api.get('/api/jobs').json()['items'])
    return str(jobs[0]['id'])
