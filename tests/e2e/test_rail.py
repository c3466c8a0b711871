"""The rail and the way to what is not of today."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stories import cards, group_of, id_of, made
from tests.running import RunningApp

WATCH_BADGES = """() => {
    window.badges = [];
    const items = document.getElementsByClassName('rail-item');
    const note = () => [...items].forEach((item) => window.badges.push(item.dataset.badge));
    const options = { subtree: true, childList: true, attributeFilter: ['data-badge'] };
    new MutationObserver(note).observe(document.body, options);
}"""


def test_a_click_leads_to_the_job(page: Page, app: RunningApp) -> None:
    ids = [app.make(f'a fox {at}', model='tiny', num_inference_steps=1)['id'] for at in range(5)]
    items = page.get_by_test_id('rail-item')
    expect(items).to_have_count(5)
    expect(items.first).to_have_attribute('aria-current', 'true')
    assert [items.nth(at).get_attribute('data-job-id') for at in range(5)] == ids[::-1]
    items.nth(3).click()
    expect(items.nth(3)).to_have_attribute('aria-current', 'true')
    expect(group_of(page, ids[1])).to_have_attribute('data-active', '')
    expect(group_of(page, ids[1])).to_be_in_viewport()


@pytest.mark.long
def test_scrolling_marks_the_job_on_the_screen(page: Page, app: RunningApp) -> None:
    for at in range(4):
        app.make(f'an owl {at}', model='tiny', num_inference_steps=1)
    items = page.get_by_test_id('rail-item')
    expect(items).to_have_count(4)
    page.mouse.move(500, 300)
    page.mouse.wheel(0, 5000)
    expect(items.first).not_to_have_attribute('aria-current', 'true')
    page.mouse.wheel(0, -5000)
    expect(items.first).to_have_attribute('aria-current', 'true')


def test_a_whole_job_is_deleted_from_the_rail(page: Page, app: RunningApp) -> None:
    made(app, page, 'one')
    doomed = made(app, page, 'two')
    item = page.get_by_test_id('rail-item').first
    item.hover()
    item.get_by_test_id('rail-delete').click()
    expect(doomed).to_have_count(0)
    expect(page.get_by_test_id('rail-item')).to_have_count(1)
    page.get_by_test_id('undo').click()
    expect(cards(doomed)).to_have_count(3)
    expect(page.get_by_test_id('rail-item')).to_have_count(2)


def test_a_job_that_was_deleted_at_work_is_made_once_that_is_taken_back(page: Page, app: RunningApp) -> None:
    job_id = app.submit('a long one', model='spark-image', variations=3, num_inference_steps=8)
    item = page.locator(f'[data-testid=rail-item][data-job-id="{job_id}"]')
    expect(item).to_have_attribute('data-status', 'processing')
    item.hover()
    item.get_by_test_id('rail-delete').click()
    page.get_by_test_id('undo').click()
    expect(cards(group_of(page, job_id))).to_have_count(3)
    assert app.finished(job_id)['status'] == 'completed'


@pytest.mark.long
def test_a_job_at_work_shows_how_far_it_is(page: Page, app: RunningApp) -> None:
    page.evaluate(WATCH_BADGES)
    job_id = app.submit('a long one', model='tiny', variations=6, num_inference_steps=100)
    item = page.locator(f'[data-testid=rail-item][data-job-id="{job_id}"]')
    app.finished(job_id)
    expect(item).to_have_attribute('data-badge', '6')
    seen = page.evaluate('window.badges')
    assert any(re.fullmatch(r'[1-9]\d?%', badge) for badge in seen), seen


def test_earlier_leads_to_the_library_where_dismissed_ones_wait(page: Page, app: RunningApp) -> None:
    group = made(app, page, 'a lighthouse')
    asset_id = id_of(cards(group).first)
    app.api.post(f'/api/assets/{asset_id}/dismiss')
    expect(cards(group)).to_have_count(2)
    page.get_by_test_id('earlier').click()
    card = page.locator(f'[data-testid=asset-card][data-asset-id="{asset_id}"]')
    expect(card).to_have_attribute('data-dismissed', 'dismissed')
    card.hover()
    card.get_by_test_id('card-restore').click()
    expect(card).not_to_have_attribute('data-dismissed', 'dismissed')
    page.get_by_test_id('library-search').fill('zebra')
    expect(page.get_by_test_id('library-empty')).to_be_visible()
    page.get_by_test_id('library-search').fill('lighthouse')
    expect(page.get_by_test_id('asset-card')).to_have_count(3)
    page.go_back()
    expect(cards(group)).to_have_count(3)
