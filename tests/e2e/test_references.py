"""References in a real browser: dropped, picked, pasted, fetched and dragged, and what the job makes of them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stories import DRAG_OVER, in_base64, picture
from tests.running import RunningApp

PASTE = """content => {
  const transfer = new DataTransfer();
  const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
  transfer.items.add(new File([bytes], 'pasted.png', { type: 'image/png' }));
  document.body.dispatchEvent(
    new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData: transfer }));
}"""

PASTE_BOTH = """content => {
  const transfer = new DataTransfer();
  const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
  transfer.items.add(new File([bytes], 'pasted.png', { type: 'image/png' }));
  transfer.setData('text/plain', 'a fox');
  const paste = new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData: transfer });
  document.querySelector('[data-testid=prompt-input]').dispatchEvent(paste);
  return paste.defaultPrevented;
}"""


DRAG = """([steps, content]) => {
  const transfer = new DataTransfer();
  for (const [type, text] of Object.entries(content)) {
    if (type !== 'files') transfer.setData(type, text);
    else for (const name of text) transfer.items.add(new File(['no picture'], name));
  }
  return steps.map(step => !document.querySelector('header').dispatchEvent(
    new DragEvent(step, { bubbles: true, cancelable: true, dataTransfer: transfer })));
}"""
"""Gives of each step whether it is kept from the browser."""

PASTE_FILE = """([target, name]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File(['no picture'], name));
  const paste = new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData: transfer });
  document.querySelector(target).dispatchEvent(paste);
  return paste.defaultPrevented;
}"""


@pytest.fixture(autouse=True)
def tiny_chosen(page: Page) -> Iterator[None]:
    """The tiny SDXL model, and no reference left by an earlier story."""
    page.get_by_test_id('model-select').click()
    page.locator('[data-model-id=tiny]').click()
    expect(page.get_by_test_id('model-select')).to_have_attribute('data-value', 'tiny')
    for testid in ('reference-box', 'style-ref'):
        if page.get_by_test_id(testid).get_attribute('data-value'):
            page.get_by_test_id(f'{testid}-remove').click()
        expect(page.get_by_test_id(testid)).to_have_attribute('data-value', '')
    yield


def expect_reference(page: Page, source: str) -> None:
    box = page.get_by_test_id('reference-box')
    expect(box).to_have_attribute('data-value', source)
    expect(box).to_contain_text(source)
    page.wait_for_function("document.querySelector('[data-testid=reference-box] img')?.naturalWidth > 0")


def test_a_picked_file_becomes_the_reference_and_can_be_removed(page: Page, app: RunningApp, tmp_path: Path) -> None:
    path = tmp_path / 'red.png'
    path.write_bytes(picture('red'))
    page.get_by_test_id('reference-box').get_by_role('button').first.click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role('button', name='Choose a file').click()
    chooser.value.set_files(path)
    expect_reference(page, 'file')
    other = page.context.new_page()
    other.goto(app.url)
    expect_reference(other, 'file')
    page.get_by_test_id('reference-box-remove').click()
    for tab in (page, other):
        expect(tab.get_by_test_id('reference-box')).to_have_attribute('data-value', '')


def test_a_file_is_dropped_anywhere(page: Page) -> None:
    page.evaluate(DRAG_OVER, ['header', 'file', in_base64(picture('green'))])
    expect(page.get_by_text('Drop it anywhere')).to_be_visible()
    page.evaluate('window.drop()')
    expect_reference(page, 'file')
    expect(page.get_by_text('Drop it anywhere')).to_have_count(0)


def test_a_file_is_dropped_on_a_box_that_the_model_cannot_honour(page: Page) -> None:
    because = page.get_by_test_id('style-ref').get_by_role('button').first.get_attribute('aria-description') or ''
    is_refused = page.get_by_test_id('style-ref').locator('[aria-disabled=true]').count() > 0
    page.evaluate(DRAG_OVER, ['[data-testid=style-ref]', 'file', in_base64(picture('blue'))])
    page.evaluate('window.drop()')
    if is_refused:
        expect(page.get_by_test_id('notice').filter(has_text=because)).to_be_visible()
    else:
        expect(page.get_by_test_id('style-ref')).to_have_attribute('data-value', 'file')
    expect(page.get_by_test_id('reference-box')).to_have_attribute('data-value', '')


def dropped(page: Page, *paths: Path) -> None:
    """Files of this machine, dropped as from its file manager."""
    session = page.context.new_cdp_session(page)
    data = {'items': [], 'files': [str(path) for path in paths], 'dragOperationsMask': 1}
    for kind in ('dragEnter', 'dragOver', 'drop'):
        session.send('Input.dispatchDragEvent', {'type': kind, 'x': 400, 'y': 20, 'data': data})
    session.detach()


def test_of_several_files_the_first_is_used_and_a_folder_is_refused(page: Page, tmp_path: Path) -> None:
    paths = [tmp_path / 'red.png', tmp_path / 'blue.png']
    for path in paths:
        path.write_bytes(picture(path.stem))
    dropped(page, tmp_path)
    expect(page.get_by_test_id('notice').filter(has_text=f'{tmp_path.name} is a folder')).to_be_visible()
    expect(page.get_by_test_id('reference-box')).to_have_attribute('data-value', '')
    dropped(page, *paths)
    expect(page.get_by_test_id('notice').filter(has_text='the first of the 2 files is used: red.png')).to_be_visible()
    expect_reference(page, 'file')


def test_a_file_never_takes_the_place_of_the_page(page: Page) -> None:
    """Be it dropped without having been dragged over the page, or dragged out of the page itself."""
    assert page.evaluate(DRAG, [['drop'], {'files': ['a.txt']}]) == [True]
    expect(page.get_by_test_id('notice').filter(has_text='not a picture')).to_be_visible()
    own = page.evaluate(DRAG, [['dragstart', 'dragenter', 'dragover', 'drop'], {'files': ['b.txt', 'b.png']}])
    assert own == [False, True, True, True], 'it ends where the page does not see it'
    page.evaluate(DRAG, [['dragover', 'drop'], {'files': ['c.txt', 'c.png']}])
    used = page.get_by_test_id('notice').filter(has_text='the first of the 2 files is used')
    expect(used).to_have_text(re.compile('c.txt'))
    assert page.evaluate(DRAG, [['dragover', 'drop'], {'text/plain': 'a fox'}]) == [False, False]


def test_a_link_that_is_dragged_within_the_page_is_not_taken(page: Page) -> None:
    page.locator('header a').nth(1).hover()
    page.mouse.down()
    for x in (500, 520):
        page.mouse.move(x, 400)
    expect(page.locator('.drop-hint')).to_have_count(0)
    page.mouse.up()
    expect(page.get_by_test_id('notice')).to_have_count(0)


def test_the_hint_is_there_as_long_as_something_is_over_the_page(page: Page) -> None:
    hint = page.get_by_text('Drop it anywhere')
    page.evaluate(DRAG, [['dragover'], {'files': ['a.png']}])
    expect(hint).to_be_visible()
    page.evaluate(
        "document.body.dispatchEvent(new DragEvent('dragleave', { bubbles: true, relatedTarget: document.body }))"
    )
    expect(hint).to_be_visible()
    page.evaluate(DRAG, [['dragenter', 'dragenter', 'dragleave'], {'files': ['a.png']}])
    expect(hint).to_have_count(0)


@pytest.mark.parametrize('kind', ['text/html', 'text/uri-list'])
def test_a_picture_that_is_its_own_address_is_taken(page: Page, kind: str) -> None:
    address = f'data:image/png;base64,{in_base64(picture("orange"))}'
    content = {'text/html': f'<img src="{address}">', 'text/uri-list': 'https://example.org/page'}
    page.evaluate(DRAG, [['dragover', 'drop'], content if kind == 'text/html' else {kind: address}])
    expect_reference(page, 'file')


def test_a_pasted_file_that_is_no_picture_is_refused_in_words(page: Page) -> None:
    assert not page.evaluate(PASTE_FILE, ['[data-testid=prompt-input]', 'notes.txt']), 'somebody is writing'
    expect(page.get_by_test_id('notice')).to_have_count(0)
    assert page.evaluate(PASTE_FILE, ['body', 'photo.heic'])
    expect(page.get_by_test_id('notice')).to_contain_text('not a picture')


def test_a_picture_is_pasted(page: Page) -> None:
    page.evaluate(PASTE, in_base64(picture('yellow')))
    expect_reference(page, 'file')


def test_text_that_comes_with_a_picture_is_pasted_as_text(page: Page) -> None:
    is_taken = page.evaluate(PASTE_BOTH, in_base64(picture('yellow')))
    assert not is_taken, 'the browser pastes the text'
    page.evaluate(PASTE, in_base64(picture('yellow')))
    expect_reference(page, 'file')


def test_how_far_a_reference_is_changed_reaches_the_job(page: Page, app: RunningApp) -> None:
    page.evaluate(PASTE, in_base64(picture('purple', size=(256, 256))))
    expect_reference(page, 'file')
    if page.get_by_test_id('reference-mode').get_attribute('data-value') == 'copy':
        page.get_by_test_id('reference-mode').click()
    slider = page.get_by_test_id('reference-strength').locator('[tabindex]')
    before = float(page.get_by_test_id('reference-strength').get_attribute('aria-valuenow') or 0)
    for presses in range(1, 4):
        slider.press('ArrowLeft')
        wanted = round(before - 0.05 * presses, 2)
        expect(page.get_by_text(f'Change {wanted:.0%}')).to_be_visible()
    page.get_by_test_id('prompt-input').fill('a purple hill')
    page.get_by_test_id('generate-button').click()
    group = page.get_by_test_id('job-group')
    expect(group).to_have_count(1)
    job = app.finished(group.get_attribute('data-job-id') or '')
    assert job['request']['strength'] == wanted
    assert job['assets'][0]['parameters']['strength'] == wanted


def test_what_is_dropped_or_dragged_on_the_library_page_is_the_reference_too(page: Page, app: RunningApp) -> None:
    app.make('a green hill', model='tiny', variations=1, num_inference_steps=1)
    page.goto(f'{app.url}/library')
    page.get_by_test_id('asset-card').first.drag_to(page.locator('header'))
    expect(page.get_by_test_id('notice').filter(has_text='in its box')).to_be_visible()
    page.goto(app.url)
    expect_reference(page, 'item')


def test_what_is_no_picture_is_refused_with_the_reason(page: Page) -> None:
    page.evaluate(PASTE, in_base64(b'this is no picture at all'))
    expect(page.get_by_test_id('notice')).to_contain_text('picture')
    expect(page.get_by_test_id('reference-box')).to_have_attribute('data-value', '')


def test_an_address_into_the_private_network_is_refused(page: Page, app: RunningApp) -> None:
    page.evaluate(DRAG_OVER, ['header', 'url', f'{app.url}/assets/ui/icon-192.png'])
    page.evaluate('window.drop()')
    expect(page.get_by_test_id('notice')).to_be_visible()
    page.get_by_test_id('reference-box').get_by_role('button').first.click()
    page.get_by_test_id('reference-box-menu-url').fill('ftp://example.org/a.png')
    page.get_by_role('button', name='Add').click()
    expect(page.get_by_test_id('notice').filter(has_text='http')).to_be_visible()
    expect(page.get_by_test_id('reference-box')).to_have_attribute('data-value', '')


def test_a_card_is_dragged_into_the_box(page: Page, app: RunningApp) -> None:
    app.make('a red hill', model='tiny', variations=1, num_inference_steps=1)
    expect(page.locator('[data-testid=asset-card][draggable=true]')).to_have_count(1)
    page.get_by_test_id('asset-card').first.drag_to(page.get_by_test_id('reference-box'))
    expect_reference(page, 'item')


def test_a_whole_job_is_dropped_anywhere(page: Page, app: RunningApp) -> None:
    app.make('a blue hill', model='tiny', variations=1, num_inference_steps=1)
    expect(page.locator('[data-testid=asset-card][draggable=true]')).to_have_count(1)
    page.get_by_test_id('rail-item').first.drag_to(page.locator('header'))
    expect_reference(page, 'item')


def test_copy_returns_the_reference(page: Page, app: RunningApp) -> None:
    page.evaluate(PASTE, in_base64(picture('#20a060', size=(256, 256))))
    expect_reference(page, 'file')
    mode, shot = page.get_by_test_id('reference-mode'), page.get_by_test_id('shot-toggle')
    if mode.get_attribute('data-value') == 'copy':
        mode.click()
    if shot.get_attribute('data-value') == 'wide':
        shot.click()
    expect(shot).not_to_have_attribute('data-value', 'wide')
    chosen = shot.get_attribute('data-value') or ''
    mode.click()
    expect(mode).to_have_attribute('data-value', 'copy')
    expect(shot).to_have_attribute('data-value', 'wide')
    expect(shot).to_have_attribute('data-tip', re.compile('Choose MODIFY'))
    expect(page.get_by_test_id('style-input')).to_be_disabled()
    page.get_by_test_id('angle-button').click(force=True)
    expect(page.get_by_test_id('notice').filter(has_text='Choose MODIFY')).to_be_visible()
    expect(page.get_by_test_id('angle-popup')).to_have_count(0)
    expect(page.get_by_test_id('reference-strength')).to_be_hidden()
    page.get_by_test_id('prompt-input').fill('the same again')
    page.get_by_test_id('generate-button').click()
    group = page.get_by_test_id('job-group')
    expect(group).to_have_count(1)
    job = app.finished(group.get_attribute('data-job-id') or '')
    assert job['status'] == 'completed', job['error']
    assert job['request']['reference_mode'] == 'copy'
    assert len(job['request']['reference_id']) == 32
    assert job['assets'][0]['parameters']['strength'] <= 0.05
    assert job['request']['shot_type'] == 'wide', 'what a copy ignores is not stored as if it had acted'
    mode.click()
    expect(mode).to_have_attribute('data-value', 'modify')
    expect(shot).to_have_attribute('data-value', chosen)
