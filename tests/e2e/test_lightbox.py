"""The large view in a real browser."""

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.stories import cards, id_of, made, touch
from tests.running import RunningApp, eventually


def test_leafing_through_the_page(page: Page, app: RunningApp) -> None:
    older = made(app, page, 'the older one')
    newer = made(app, page, 'the newer one')
    order = [id_of(cards(group).nth(at)) for group in (newer, older) for at in range(3)]
    cards(newer).nth(1).click()
    lightbox = page.get_by_test_id('lightbox')
    expect(lightbox).to_have_attribute('data-asset-id', order[1])
    page.keyboard.press('ArrowRight')
    page.keyboard.press('ArrowRight')
    expect(lightbox).to_have_attribute('data-asset-id', order[3])
    page.get_by_test_id('lightbox-previous').click()
    expect(lightbox).to_have_attribute('data-asset-id', order[2])
    page.keyboard.press('End')
    page.get_by_test_id('lightbox-next').click()
    expect(lightbox).to_have_attribute('data-asset-id', order[0])
    page.keyboard.press('?')
    expect(page.get_by_test_id('shortcuts')).to_be_visible()
    page.wait_for_function("document.elementFromPoint(innerWidth / 2, innerHeight / 2)?.closest('.q-dialog')")
    page.keyboard.press('Escape')
    expect(page.get_by_test_id('shortcuts')).to_be_hidden()
    page.keyboard.press('Escape')
    expect(lightbox).to_have_count(0)
    expect(cards(newer).nth(0)).to_be_focused()


def test_the_picture_comes_in_full_size(page: Page, app: RunningApp) -> None:
    group = made(app, page)
    asked: list[str] = []
    page.on('request', lambda request: asked.append(request.url))
    cards(group).first.click()
    picture = page.get_by_test_id('lightbox').locator('.lightbox-stage img')
    expect(picture).to_have_attribute('src', re.compile('/original'))
    neighbours = [id_of(cards(group).nth(at)) for at in (1, 2)]
    eventually(lambda: all(any(f'{one}/original' in url for url in asked) for one in neighbours))


def test_zoom_by_wheel_and_back(page: Page, app: RunningApp) -> None:
    group = made(app, page)
    cards(group).first.click()
    picture = page.get_by_test_id('lightbox').locator('.lightbox-stage img')
    expect(picture).to_be_visible()
    page.mouse.move(500, 450)
    page.mouse.wheel(0, -400)
    expect(picture).to_have_attribute('style', re.compile(r'scale\((?!1\))'))
    page.keyboard.press('0')
    expect(picture).to_have_attribute('style', re.compile(r'scale\(1\)'))
    picture.dblclick()
    expect(picture).to_have_attribute('style', re.compile(r'scale\((?!1\))'))


def test_details_and_copying(page: Page, app: RunningApp) -> None:
    group = made(app, page, 'a lighthouse at night', seed=1234)
    page.context.grant_permissions(['clipboard-read', 'clipboard-write'])
    cards(group).nth(1).click()
    lightbox = page.get_by_test_id('lightbox')
    expect(lightbox.get_by_test_id('details-prompt')).to_have_text('a lighthouse at night')
    expect(lightbox.get_by_test_id('details-table')).to_contain_text('1235')
    lightbox.get_by_label('Copy prompt').click()
    page.wait_for_function("navigator.clipboard.readText().then(text => text === 'a lighthouse at night')")
    lightbox.get_by_test_id('details-copy-all').click()
    page.wait_for_function("navigator.clipboard.readText().then(text => text.includes('Seed: 1235, Size: '))")
    page.keyboard.press('i')
    expect(lightbox.get_by_test_id('details-prompt')).to_be_hidden()
    expect(lightbox).to_be_focused()
    page.keyboard.press('i')
    expect(lightbox.get_by_test_id('details-prompt')).to_be_visible()


def test_axe_finds_nothing_serious_in_the_large_view(page: Page, app: RunningApp) -> None:
    group = made(app, page)
    cards(group).first.click()
    expect(page.get_by_test_id('details-prompt')).to_be_visible()
    found = Axe().run(page, context='.lightbox').response['violations']
    assert [problem['id'] for problem in found if problem['impact'] in ('serious', 'critical')] == []


