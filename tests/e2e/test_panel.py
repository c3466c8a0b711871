"""The prompt panel in a real browser: every control, by mouse and by keyboard, and what comes of it."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE
from tests.running import RunningApp

CYCLES = [
    ('aspect-toggle', ['16:9', '1:1', '9:16']),
    ('shot-toggle', ['wide', 'medium', 'close']),
    ('quality-toggle', ['fast', 'high']),
    ('variations-toggle', ['1', '3', '6']),
]
ANGLES = ['none', 'eye_level', 'low_angle', 'over_shoulder', 'overhead', 'bird_eye']


def choose_tiny(page: Page) -> None:
    page.get_by_test_id('model-select').click()
    page.locator('[data-model-id=tiny]').click()
    expect(page.get_by_test_id('model-select')).to_have_attribute('data-value', 'tiny')


def step_to(page: Page, testid: str, value: str) -> None:
    """Click a cycling chip until it shows a value."""
    chip = page.get_by_test_id(testid)
    for _ in range(6):
        before = chip.get_attribute('data-value') or ''
        if before == value:
            return
        chip.click()
        expect(chip).not_to_have_attribute('data-value', before)
    raise AssertionError(f'{testid} never shows {value}')


@pytest.mark.parametrize(('testid', 'values'), CYCLES)
def test_a_chip_steps_forward_and_back(page: Page, testid: str, values: list[str]) -> None:
    chip = page.get_by_test_id(testid)
    step_to(page, testid, values[0])
    for value in [*values[1:], values[0]]:
        chip.click()
        expect(chip).to_have_attribute('data-value', value)
    chip.click(modifiers=['Shift'])
    expect(chip).to_have_attribute('data-value', values[-1])
    chip.click(button='right')
    expect(chip).to_have_attribute('data-value', values[-2])
    chip.press('Enter')
    expect(chip).to_have_attribute('data-value', values[-1])
    chip.press('Space')
    expect(chip).to_have_attribute('data-value', values[0])
    chip.press('ArrowDown')
    expect(chip).to_have_attribute('data-value', values[-1])


@pytest.mark.long
def test_a_chip_says_what_it_will_do(page: Page) -> None:
    for testid, _ in CYCLES:
        chip = page.get_by_test_id(testid)
        assert len(chip.get_attribute('data-tip') or '') > 8
        chip.hover()
        page.wait_for_function(
            "testid => getComputedStyle(document.querySelector(`[data-testid=${testid}]`), '::after').opacity === '1'",
            arg=testid,
        )
        assert chip.get_attribute('aria-label')


def test_a_click_on_a_camera_angle_closes_the_popup(page: Page) -> None:
    button, popup = page.get_by_test_id('angle-button'), page.get_by_test_id('angle-popup')
    for angle in [*ANGLES[1:], ANGLES[0]]:
        button.click()
        expect(popup.locator('svg')).to_have_count(6)
        page.get_by_test_id(f'angle-{angle}').click()
        expect(button).to_have_attribute('data-value', angle)
        expect(popup).to_be_hidden()


def test_camera_angles_by_keyboard(page: Page) -> None:
    button, popup = page.get_by_test_id('angle-button'), page.get_by_test_id('angle-popup')
    button.press('Enter')
    expect(popup).to_be_visible()
    page.keyboard.press('ArrowRight')
    page.keyboard.press('ArrowRight')
    expect(page.get_by_test_id('angle-eye_level')).to_be_focused()
    page.keyboard.press('ArrowDown')
    expect(page.get_by_test_id('angle-overhead')).to_be_focused()
    page.keyboard.press('Enter')
    expect(button).to_have_attribute('data-value', 'overhead')
    expect(popup).to_be_hidden()
    button.click()
    expect(popup).to_be_visible()
    page.keyboard.press('Escape')
    expect(popup).to_be_hidden()
    expect(button).to_have_attribute('data-value', 'overhead')


def test_a_style_is_typed_or_suggested(page: Page) -> None:
    style = page.get_by_test_id('style-input')
    style.fill('oil painting')
    page.reload()
    expect(style).to_have_value('oil painting')
    page.get_by_test_id('style-suggestions').click()
    page.get_by_role('menuitemradio', name='Vintage').click()
    expect(style).to_have_value('Vintage')
    expect(page.get_by_test_id('style-popup')).to_be_hidden()
    page.get_by_test_id('style-suggestions').click()
    expect(page.get_by_role('menuitemradio', name='Vintage')).to_have_attribute('aria-checked', 'true')
    page.get_by_role('menuitemradio', name='None').click()
    expect(style).to_have_value('')


def test_a_seed_is_held_or_random(page: Page) -> None:
    seed, die = page.get_by_test_id('seed-input'), page.get_by_test_id('seed-die')
    seed.fill('12')
    expect(die).to_have_attribute('data-value', 'fixed')
    page.get_by_test_id('prompt-input').fill('a fox')
    generate = page.get_by_test_id('generate-button')
    for wrong in ('18446744073709551615', '-1', '1.5'):
        seed.fill('')
        expect(generate).to_have_attribute('aria-disabled', 'false')
        seed.press_sequentially(wrong)
        expect(generate).to_have_attribute('aria-disabled', 'true')
        expect(seed).to_have_attribute('aria-invalid', 'true')
        seed.press('Control+Enter')
        expect(page.get_by_test_id('notice').filter(has_text=f'{wrong} is no seed').last).to_be_visible()
        expect(seed).to_have_value(wrong)
    expect(page.get_by_test_id('empty-state')).to_be_visible()
    seed.fill('9223372036854775807')
    expect(generate).to_have_attribute('aria-disabled', 'false')
    die.click()
    expect(seed).to_have_value('')
    die.click()
    expect(seed).not_to_have_value('')
    die.click()
    expect(seed).to_have_value('')


def test_every_control_reaches_the_job(page: Page, app: RunningApp) -> None:
    choose_tiny(page)
    page.get_by_test_id('prompt-input').fill('a lighthouse')
    page.get_by_test_id('negative-input').fill('people')
    page.get_by_test_id('style-input').fill('charcoal drawing')
    page.get_by_test_id('seed-input').fill('77')
    step_to(page, 'aspect-toggle', '9:16')
    step_to(page, 'shot-toggle', 'close')
    step_to(page, 'quality-toggle', 'high')
    step_to(page, 'variations-toggle', '1')
    page.get_by_test_id('angle-button').click()
    page.get_by_test_id('angle-low_angle').click()
    expect(page.get_by_test_id('angle-button')).to_have_attribute('data-value', 'low_angle')
    page.get_by_test_id('generate-button').click()
    group = page.get_by_test_id('job-group')
    expect(group).to_have_count(1)
    job = app.finished(group.get_attribute('data-job-id') or '')
    assert job['status'] == 'completed', job['error']
    asset = job['assets'][0]
    request = job['request']
    assert (request['aspect_ratio'], request['shot_type'], request['quality']) == ('9:16', 'close', 'high')
    assert (request['camera_angle'], request['style'], request['model']) == ('low_angle', 'charcoal drawing', 'tiny')
    assert (asset['seed'], request['negative_prompt']) == (77, 'people')
    assert asset['height'] > asset['width']
    assert all(word in asset['final_prompt'] for word in ('a lighthouse', 'low angle', 'charcoal drawing'))
    assert len(job['assets']) == 1


def test_what_the_model_will_read_is_shown(page: Page) -> None:
    choose_tiny(page)
    page.get_by_test_id('prompt-input').fill('a windmill <b>in</b> the mist')
    page.get_by_test_id('style-input').fill('woodcut')
    page.get_by_test_id('more-button').click()
    final = page.get_by_test_id('final-prompt')
    expect(final).to_contain_text('a windmill <b>in</b> the mist')
    expect(final).to_contain_text('woodcut')
    expect(final).to_contain_text('tokens')
    page.keyboard.press('Escape')
    expect(final).to_be_hidden()
    page.get_by_test_id('prompt-input').fill('')
    expect(page.get_by_test_id('generate-button')).to_have_attribute('aria-disabled', 'true')


def test_what_cannot_be_done_is_disabled_and_says_why(page: Page) -> None:
    choose_tiny(page)
    style_reference = page.get_by_test_id('style-ref').get_by_role('button').first
    for control in (page.get_by_test_id('content-toggle'), style_reference):
        expect(control).to_have_attribute('aria-disabled', 'true')
        because = control.get_attribute('data-tip') or ''
        control.click(force=True)
        expect(page.get_by_test_id('notice').filter(has_text=because)).to_be_visible()
    expect(page.get_by_test_id('content-toggle')).to_have_attribute('data-value', 'sfw')


@pytest.mark.long
def test_another_tab_shows_each_change_at_once(page: Page, app: RunningApp) -> None:
    other = page.context.new_page()
    other.goto(app.url)
    for tab, text in ((page, 'written here'), (other, 'written there')):
        tab.get_by_test_id('prompt-input').fill(text)
        for each in (page, other):
            expect(each.get_by_test_id('prompt-input')).to_have_value(text)
    before = other.get_by_test_id('shot-toggle').get_attribute('data-value') or ''
    page.get_by_test_id('shot-toggle').click()
    expect(other.get_by_test_id('shot-toggle')).not_to_have_attribute('data-value', before)


def test_the_panel_never_covers_the_last_picture(page: Page, app: RunningApp) -> None:
    for number in range(3):
        app.make(f'a hill number {number}', model='tiny', variations=1, num_inference_steps=1)
    expect(page.get_by_test_id('job-group')).to_have_count(3)
    for width, height in ((1440, 900), (1024, 768), (390, 844)):
        page.set_viewport_size({'width': width, 'height': height})
        page.wait_for_function(
            """() => {
              window.scrollTo(0, document.documentElement.scrollHeight);
              const cards = [...document.querySelectorAll('[data-testid=asset-card]')];
              const lowest = Math.max(...cards.map(card => card.getBoundingClientRect().bottom));
              return lowest <= document.querySelector('.prompt-panel').getBoundingClientRect().top;
            }"""
        )


def test_on_a_phone_the_panel_is_a_sheet_with_large_targets(phone: Page) -> None:
    for testid in ('mode-image', 'generate-button', 'aspect-toggle', 'angle-button', 'model-select', 'enhance-select'):
        box = phone.get_by_test_id(testid).bounding_box()
        assert box and box['height'] >= 44 and box['width'] >= 44, (testid, box)
    assert phone.evaluate('document.documentElement.scrollWidth') <= PHONE['width']
    phone.get_by_test_id('panel-handle').tap()
    expect(phone.get_by_test_id('aspect-toggle')).to_be_hidden()
    expect(phone.get_by_test_id('generate-button')).to_be_visible()
    phone.get_by_test_id('panel-handle').tap()
    expect(phone.get_by_test_id('aspect-toggle')).to_be_visible()


@pytest.mark.long
def test_on_a_phone_popups_are_sheets_at_the_bottom(phone: Page) -> None:
    for opener in ('angle-button', 'model-select', 'more-button', 'style-suggestions', 'header-menu'):
        phone.get_by_test_id(opener).tap()
        sheet = phone.locator('.q-menu')
        expect(sheet).to_be_visible()
        box = sheet.bounding_box()
        assert box and (box['x'], box['width']) == (0, PHONE['width']), (opener, box)
        assert box['y'] > 0 and box['y'] + box['height'] == PHONE['height'], (opener, box)
        phone.touchscreen.tap(195, 20)
        expect(sheet).to_have_count(0)


def test_on_a_phone_the_queue_is_paused_and_put_in_order(phone: Page, app: RunningApp) -> None:
    pause, state = phone.get_by_test_id('pause-queue'), phone.locator('.engine-work')
    box = pause.bounding_box()
    assert box and box['height'] >= 44 and box['width'] >= 44, box
    pause.tap()
    expect(state).to_have_text('paused')
    waiting = [app.submit(f'a hill {at}', model='tiny', num_inference_steps=1) for at in range(2)]
    expect(state).to_have_text('2 waiting · paused')
    expect(phone.get_by_test_id('job-group').first).to_contain_text('waiting · the queue is paused')
    assert state.evaluate('element => element.scrollWidth <= element.clientWidth'), 'the words are cut'
    run_next = phone.get_by_test_id('job-run-next').locator('visible=true')
    expect(run_next).to_have_count(1)
    run_next.tap()
    expect(phone.get_by_test_id('job-group').last.get_by_test_id('job-run-next')).to_be_visible()
    assert app.api.get('/api/queue').json()['waiting'] == waiting[::-1]
    pause.tap()
    for job_id in waiting:
        app.finished(job_id)
    expect(state).to_have_text('')
    phone.get_by_test_id('header-menu').tap()
    phone.get_by_role('menuitem', name='Library').tap()
    expect(phone.get_by_test_id('asset-card')).to_have_count(6)


def test_axe_finds_nothing_serious_in_panel_and_popups(page: Page) -> None:
    for opener in ('', 'angle-button', 'model-select', 'more-button', 'style-suggestions'):
        if opener:
            page.get_by_test_id(opener).click()
            expect(page.locator('.q-menu')).to_be_visible()
            page.wait_for_function("getComputedStyle(document.querySelector('.q-menu')).opacity === '1'")
        found = Axe().run(page, context='.q-menu' if opener else '.prompt-panel')
        serious = [v for v in found.response['violations'] if v['impact'] in ('serious', 'critical')]
        assert not serious, [(v['id'], [n['html'][:200] for n in v['nodes']]) for v in serious]
        page.keyboard.press('Escape')
        expect(page.locator('.q-menu')).to_have_count(0)


def test_nothing_is_asked_of_other_machines(page: Page, app: RunningApp) -> None:
    asked: list[str] = []
    page.on('request', lambda request: asked.append(request.url))
    page.reload()
    page.get_by_test_id('prompt-input').wait_for()
    page.goto(f'{app.url}/docs')
    expect(page.get_by_text('/api/jobs', exact=True).first).to_be_visible()
    assert asked and all(url.startswith((app.url, 'data:', 'blob:')) for url in asked), asked
