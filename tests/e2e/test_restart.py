"""A style reference that works; a restart, after which the form is as it was and a lost picture is made again."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.checkpoints import tiny_ip_adapter, tiny_sdxl
from tests.e2e.stories import cards, group_of, id_of, picture
from tests.running import RunningApp

SAME = ('prompt', 'model', 'seed', 'variations', 'aspect_ratio', 'shot_type', 'quality')


@pytest.fixture(scope='module')
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app of its own, whose SDXL model can follow a style."""
    folder = tmp_path_factory.mktemp('styled')
    tiny_sdxl(folder / 'tiny')
    tiny_ip_adapter(folder / 'ip-adapter')
    with RunningApp(tmp_path_factory.mktemp('data'), OURVIDZ_MODELS_DIR=str(folder)) as running:
        yield running


def test_a_style_reference_steers_the_picture(page: Page, app: RunningApp, tmp_path: Path) -> None:
    page.get_by_test_id('model-select').click()
    page.locator('[data-model-id=tiny]').click()
    path = tmp_path / 'style.png'
    path.write_bytes(picture('orange', size=(256, 256)))
    page.get_by_test_id('style-ref').get_by_role('button').first.click()
    with page.expect_file_chooser() as chooser:
        page.get_by_test_id('style-ref-menu').get_by_role('button', name='Choose a file').click()
    chooser.value.set_files(path)
    expect(page.get_by_test_id('style-ref')).to_have_attribute('data-value', 'file')
    page.get_by_test_id('prompt-input').fill('a fox')
    page.get_by_test_id('seed-input').fill('7')
    page.get_by_test_id('generate-button').click()
    group = page.get_by_test_id('job-group').first
    expect(cards(group)).to_have_count(3)
    job = app.finished(group.get_attribute('data-job-id') or '')
    assert job['request']['style_reference_id'] and not job['note']
    kept = {name: job['request'][name] for name in SAME}
    again = app.make(**kept, style_reference_id=job['request']['style_reference_id'])
    plain = app.make(**kept)
    first, second, third = (pixels(app, each['assets'][0]) for each in (job, again, plain))
    assert first == second, 'the same words, seed and style'
    assert first != third, 'the same words and seed without the style'


def test_after_a_restart_the_form_is_as_it_was_and_a_lost_picture_is_made_again(page: Page, app: RunningApp) -> None:
    job_id = app.make('a kept fox', model='tiny', variations=3, num_inference_steps=1, seed=5)['id']
    group = group_of(page, job_id)
    expect(cards(group)).to_have_count(3)
    lost = id_of(cards(group).nth(1))
    page.get_by_test_id('prompt-input').fill('two foxes at night')
    for name in ('aspect-toggle', 'shot-toggle'):
        chip = page.get_by_test_id(name)
        chosen = chip.get_attribute('data-value') or ''
        chip.click()
        expect(chip).not_to_have_attribute('data-value', chosen)
    page.get_by_test_id('style-input').fill('watercolour')
    page.get_by_test_id('seed-input').fill('9223372036854775807')
    names = ('model-select', 'aspect-toggle', 'shot-toggle', 'style-ref')
    before = [page.get_by_test_id(name).get_attribute('data-value') for name in names]
    expect(page.get_by_test_id('generate-button')).to_have_attribute('aria-disabled', 'false')
    made = pixels(app, app.job(job_id)['assets'][1])
    app.stop()
    [file] = (app.data_dir / 'library').rglob(f'{lost}.png')
    file.unlink()
    app.start()
    page.goto(app.url)
    expect(page.get_by_test_id('prompt-input')).to_have_value('two foxes at night')
    expect(page.get_by_test_id('style-input')).to_have_value('watercolour')
    expect(page.get_by_test_id('seed-input')).to_have_value('9223372036854775807')
    assert [page.get_by_test_id(name).get_attribute('data-value') for name in names] == before
    failed = group.locator('[data-status=failed]')
    expect(failed).to_have_count(1)
    failed.hover()
    page.get_by_test_id('card-retry').click()
    expect(cards(group)).to_have_count(3)
    assert pixels(app, app.job(job_id)['assets'][1]) == made, 'the same picture as before'


def pixels(app: RunningApp, asset: dict[str, Any]) -> bytes:
    return Image.open(io.BytesIO(app.api.get(asset['url']).content)).tobytes()