def test_what_is_deleted_gives_way_to_the_next(page: Page, app: RunningApp) -> None:
    group = made(app, page)
    ids = [id_of(cards(group).nth(at)) for at in range(3)]
    cards(group).nth(1).click()
    lightbox = page.get_by_test_id('lightbox')
    expect(lightbox).to_have_attribute('data-asset-id', ids[1])
    page.keyboard.press('Delete')
    expect(lightbox).to_have_attribute('data-asset-id', ids[2])
    page.keyboard.press('h')
    expect(lightbox).to_have_attribute('data-asset-id', ids[0])
    page.keyboard.press('Delete')
    expect(lightbox).to_have_count(0)
    expect(page.get_by_test_id('empty-state')).to_be_visible()


def test_a_double_click_and_a_key_that_is_held_are_one_wish(page: Page, app: RunningApp) -> None:
    group = made(app, page)
    before = len(app.api.get('/api/jobs?limit=200').json()['items'])
    cards(group).first.click()
    page.get_by_test_id('lightbox-regenerate').dblclick()
    page.get_by_test_id('lightbox-regenerate').focus()
    for _ in range(4):
        page.keyboard.down('Enter')
    page.keyboard.up('Enter')
    page.get_by_test_id('lightbox-dismiss').dblclick()
    expect(cards(group)).to_have_count(2)
    page.get_by_test_id('undo').last.click()
    expect(cards(group)).to_have_count(3)
    jobs = app.api.get('/api/jobs?limit=200').json()['items']
    assert len(jobs) == before + 2
    for job in jobs[:2]:
        app.finished(job['id'])


def test_the_focus_stays_inside(page: Page, app: RunningApp) -> None:
    group = made(app, page)
    cards(group).first.focus()
    page.keyboard.press('Enter')
    expect(page.get_by_test_id('lightbox')).to_be_visible()
    for _ in range(30):
        page.keyboard.press('Tab')
        assert page.evaluate("document.activeElement.closest('[data-testid=lightbox]') !== null")


def test_a_swipe_leads_on(page: Page, app: RunningApp) -> None:
    group = made(app, page)
    ids = [id_of(cards(group).nth(at)) for at in range(3)]
    cards(group).first.click()
    lightbox = page.get_by_test_id('lightbox')
    expect(lightbox).to_have_attribute('data-asset-id', ids[0])
    page.mouse.move(700, 450)
    page.mouse.down()
    page.mouse.move(500, 455, steps=4)
    page.mouse.up()
    expect(lightbox).to_have_attribute('data-asset-id', ids[1])


def test_two_fingers_zoom_and_one_moves_the_picture(phone: Page, app: RunningApp) -> None:
    group = made(app, phone)
    ids = [id_of(cards(group).nth(at)) for at in range(3)]
    cards(group).first.tap()
    lightbox = phone.get_by_test_id('lightbox')
    picture = lightbox.locator('.lightbox-stage img')
    expect(picture).to_be_visible()
    touch(phone, *([(195 - apart, 420), (195 + apart, 420)] for apart in (30, 50, 70, 90)))
    expect(picture).to_have_attribute('style', re.compile(r'scale\((2\.[5-9]|3)'))
    before = picture.bounding_box()
    touch(phone, *([(x, 420)] for x in (250, 220, 190, 160)))
    after = picture.bounding_box()
    assert before is not None and after is not None
    assert after['x'] < before['x'] - 50, 'one finger moves what is zoomed'
    expect(lightbox).to_have_attribute('data-asset-id', ids[0])
    touch(phone, *([(195 - apart, 420), (195 + apart, 420)] for apart in (90, 60, 30, 20)))
    expect(picture).to_have_attribute('style', re.compile(r'translate\(0px, 0px\) scale\(1\)'))
    touch(phone, *([(x, 420)] for x in (300, 240, 180, 120)))
    expect(lightbox).to_have_attribute('data-asset-id', ids[1])
    touch(phone, *([(200, y)] for y in (300, 360, 420, 480)))
    expect(lightbox).to_have_count(0)
