"""The Models page in a browser, and what models bring to the workspace: fits, downloads, own files, LoRAs, prompts."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests.checkpoints import tiny_lora, tiny_sdxl
from tests.models.hub_stand_in import REPOSITORY, HubStandIn
from tests.models.test_downloads import repository
from tests.models.weights import WAN_LORA, write_weights
from tests.running import PATIENCE, RunningApp

pytestmark = pytest.mark.long

TOKEN = 'hf_secret_token'
HELD_AT = 2 * 2**20
OWN = f"""
[models.tiny]
family = 'sdxl'
title = 'Tiny'
repository = '{REPOSITORY}'
memory_gb = {{ full = 0.1, cpu = 0.1 }}
[models.huge]
family = 'sdxl'
title = 'Huge'
repository = '{REPOSITORY}'
memory_gb = {{ full = 90000, cpu = 90000 }}
"""


@pytest.fixture(scope='module')
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubStandIn]:
    """A hub that asks for a token and holds in the middle of the weights."""
    with HubStandIn(repository(tmp_path_factory.mktemp('hub'), megabytes=6), token=TOKEN, holds_at=HELD_AT) as hub:
        yield hub


@pytest.fixture(scope='module')
def app(tmp_path_factory: pytest.TempPathFactory, hub: HubStandIn) -> Iterator[RunningApp]:
    data = tmp_path_factory.mktemp('data')
    models = data / 'models'
    tiny_sdxl(models / 'small')
    tiny_lora(models / 'loras' / 'ink.safetensors')
    write_weights(models / 'loras' / 'walk.safetensors', WAN_LORA)
    (models / 'old.ckpt').write_bytes(b'a pickle')
    (models / 'catalog.toml').write_text(OWN)
    running = RunningApp(data, OURVIDZ_HUB_ENDPOINT=hub.endpoint, OURVIDZ_HUB_TOKEN=TOKEN).start()
    yield running
    running.stop()


@pytest.fixture
def page(browser: Browser, app: RunningApp) -> Iterator[Page]:
    context = browser.new_context(viewport={'width': 1440, 'height': 900})
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    opened(page, app)
    yield page
    context.close()


def opened(page: Page, app: RunningApp) -> None:
    page.goto(f'{app.url}/models')
    row(page, 'spark-image').wait_for()
    page.wait_for_function('window.did_handshake')


def row(page: Page, model: str) -> Locator:
    return page.locator(f'[data-testid=model-row][data-model-id="{model}"]')


def test_what_there_is_and_what_fits_is_said_in_words(page: Page) -> None:
    expect(row(page, 'spark-image')).to_contain_text('comes with OurVidz')
    expect(row(page, 'spark-image').get_by_test_id('model-fit')).to_contain_text('without a graphics card')
    expect(row(page, 'spark-image').get_by_test_id('model-remove')).to_be_hidden()
    expect(row(page, 'sdxl-base').get_by_test_id('model-facts')).to_contain_text('6.9 GB · OpenRAIL++-M')
    huge = row(page, 'huge')
    expect(huge).to_have_attribute('data-fits', 'false')
    expect(huge.get_by_test_id('model-fit')).to_contain_text('this machine has')
    expect(huge.get_by_test_id('model-download')).to_be_visible()


def test_own_files_are_named_and_a_pickle_is_refused_with_the_reason(page: Page) -> None:
    expect(page.get_by_test_id('model-loras')).to_have_text(['For SDXL: ink', 'For Wan: walk'])
    expect(row(page, 'small')).to_contain_text('your own')
    expect(page.get_by_test_id('model-refused')).to_contain_text('old.ckpt: Files of this kind can run any program')


def test_a_lora_is_picked_with_its_weight_and_words_and_another_says_why_not(page: Page, app: RunningApp) -> None:
    page.goto(app.url)
    page.get_by_test_id('model-select').click()
    page.locator('[data-model-id=small]').click()
    expect(page.get_by_test_id('model-select')).to_have_attribute('data-value', 'small')
    page.get_by_test_id('prompt-input').fill('a fox')
    page.get_by_test_id('more-button').click()
    picker = page.get_by_test_id('lora-picker')
    expect(picker).to_contain_text('It was made for Wan models, not for SDXL models like small.')
    expect(picker.get_by_role('checkbox', name='walk')).to_be_disabled()
    picker.get_by_role('checkbox', name='ink').click()
    expect(picker.get_by_role('checkbox', name='ink')).to_be_checked()
    picker.get_by_test_id('lora-word').click()
    expect(page.get_by_test_id('prompt-input')).to_have_value('a fox, ink drawing')
    picker.locator('.q-slider [tabindex="0"]').press('ArrowLeft')
    page.keyboard.press('Escape')
    page.get_by_test_id('generate-button').click()
    page.locator('[data-testid=asset-card][data-status=completed]').first.wait_for()
    job = app.finished(app.api.get('/api/jobs').json()['items'][0]['id'])
    (used,) = job['assets'][0]['parameters']['request']['loras']
    assert used['id'] == 'ink' and 0 < used['weight'] < 1
    assert job['assets'][0]['parameters']['loras'] == ['ink']


def test_a_prompt_is_enriched_by_what_ships_with_the_app(page: Page, app: RunningApp) -> None:
    page.goto(app.url)
    page.get_by_test_id('prompt-input').fill('A red car')
    chip = page.get_by_test_id('enhance-select')
    while (chosen := chip.get_attribute('data-value') or '') != 'instruct':
        chip.click()
        expect(chip).not_to_have_attribute('data-value', chosen)
    page.get_by_test_id('enhance-now').click()
    expect(page.get_by_test_id('enhanced-input')).to_have_value(re.compile('^a red car .+ .+ .+'))
    page.get_by_test_id('enhanced-undo').click()
    expect(page.get_by_test_id('enhanced-input')).to_be_hidden()
    expect(page.get_by_test_id('prompt-input')).to_have_value('A red car')


def test_where_downloads_come_from_is_told_and_the_token_is_not(page: Page, hub: HubStandIn, app: RunningApp) -> None:
    expect(page.locator('.models')).to_contain_text(f'Downloads come from {hub.endpoint}.')
    expect(page.locator('.models')).to_contain_text('A token for gated models is set.')
    assert TOKEN not in page.content() and TOKEN not in app.log()


def test_a_model_that_the_token_does_not_open_says_what_to_do(page: Page, hub: HubStandIn) -> None:
    hub.token = 'another'
    huge = row(page, 'huge')
    huge.get_by_test_id('model-download').click()
    expect(huge.get_by_test_id('model-progress')).to_contain_text('Your token does not open Huge')
    expect(huge.get_by_test_id('model-progress')).to_contain_text(f'{hub.endpoint}/{REPOSITORY}')
    hub.token = TOKEN
    huge.get_by_test_id('model-cancel').click()
    expect(huge.get_by_test_id('model-progress')).to_be_hidden()


def test_a_download_is_watched_paused_resumed_and_the_model_removed(
    page: Page, hub: HubStandIn, app: RunningApp
) -> None:
    tiny = row(page, 'tiny')
    tiny.get_by_test_id('model-download').click()
    progress = tiny.get_by_test_id('model-progress')
    expect(progress).to_contain_text('% of 6 MB')
    tiny.get_by_test_id('model-pause').click()
    expect(progress).to_contain_text('paused at')
    opened(page, app)
    expect(progress).to_contain_text('paused at')
    hub.holds_at = None
    hub.released.set()
    tiny.get_by_test_id('model-resume').click()
    expect(tiny).to_have_attribute('data-installed', 'true')
    expect(tiny).to_contain_text('installed')
    expect(page.get_by_test_id('models-summary')).to_contain_text('Downloaded models take')
    assert {item['id'] for item in app.api.get('/api/models').json()['items'] if item['is_installed']} >= {'tiny'}

    tiny.get_by_test_id('model-remove').click()
    expect(page.get_by_role('dialog')).to_contain_text('It can be downloaded again.')
    page.get_by_test_id('confirm-keep').click()
    expect(tiny).to_have_attribute('data-installed', 'true')
    tiny.get_by_test_id('model-remove').click()
    page.get_by_test_id('confirm-remove').click()
    expect(tiny).to_have_attribute('data-installed', 'false')
    expect(tiny.get_by_test_id('model-download')).to_be_visible()


@pytest.mark.parametrize('size', [(1440, 900), (1024, 768), (390, 844)], ids=str)
def test_nothing_is_cut_off_and_all_can_be_read(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size(ViewportSize(width=size[0], height=size[1]))
    assert page.evaluate('document.documentElement.scrollWidth <= innerWidth')
    buttons = page.locator('[data-testid=model-download]:visible')
    assert all((box := button.bounding_box()) and box['x'] + box['width'] <= size[0] for button in buttons.all())
    violations = Axe().run(page, context='.models').response['violations']
    assert not [violation['id'] for violation in violations if violation['impact'] in ('serious', 'critical')]
