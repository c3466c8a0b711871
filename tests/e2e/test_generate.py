"""The main flow in a real browser: a prompt becomes pictures on the page and in the library."""

from playwright.sync_api import Page, expect

from tests.running import RunningApp

REMEMBER_NOTICES = """() => {
  window.notices = [];
  const corner = document.querySelector('[data-testid=notices]');
  const note = () => window.notices.push(corner.textContent);
  new MutationObserver(note).observe(corner, { childList: true, subtree: true });
}"""


def test_a_prompt_becomes_three_pictures(page: Page, app: RunningApp) -> None:
    page.get_by_test_id('prompt-input').fill('a red fox in the snow')
    page.get_by_test_id('generate-button').click()
    group = page.get_by_test_id('job-group').first
    expect(group).to_contain_text('a red fox in the snow')
    done = group.locator('[data-testid=asset-card][data-status=completed]')
    expect(done).to_have_count(3)
    job = app.api.get('/api/jobs').json()['items'][0]
    assert job['request']['prompt'] == 'a red fox in the snow'
    ids = [done.nth(at).get_attribute('data-asset-id') for at in range(3)]
    assert ids == [asset['id'] for asset in job['assets']]


def test_a_reload_and_a_second_tab_show_the_same(page: Page, app: RunningApp) -> None:
    job_id = app.make('two owls', variations=3)['id']
    app.submit('a long one', model='tiny', variations=6, num_inference_steps=60)
    expect(page.get_by_test_id('job-group')).to_have_count(2)
    page.reload()
    other = page.context.new_page()
    other.goto(app.url)
    for tab in (page, other):
        expect(tab.get_by_test_id('job-group')).to_have_count(2)
        group = tab.locator(f'[data-testid=job-group][data-job-id="{job_id}"]')
        expect(group.locator('[data-status=completed]')).to_have_count(3)
    for job in app.api.get('/api/jobs').json()['items']:
        app.finished(job['id'])


def test_a_running_job_shows_its_steps_and_can_be_cancelled(page: Page, app: RunningApp) -> None:
    job_id = app.submit('a long one', model='spark-image', variations=6, num_inference_steps=100)
    group = page.locator(f'[data-testid=job-group][data-job-id="{job_id}"]')
    expect(group.get_by_test_id('job-progress').first).to_be_visible()
    expect(group.get_by_test_id('job-preview').first).to_be_visible()
    group.get_by_test_id('job-cancel').first.click()
    assert app.finished(job_id)['status'] == 'cancelled'


def test_a_job_that_fails_says_why_and_can_be_tried_again(page: Page, app: RunningApp) -> None:
    job_id = app.submit('a lighthouse', model='broken')
    group = page.locator(f'[data-testid=job-group][data-job-id="{job_id}"]')
    expect(group).to_contain_text('broken cannot be loaded')
    expect(page.get_by_test_id('rail-item')).to_have_attribute('data-badge', 'failed')
    expect(group.get_by_test_id('job-retry')).to_be_enabled()
    assert app.job(job_id)['status'] == 'failed'


def test_an_empty_prompt_cannot_be_sent(page: Page, app: RunningApp) -> None:
    page.get_by_test_id('prompt-input').fill('   ')
    page.get_by_test_id('prompt-input').press('Control+Enter')
    expect(page.get_by_test_id('notice')).to_contain_text('Say what the picture shall show.')
    assert app.api.get('/api/jobs').json()['items'] == []


def test_control_enter_generates(page: Page, app: RunningApp) -> None:
    page.get_by_test_id('prompt-input').fill('a cat')
    page.get_by_test_id('prompt-input').press('Control+Enter')
    expect(page.get_by_test_id('job-group')).to_have_count(1)
    app.finished(app.api.get('/api/jobs').json()['items'][0]['id'])


def test_a_double_click_is_one_wish(page: Page, app: RunningApp) -> None:
    page.get_by_test_id('prompt-input').fill('a dog')
    page.get_by_test_id('generate-button').dblclick(delay=20)
    expect(page.get_by_test_id('job-group')).to_have_count(1)
    (job,) = app.api.get('/api/jobs').json()['items']
    app.finished(job['id'])
    assert len(app.api.get('/api/jobs').json()['items']) == 1


def test_controls_and_prompt_survive_a_reload(page: Page) -> None:
    page.get_by_test_id('prompt-input').fill('an owl at night')
    toggle = page.get_by_test_id('aspect-toggle')
    before = toggle.get_attribute('data-value')
    toggle.click()
    expect(toggle).not_to_have_attribute('data-value', before or '')
    after = toggle.get_attribute('data-value') or ''
    page.reload()
    expect(page.get_by_test_id('aspect-toggle')).to_have_attribute('data-value', after)
    expect(page.get_by_test_id('prompt-input')).to_have_value('an owl at night')


def test_the_new_content_is_announced(page: Page, app: RunningApp) -> None:
    page.evaluate(REMEMBER_NOTICES)
    app.make('a cat', model='tiny', variations=3)
    page.wait_for_function("window.notices.some(text => text.includes('New content ready: 3 new images generated'))")
