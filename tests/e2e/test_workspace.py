"""Cards, jobs, keys and notices of the workspace in a real browser."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.stories import cards, group_of, id_of, made
from tests.running import RunningApp, eventually


def test_a_newcomer_is_told_what_to_do(page: Page) -> None:
    empty = page.get_by_test_id('empty-state')
    expect(empty).to_be_visible()
    example = empty.get_by_test_id('example').first
    words = example.text_content() or ''
    example.click()
    expect(page.get_by_test_id('prompt-input')).to_have_value(words)


def test_one_set_of_tools_serves_the_card_that_is_hovered(page: Page, app: RunningApp) -> None:
    group = made(app, page)
    for at in range(3):
        cards(group).nth(at).hover()
        for tool in ('view', 'download', 'dismiss', 'delete', 'reference', 'seed'):
            expect(cards(group).nth(at).get_by_test_id(f'card-{tool}')).to_be_visible()
    expect(page.get_by_test_id('card-delete')).to_have_count(1)


def test_a_dismissed_picture_is_hidden_kept_and_brought_back(page: Page, app: RunningApp) -> None:
    group = made(app, page)
    card = cards(group).nth(1)
    asset_id = id_of(card)
    card.hover()
    card.get_by_test_id('card-dismiss').click()
    expect(cards(group)).to_have_count(2)
    assert app.api.get(f'/api/assets/{asset_id}').json()['is_dismissed']
    page.get_by_test_id('undo').click()
    expect(cards(group)).to_have_count(3)
    assert id_of(cards(group).nth(1)) == asset_id
    assert not app.api.get(f'/api/assets/{asset_id}').json()['is_dismissed']


def test_a_deleted_picture_is_gone_unless_it_is_taken_back(page: Page, app: RunningApp) -> None:
    group = made(app, page)
    card = cards(group).nth(0)
    asset_id = id_of(card)
    card.hover()
    card.get_by_test_id('card-delete').click()
    expect(cards(group)).to_have_count(2)
    assert app.api.get(f'/api/assets/{asset_id}').status_code == 404
    page.keyboard.press('Control+z')
    expect(cards(group)).to_have_count(3)
    assert app.api.get(f'/api/assets/{asset_id}').status_code == 200


def test_a_picture_is_downloaded(page: Page, app: RunningApp) -> None:
    card = cards(made(app, page, 'a lighthouse')).first
    card.hover()
    with page.expect_download() as download:
        card.get_by_test_id('card-download').click()
    assert re.fullmatch(r'ourvidz-7-[0-9a-f]{8}\.png', download.value.suggested_filename), 'it is named by its seed'
    assert download.value.path().read_bytes()[1:4] == b'PNG'


def test_by_touch_a_long_press_brings_the_tools(phone: Page, app: RunningApp) -> None:
    group = made(app, phone)
    card = cards(group).first
    box = card.bounding_box()
    assert box is not None
    finger = {'x': box['x'] + box['width'] / 2, 'y': box['y'] + box['height'] / 2}
    session = phone.context.new_cdp_session(phone)
    session.send('Input.dispatchTouchEvent', {'type': 'touchStart', 'touchPoints': [finger]})
    expect(card).to_have_class(re.compile('is-held'))
    session.send('Input.dispatchTouchEvent', {'type': 'touchEnd', 'touchPoints': []})
    dismiss = card.get_by_test_id('card-dismiss')
    size = dismiss.bounding_box()
    assert size and size['width'] >= 44 and size['height'] >= 44, size
    expect(phone.get_by_test_id('lightbox')).to_have_count(0)
    dismiss.tap()
    expect(cards(group)).to_have_count(2)


def test_nothing_moves_while_pictures_come(page: Page, app: RunningApp) -> None:
    made(app, page, 'one')
    made(app, page, 'two', variations=1)
    page.add_init_script("""
        window.shifts = [];
        new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((entry) => entry.value)))
            .observe({ type: 'layout-shift', buffered: true });
    """)
    page.reload()
    page.wait_for_function(
        "[...document.querySelectorAll('.card img')].filter(image => image.complete && image.naturalWidth).length === 4"
    )
    assert page.evaluate('window.shifts.reduce((sum, shift) => sum + shift, 0)') < 0.01
    background = cards(page).first.evaluate('card => getComputedStyle(card).backgroundImage')
    assert background.startswith('url("data:image/'), 'a picture comes up from a blur'


def test_the_last_picture_takes_its_job_along(page: Page, app: RunningApp) -> None:
    group = made(app, page, variations=1)
    cards(group).first.hover()
    page.get_by_test_id('card-dismiss').click()
    expect(group).to_have_count(0)
    expect(page.get_by_test_id('rail-item')).to_have_count(0)
    expect(page.get_by_test_id('empty-state')).to_be_visible()
    expect(page.get_by_test_id('example').first).to_be_visible()
    page.get_by_test_id('undo').click()
    expect(cards(group)).to_have_count(1)
    expect(page.get_by_test_id('example')).to_have_count(0)


def test_the_tools_of_a_job(page: Page, app: RunningApp) -> None:
    group = made(app, page, 'a lighthouse')
    page.context.grant_permissions(['clipboard-read', 'clipboard-write'])
    group.hover()
    group.get_by_test_id('job-copy').click()
    page.wait_for_function("navigator.clipboard.readText().then(text => text === 'a lighthouse')")
    group.get_by_test_id('job-reference').click()
    expect(page.get_by_test_id('reference-box')).to_have_attribute('data-value', 'item')
    group.hover()
    group.get_by_test_id('job-regenerate').click()
    expect(page.get_by_test_id('job-group')).to_have_count(2)
    again, first = app.api.get('/api/jobs').json()['items']
    assert again['prompt'] == first['prompt'] == 'a lighthouse'
    assert again['seed'] != first['seed'] == 7
    app.finished(again['id'])
    group.hover()
    group.get_by_test_id('job-delete').click()
    expect(group).to_have_count(0)
    page.get_by_test_id('undo').click()
    expect(cards(group)).to_have_count(3)
    group.hover()
    group.get_by_test_id('job-dismiss').click()
    expect(group).to_have_count(0)
    assert app.job(first['id'])['is_dismissed']


def test_seed_and_picture_go_to_the_form(page: Page, app: RunningApp) -> None:
    group = made(app, page, seed=4242)
    card = cards(group).nth(2)
    card.hover()
    card.get_by_test_id('card-seed').click()
    seed = page.get_by_test_id('seed-input')
    eventually(lambda: '4244' in seed.evaluate('e => e.value ?? e.querySelector("input")?.value ?? e.textContent'))
    card.hover()
    card.get_by_test_id('card-reference').click()
    expect(page.get_by_test_id('reference-box')).to_have_attribute('data-value', 'item')
    card.hover()
    card.get_by_test_id('card-regenerate').click()
    expect(page.get_by_test_id('job-group')).to_have_count(2)


def test_a_picture_becomes_the_beginning_of_a_clip(page: Page, app: RunningApp) -> None:
    card = cards(made(app, page, variations=1)).first
    card.hover()
    card.get_by_test_id('card-video').click()
    expect(page.get_by_test_id('mode-video')).to_have_attribute('aria-pressed', 'true')
    box = page.get_by_test_id('reference-box')
    expect(box).to_have_attribute('data-slot', 'start_frame')
    expect(box).to_have_attribute('data-value', 'item')
    page.get_by_test_id('reference-box-remove').click()
    page.get_by_test_id('mode-image').click()
    expect(box).to_have_attribute('data-slot', 'reference')


def test_clearing_can_be_undone_and_new_content_ends_it(page: Page, app: RunningApp) -> None:
    group = made(app, page)
    page.get_by_test_id('clear-workspace').click()
    expect(page.get_by_test_id('job-group')).to_have_count(0)
    page.get_by_test_id('undo').click()
    expect(cards(group)).to_have_count(3)
    page.get_by_test_id('clear-workspace').click()
    expect(page.get_by_test_id('empty-state')).to_be_visible()
    other = made(app, page, 'something new')
    expect(page.get_by_test_id('job-group')).to_have_count(1)
    expect(other).to_contain_text('something new')


def test_cards_by_keyboard(page: Page, app: RunningApp) -> None:
    below = made(app, page, 'the older one')
    above = made(app, page, 'the newer one')
    cards(above).nth(0).focus()
    page.keyboard.press('ArrowRight')
    expect(cards(above).nth(1)).to_be_focused()
    page.keyboard.press('ArrowDown')
    expect(cards(below).nth(1)).to_be_focused()
    page.keyboard.press('ArrowUp')
    page.keyboard.press('ArrowLeft')
    expect(cards(above).nth(0)).to_be_focused()
    page.keyboard.down('h')
    page.keyboard.down('h')  # it repeats while it is held
    page.keyboard.up('h')
    expect(cards(above)).to_have_count(2)
    page.keyboard.press('Delete')
    expect(cards(above)).to_have_count(1)
    expect(cards(above).first).to_be_focused()
    page.keyboard.press('Enter')
    expect(page.get_by_test_id('lightbox')).to_be_visible()
    page.keyboard.press('Escape')
    expect(cards(above).first).to_be_focused()
    page.keyboard.press('g')
    expect(page.get_by_test_id('job-group')).to_have_count(3)
    app.finished(app.api.get('/api/jobs').json()['items'][0]['id'])


def test_the_shortcuts_are_listed(page: Page) -> None:
    page.locator('body').press('?')
    expect(page.get_by_test_id('shortcuts')).to_be_visible()
    page.keyboard.press('Escape')
    expect(page.get_by_test_id('shortcuts')).to_be_hidden()
    page.get_by_test_id('prompt-input').fill('who')
    page.get_by_test_id('prompt-input').press('?')
    expect(page.get_by_test_id('prompt-input')).to_have_value('who?')
    expect(page.get_by_test_id('shortcuts')).to_be_hidden()


def test_every_open_page_follows(page: Page, app: RunningApp) -> None:
    group = made(app, page)
    other = page.context.new_page()
    other.goto(app.url)
    expect(cards(other)).to_have_count(3)
    cards(group).first.hover()
    page.get_by_test_id('card-dismiss').click()
    expect(cards(other)).to_have_count(2)


def test_the_first_jobs_come_with_the_page_and_the_others_follow(page: Page, app: RunningApp) -> None:
    picture = id_of(cards(made(app, page)).first)
    assert f'<link rel="preload" as="image" href="/media/{picture}/preview' in app.api.get('/').text
    app.api.post('/api/queue/pause')
    ids = [app.submit(f'a fox {at}', model='tiny') for at in range(12)]
    try:
        sent = app.api.get('/').text
        assert [job_id for job_id in ids if job_id in sent] == ids[-8:]
        page.reload()
        expect(page.get_by_test_id('job-group')).to_have_count(13)
        expect(page.get_by_test_id('rail-item')).to_have_count(13)
        groups = page.get_by_test_id('job-group').evaluate_all('all => all.map(group => group.dataset.jobId)')
        assert groups[:12] == ids[::-1], 'newest first'
    finally:
        for job_id in ids:
            app.api.delete(f'/api/jobs/{job_id}')
        app.api.post('/api/queue/resume')


@pytest.mark.long
def test_only_what_is_near_the_screen_is_held(page: Page, app: RunningApp) -> None:
    ids = [app.submit(f'a fox {at}', model='tiny', num_inference_steps=1) for at in range(14)]
    for job_id in ids:
        app.finished(job_id)
    expect(page.get_by_test_id('job-group')).to_have_count(14)
    page.reload()
    oldest = group_of(page, ids[0])
    expect(cards(page).first).to_be_visible()
    expect(oldest.get_by_test_id('asset-card')).to_have_count(0)
    height = oldest.bounding_box()
    oldest.scroll_into_view_if_needed()
    expect(cards(oldest)).to_have_count(3)
    expect(group_of(page, ids[-1]).get_by_test_id('asset-card')).to_have_count(0)
    after = oldest.bounding_box()
    assert height is not None and after is not None
    assert abs(height['height'] - after['height']) < 1, 'the group grew as it was filled'


def test_nothing_serious_stands_in_the_way_of_anyone(page: Page, app: RunningApp) -> None:
    made(app, page)
    app.submit('a long one', model='tiny', variations=6, num_inference_steps=100)
    expect(page.get_by_test_id('job-progress')).to_be_visible()
    found = Axe().run(page).response['violations']
    assert [problem['id'] for problem in found if problem['impact'] in ('serious', 'critical')] == []
    page.emulate_media(reduced_motion='reduce')
    page.wait_for_function('document.getAnimations().every(motion => motion.effect.getTiming().duration < 1)')
    for job in app.api.get('/api/jobs').json()['items']:
        app.api.post(f'/api/jobs/{job["id"]}/cancel')
        app.finished(job['id'])
