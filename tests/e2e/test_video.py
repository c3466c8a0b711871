"""Clips in a real browser: two frames are dropped, a clip forms and plays, and its frames lead on."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.stories import DRAG_OVER, cards, group_of, in_base64, picture
from tests.running import RunningApp, eventually
from tests.video_checkpoints import WanKind, tiny_wan

pytestmark = pytest.mark.long

KINDS: tuple[WanKind, ...] = ('vace', 'ti2v', 'i2v', 'flf2v')
SELF_DESCRIPTION = """
sizes = { '16:9' = [112, 64], '1:1' = [64, 64], '9:16' = [64, 112] }
fast = { num_inference_steps = 3, guidance_scale = 1.0, num_frames = 9, fps = 8 }
"""


@pytest.fixture(scope='module')
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """The app with tiny video models of each kind."""
    models = tmp_path_factory.mktemp('models')
    for kind in KINDS:
        (tiny_wan(models / kind, kind=kind) / 'ourvidz.toml').write_text(SELF_DESCRIPTION)
    running = RunningApp(tmp_path_factory.mktemp('data'), OURVIDZ_MODELS_DIR=str(models)).start()
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def in_video_mode(page: Page) -> None:
    """VIDEO is chosen and no frame is left by an earlier story."""
    page.get_by_test_id('mode-toggle').get_by_text('VIDEO').click()
    choose(page, 'vace')
    for testid in ('reference-box', 'end-frame-box'):
        if page.get_by_test_id(testid).get_attribute('data-value'):
            page.get_by_test_id(f'{testid}-remove').click()
        expect(page.get_by_test_id(testid)).to_have_attribute('data-value', '')


def choose(page: Page, model: str) -> None:
    page.get_by_test_id('model-select').click()
    page.locator(f'[data-model-id={model}]').click()
    expect(page.get_by_test_id('model-select')).to_have_attribute('data-value', model)


def drop(page: Page, testid: str, data: bytes) -> None:
    page.evaluate(DRAG_OVER, [f'[data-testid={testid}]', 'file', in_base64(data)])
    page.evaluate('window.drop()')


def button_of(page: Page, testid: str) -> Locator:
    return page.get_by_test_id(testid).get_by_role('button').first


def made_clip(app: RunningApp, page: Page, **fields: object) -> Locator:
    """The card of a finished clip."""
    job = app.make('a fox runs', mode='video', model='vace', variations=1, **fields)
    card = cards(group_of(page, job['id']))
    expect(card).to_have_count(1)
    return card


def test_two_dropped_frames_become_a_clip_that_plays(page: Page, app: RunningApp) -> None:
    drop(page, 'reference-box', picture('#c02020', size=(64, 112)))
    expect(page.get_by_test_id('reference-box')).to_have_attribute('data-value', 'file')
    drop(page, 'end-frame-box', picture('#2020c0', size=(112, 64)))
    expect(page.get_by_test_id('end-frame-box')).to_have_attribute('data-value', 'file')
    button_of(page, 'reference-box').click()
    menu = page.get_by_test_id('reference-box-menu')
    expect(menu.get_by_test_id('crop-view')).to_be_visible()
    expect(menu.get_by_test_id('crop-words')).to_contain_text('top and bottom')
    page.keyboard.press('Escape')

    page.get_by_test_id('prompt-input').fill('red turns to blue')
    page.get_by_test_id('generate-button').click()
    card = cards(page.get_by_test_id('job-group').first)
    expect(card).to_have_attribute('data-duration', '0:01')
    request = app.api.get('/api/jobs').json()['items'][0]['request']
    assert request['start_frame_id'] and request['end_frame_id'] and not request.get('reference_id')
    card.hover()
    page.wait_for_function("document.querySelector('.card video')?.currentTime > 0")
    page.mouse.move(5, 5)
    expect(page.locator('.card video')).to_have_count(0)


def test_a_clip_is_played_frame_by_frame_and_leads_on(page: Page, app: RunningApp) -> None:
    ids = [
        app.api.post('/api/references', files={'file': picture(colour, size=(112, 64))}).json()['id']
        for colour in ('red', 'blue')
    ]
    made_clip(app, page, start_frame_id=ids[0], end_frame_id=ids[1]).click()
    lightbox = page.get_by_test_id('lightbox')
    page.wait_for_function("document.querySelector('.lightbox video').currentTime > 0")
    time = page.get_by_test_id('player-time')
    page.get_by_test_id('player-seek').fill('3')
    expect(time).to_contain_text('frame 4 of 9')
    page.get_by_test_id('player-forward').click()
    expect(time).to_contain_text('frame 5 of 9')
    page.keyboard.press(',')
    expect(time).to_contain_text('frame 4 of 9')
    page.get_by_test_id('player-speed').click()
    page.get_by_test_id('player-mute').click()
    page.get_by_test_id('player-loop').click()
    video = "document.querySelector('.lightbox video')"
    page.wait_for_function(f'{video}.playbackRate === 1.5 && {video}.muted && !{video}.loop')
    page.get_by_test_id('player-play').click()
    page.wait_for_function(f'{video}.ended')
    expect(time).to_contain_text('frame 9 of 9')

    page.get_by_test_id('lightbox-compare').click()
    expect(lightbox.locator('figcaption')).to_have_text(['First frame', 'Last frame'])
    page.wait_for_function(
        "[...document.querySelectorAll('.lightbox-given img')].every(img => img.naturalWidth === 112)"
    )
    with page.expect_download() as download:
        page.get_by_test_id('lightbox-download').click()
    assert download.value.suggested_filename.endswith('.mp4')
    page.get_by_test_id('lightbox-frame').click()
    expect(page.get_by_test_id('reference-box')).to_have_attribute('data-value', 'item')
    page.get_by_test_id('lightbox-continue').click()
    expect(lightbox).to_have_count(0)
    page.get_by_test_id('generate-button').click()
    expect(page.get_by_test_id('job-group')).to_have_count(2)
    job = app.finished(app.api.get('/api/jobs').json()['items'][0]['id'])
    assert job['status'] == 'completed', job['error']
    assert job['request']['is_continued'] is True


def test_the_phases_are_told_and_the_file_knows_its_parameters(page: Page, app: RunningApp, tmp_path: Path) -> None:
    page.evaluate(
        """() => {
          window.told = new Set();
          const lines = () => document.querySelectorAll(".job-details");
          const look = () => lines().forEach(line => window.told.add(line.textContent));
          new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
        }"""
    )
    card = made_clip(app, page, num_frames=241, num_inference_steps=12, seed=77)
    told = page.evaluate('[...window.told].join("; ")')
    assert re.search(r'step \d+ of 12', told) and 'decoding' in told, told
    data = app.api.get(f'/media/{card.get_attribute("data-asset-id")}/original').content
    with av.open(io.BytesIO(data)) as container:
        assert 'Seed: 77' in container.metadata['comment']
        assert 'a fox runs' in container.metadata['title']
        assert container.streams.video[0].frames == 241


def test_only_what_the_model_honours_can_be_chosen(page: Page, app: RunningApp) -> None:
    generate = page.get_by_test_id('generate-button')
    page.get_by_test_id('prompt-input').fill('a fox runs')
    choose(page, 'ti2v')
    expect(button_of(page, 'reference-box')).to_have_attribute('aria-disabled', 'false')
    expect(button_of(page, 'end-frame-box')).to_have_attribute('aria-disabled', 'true')
    expect(button_of(page, 'end-frame-box')).to_have_attribute('data-tip', re.compile('ignores an ending frame'))
    choose(page, 'i2v')
    expect(generate).to_have_attribute('data-tip', re.compile('give it a beginning frame'))
    drop(page, 'end-frame-box', picture('blue'))
    expect(generate).to_have_attribute('data-tip', re.compile('needs the beginning frame'))
    drop(page, 'reference-box', picture('red'))
    expect(generate).to_have_attribute('aria-disabled', 'false')
    choose(page, 'flf2v')
    expect(generate).to_have_attribute('aria-disabled', 'false')
    page.get_by_test_id('end-frame-box-remove').click()
    expect(generate).to_have_attribute('data-tip', re.compile('give it an ending frame'))

    button_of(page, 'reference-box').click()
    use = page.get_by_test_id('frame-use')
    expect(use).to_have_attribute('aria-disabled', 'true')
    page.keyboard.press('Escape')
    choose(page, 'vace')
    button_of(page, 'reference-box').click()
    use.click()
    expect(use).to_have_attribute('data-value', 'True')
    page.keyboard.press('Escape')
    expect(button_of(page, 'end-frame-box')).to_have_attribute('data-tip', re.compile('stands alone'))
    generate.click()
    expect(page.get_by_test_id('job-group')).to_have_count(1)
    job = app.finished(app.api.get('/api/jobs').json()['items'][0]['id'])
    assert job['status'] == 'completed', job['error']
    assert job['request']['reference_id'] and not job['request'].get('start_frame_id')
    button_of(page, 'reference-box').click()
    use.click()
    expect(use).to_have_attribute('data-value', 'False')


@pytest.mark.parametrize(
    ('data', 'because'),
    [
        (picture('red', size=(1, 1)), 'too small'),
        (picture('red', size=(20_000, 16)), 'too many pixels'),
        (picture('red', size=(64, 64))[:60], 'cut short or broken'),
        (b'no picture at all', 'not a picture'),
    ],
)
def test_frames_that_are_of_no_use_are_refused_with_the_reason(
    page: Page, app: RunningApp, data: bytes, because: str
) -> None:
    drop(page, 'reference-box', data)
    expect(page.get_by_test_id('notice').filter(has_text=because)).to_be_visible()
    expect(page.get_by_test_id('reference-box')).to_have_attribute('data-value', '')
    answer = app.api.post('/api/references', files={'file': data})
    assert answer.status_code == 422 and because in answer.json()['reason']


def test_lengths_are_chosen_and_impossible_ones_refused(page: Page, app: RunningApp) -> None:
    chip = page.get_by_test_id('length-button')
    chip.click()
    page.get_by_test_id('length-3').click()
    expect(chip).to_have_text('3.1 s')
    number = page.get_by_test_id('num-frames-input')
    number.fill('10000')
    number.press('Enter')
    expect(page.get_by_test_id('notice').filter(has_text='10,000 is not possible')).to_be_visible()
    expect(chip).to_have_attribute('data-value', '241')
    page.get_by_test_id('length-auto').click()
    expect(chip).to_have_text('1.1 s')


def test_impossible_clips_are_told_by_field_and_leave_nothing(app: RunningApp, page: Page) -> None:
    frame = app.api.post('/api/references', files={'file': picture('red')}).json()['id']
    refused = [
        ({'num_frames': 0}, 'num_frames', '1 to 241'),
        ({'num_frames': 10_000}, 'num_frames', '1 to 241'),
        ({'fps': 1_000}, 'fps', '4 to 60'),
        ({'end_frame_id': frame, 'model': 'i2v'}, 'end_frame_id', 'beginning frame'),
        ({'end_frame_id': frame, 'start_frame_id': frame, 'model': 'ti2v'}, 'end_frame_id', 'ignores an ending frame'),
        ({'start_frame_id': frame, 'model': 'flf2v'}, 'start_frame_id', 'ending frame'),
        ({'start_frame_id': frame, 'reference_id': frame, 'model': 'ti2v'}, 'reference_id', 'beginning'),
        ({'start_frame_id': 'f' * 32, 'model': 'vace'}, 'start_frame_id', 'not here'),
    ]
    for fields, field, words in refused:
        answer = app.api.post('/api/jobs', json={'prompt': 'a fox', 'mode': 'video', **fields})
        assert answer.status_code == 422, fields
        assert answer.json()['field'] == field and words in answer.json()['reason'], answer.text
    assert app.api.get('/api/jobs').json()['items'] == []
    assert eventually(lambda: not list((app.data_dir / 'staging').glob('*')))
