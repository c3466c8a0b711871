"""What the stories of the page share."""

import base64
import io
from collections.abc import Sequence

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.running import RunningApp

DRAG_OVER = """([target, kind, content]) => {
  const transfer = new DataTransfer();
  if (kind === 'file') {
    const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], 'dropped.png', { type: 'image/png' }));
  } else transfer.setData('text/uri-list', content);
  window.drop = () => send('drop');
  const element = document.querySelector(target);
  const send = name => element.dispatchEvent(
    new DragEvent(name, { bubbles: true, cancelable: true, dataTransfer: transfer }));
  send('dragenter');
  send('dragover');
}"""


def made(app: RunningApp, page: Page, prompt: str = 'a fox', *, variations: int = 3, seed: int = 7) -> Locator:
    """A finished job's group on the page."""
    job_id = app.make(prompt, model='tiny', variations=variations, num_inference_steps=1, seed=seed)['id']
    group = group_of(page, job_id)
    expect(cards(group)).to_have_count(variations)
    return group


def group_of(page: Page, job_id: str) -> Locator:
    return page.locator(f'[data-testid=job-group][data-job-id="{job_id}"]')


def cards(place: Page | Locator) -> Locator:
    """The finished pictures in a place."""
    return place.locator('[data-testid=asset-card][data-status=completed]')


def id_of(card: Locator) -> str:
    return card.get_attribute('data-asset-id') or ''


def touch(page: Page, *moves: Sequence[tuple[float, float]]) -> None:
    """Fingers on a touch screen: each move is where each of them is; then they leave it."""
    session = page.context.new_cdp_session(page)
    for at, fingers in enumerate(moves):
        points = [{'x': x, 'y': y, 'id': finger} for finger, (x, y) in enumerate(fingers)]
        kind = 'touchMove' if at else 'touchStart'
        session.send('Input.dispatchTouchEvent', {'type': kind, 'touchPoints': points})
    session.send('Input.dispatchTouchEvent', {'type': 'touchEnd', 'touchPoints': []})
    session.detach()


def prompts(page: Page) -> Sequence[str]:
    """The prompts of the jobs on the page, in their order."""
    return page.locator('.job-prompt').all_text_contents()


def picture(colour: str, *, size: tuple[int, int] = (96, 64)) -> bytes:
    """A PNG of one colour."""
    file = io.BytesIO()
    Image.new('RGB', size, colour).save(file, 'PNG')
    return file.getvalue()


def in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
