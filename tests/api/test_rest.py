"""What a program sees: jobs, assets, references and models over HTTP, against the running app."""

import io
import itertools
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from ourvidz.generation.references import MAX_BYTES
from tests.running import RunningApp, eventually


def picture(colour: str = 'red', size: tuple[int, int] = (64, 48), form: str = 'PNG') -> bytes:
    data = io.BytesIO()
    Image.new('RGB', size, colour).save(data, form)
    return data.getvalue()


def test_a_prompt_becomes_three_pictures(app: RunningApp) -> None:
    job = app.make('a red fox in the snow', model='tiny', seed=7, aspect_ratio='1:1')
    assets = job['assets']
    assert [asset['seed'] for asset in assets] == [7, 8, 9]
    assert job['progress'] == 1
    for asset in assets:
        original = app.api.get(asset['url'])
        assert original.headers['cache-control'] == 'private, max-age=31536000, immutable'
        image = Image.open(io.BytesIO(original.content))
        assert image.size == (asset['width'], asset['height'])
        assert 'a red fox in the snow' in image.info['parameters']
        assert f'Sampler: Euler, CFG scale: 6.0, Seed: {asset["seed"]}' in image.info['parameters']
        assert json.loads(image.info['ourvidz'])['model'] == 'tiny'
        thumbnail = Image.open(io.BytesIO(app.api.get(asset['thumbnail_url']).content))
        assert thumbnail.format == 'WEBP'
        assert max(thumbnail.size) <= 256


def test_every_control_reaches_the_stored_parameters(app: RunningApp) -> None:
    controls: dict[str, Any] = {
        'model': 'tiny',
        'variations': 1,
        'seed': 3,
        'negative_prompt': 'rain',
        'aspect_ratio': '9:16',
        'shot_type': 'close',
        'camera_angle': 'overhead',
        'style': 'noir',
        'quality': 'high',
        'num_inference_steps': 4,
        'guidance_scale': 3.5,
    }
    asset = app.make('a fox', **controls)['assets'][0]
    for word in ('a fox', 'close', 'overhead', 'noir'):
        assert word in asset['final_prompt']
    assert 'rain' in asset['negative_prompt']
    assert asset['height'] > asset['width']
    assert asset['quality'] == 'high'
    assert asset['parameters']['num_inference_steps'] == 4
    assert asset['parameters']['guidance_scale'] == 3.5


def test_the_same_seed_gives_the_same_file(app: RunningApp) -> None:
    first, second = (app.make('a fox', model='tiny', seed=11, variations=1)['assets'][0] for _ in range(2))
    pixels = [Image.open(io.BytesIO(app.api.get(asset['url']).content)).tobytes() for asset in (first, second)]
    assert pixels[0] == pixels[1]
    assert first['id'] != second['id']


def test_dismissed_is_hidden_and_kept_deleted_is_gone(app: RunningApp) -> None:
    job = app.make('two owls', model='tiny', variations=3)
    dismissed, deleted, kept = (asset['id'] for asset in job['assets'])
    app.api.post(f'/api/assets/{dismissed}/dismiss')
    app.api.delete(f'/api/assets/{deleted}')
    assert app.api.get(f'/api/assets/{dismissed}').json()['is_dismissed']
    assert app.api.get(f'/api/assets/{deleted}').status_code == 404
    assert [asset['id'] for asset in app.job(job['id'])['assets']] == [dismissed, kept]
    app.api.post(f'/api/assets/{dismissed}/restore')
    assert not app.api.get(f'/api/assets/{dismissed}').json()['is_dismissed']
    app.api.delete(f'/api/jobs/{job["id"]}')
    assert app.api.get(f'/api/jobs/{job["id"]}').status_code == 404
    assert app.api.get(f'/api/assets/{kept}').status_code == 404


def test_assets_are_found_by_their_prompts_page_by_page(app: RunningApp) -> None:
    for _ in range(2):
        app.make('a zeppelin over the harbour', model='tiny', variations=3)
    found, cursor = [], None
    while True:
        query: dict[str, Any] = {'query': 'zeppel', 'limit': 4} | ({'cursor': cursor} if cursor else {})
        page = app.api.get('/api/assets', params=query).json()
        found += [asset['id'] for asset in page['items']]
        if (cursor := page['next_cursor']) is None:
            break
    assert len(found) == len(set(found)) == 6


def test_a_reference_is_copied_and_modified(app: RunningApp) -> None:
    answer = app.api.post('/api/references', files={'file': ('red.png', picture(size=(256, 256)), 'image/png')})
    assert answer.status_code == 201
    reference = answer.json()
    assert (reference['width'], reference['height'], reference['source']) == (256, 256, 'file')
    fields: dict[str, Any] = {'model': 'tiny', 'variations': 1, 'aspect_ratio': '1:1', 'reference_id': reference['id']}
    copied = app.make('a square for a child', reference_mode='copy', **fields)['assets'][0]
    image = Image.open(io.BytesIO(app.api.get(copied['url']).content)).convert('RGB')
    red, green, blue = image.resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
    assert red > 200
    assert green < 60
    assert blue < 60
    nearly = app.make('a square', strength=0.001, num_inference_steps=2, **fields)['assets'][0]
    assert (nearly['parameters']['strength'], nearly['parameters']['num_inference_steps']) == (0.01, 100)
    again = app.api.post('/api/references', json={'asset_id': copied['id']}).json()
    assert again['source'] == 'item'
    refused = app.api.post('/api/jobs', json={'prompt': 'naked', **fields, 'reference_id': again['id']})
    assert refused.status_code == 403
    assert 'minors is refused in every mode (“child” and “naked”)' in str(refused.json())


@pytest.mark.parametrize(
    ('body', 'field'),
    [
        (b'{"prompt": ', 'body'),
        (b'[]', 'body'),
        (b'{}', 'prompt'),
        (b'{"prompt": "a", "shot": "wide"}', 'shot'),
        (b'{"prompt": "a", "model": "no such model"}', 'model'),
        (b'{"prompt": "a", "reference_id": "../../etc/passwd"}', 'reference_id'),
        (b'{"prompt": "a", "reference_id": "0123456789abcdef0123456789abcdef"}', 'reference_id'),
        (b'{"prompt": "a", "seed": 1e400}', 'seed'),
        (b'{"prompt": "a", "variations": 5}', 'variations'),
        (b'{"prompt": "a", "reference_id": "\\ud800"}', 'reference_id'),
        (b'{"prompt": "\xff"}', 'body'),
        (b'{"prompt": "a", "seed": ' + b'9' * 5_000 + b'}', 'body'),
        (b'[' * 100_000, 'body'),
        (b'{"prompt": "a", "strength": 0.3}', 'strength'),
        (b'{"prompt": "a", "num_frames": 9}', 'num_frames'),
    ],
)
def test_bad_input_is_told_by_field_and_reason_and_leaves_nothing(app: RunningApp, body: bytes, field: str) -> None:
    before = app.api.get('/api/jobs').json()['items']
    answer = app.api.post('/api/jobs', content=body, headers={'content-type': 'application/json'})
    assert answer.status_code == 422
    assert answer.json()['field'] == field
    assert answer.json()['reason']
    assert app.api.get('/api/jobs').json()['items'] == before


@pytest.mark.parametrize('body', [b'{"asset_id": "\\ud800"}', b'[' * 100_000, b'{"url": 1}', b'{}', b'', b'\xff'])
def test_a_reference_that_cannot_be_read_is_refused(app: RunningApp, body: bytes) -> None:
    answer = app.api.post('/api/references', content=body, headers={'content-type': 'application/json'})
    assert answer.status_code == 422
    assert answer.json()['field']
    assert answer.json()['reason']


def test_an_upload_is_as_large_as_it_is_whatever_it_says(app: RunningApp) -> None:
    """Sent in chunks, it says nothing of its size."""
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    chunks = itertools.chain([head], itertools.repeat(bytes(2**20), MAX_BYTES // 2**20 + 1), [b'\r\n--x--\r\n'])
    kind = {'content-type': 'multipart/form-data; boundary=x'}
    answer = app.api.post('/api/references', content=chunks, headers=kind)
    assert answer.status_code == 413
    assert 'larger than' in answer.json()['reason']
    assert app.api.post('/api/references', content=b'rubbish', headers=kind).status_code == 422


def test_searches_and_pages_are_checked_by_field(app: RunningApp) -> None:
    for field, value in (
        ('query', 'x' * 10_001),
        ('limit', '1.5'),
        ('limit', '9' * 5_000),
        ('cursor', '\0'),
        ('status', 'lost'),
        ('is_favorite', 'true'),
    ):
        answer = app.api.get('/api/assets', params={field: value})
        assert (answer.status_code, answer.json()['field']) == (422, field)
    assert app.api.get('/api/jobs', params={'status': 'failed'}).json()['field'] == 'status'
    assert app.api.get('/api/assets', params={'query': 'x ' * 5_000}).json()['items'] == []
    assert {item['status'] for item in app.api.get('/api/assets?status=completed').json()['items']} <= {'completed'}


def test_a_file_that_is_no_picture_is_refused(app: RunningApp) -> None:
    answer = app.api.post('/api/references', files={'file': ('cat.png', b'<svg onload=alert(1)>', 'image/png')})
    assert answer.status_code == 422
    assert answer.json()['field'] == 'file'


@pytest.mark.parametrize(
    'url', ['http://127.0.0.1/x.png', 'file:///etc/passwd', 'http://[::1]/', 'http://169.254.0.1/']
)
def test_urls_into_the_own_network_are_refused(app: RunningApp, url: str) -> None:
    answer = app.api.post('/api/references', json={'url': url})
    assert answer.status_code == 422
    assert answer.json()['field'] == 'url'


def test_a_clip_or_picture_can_be_read_in_ranges(app: RunningApp) -> None:
    asset = app.make('a fox', model='tiny', variations=1)['assets'][0]
    whole = app.api.get(asset['url']).content
    part = app.api.get(asset['url'], headers={'range': 'bytes=10-19'})
    assert part.status_code == 206
    assert part.content == whole[10:20]
    last = app.api.get(asset['url'], headers={'range': 'bytes=-7'})
    assert (last.status_code, last.content) == (206, whole[-7:])
    assert last.headers['content-range'] == f'bytes {len(whole) - 7}-{len(whole) - 1}/{len(whole)}'
    beyond = app.api.get(asset['url'], headers={'range': f'bytes={len(whole)}-'})
    assert (beyond.status_code, beyond.headers['content-range']) == (416, f'bytes */{len(whole)}')
    for malformed in ('bytes=a-b', 'bytes=9-3', 'lines=1-2', 'bytes=', f'bytes=1-{"9" * 5_000}'):
        answer = app.api.get(asset['url'], headers={'range': malformed})
        assert (answer.status_code, answer.content) == (200, whole)
    head = app.api.head(asset['url'])
    assert (head.status_code, head.content, head.headers['content-length']) == (200, b'', str(len(whole)))
    assert head.headers['accept-ranges'] == 'bytes'
    assert 'immutable' in head.headers['cache-control']
    known = app.api.get(asset['url'], headers={'if-none-match': head.headers['etag']})
    assert (known.status_code, known.content, known.headers['etag']) == (304, b'', head.headers['etag'])


def test_a_file_that_is_not_whole_is_not_given_out(app: RunningApp) -> None:
    asset = app.make('a fox', model='tiny', variations=1)['assets'][0]
    app.api.post(f'/api/assets/{asset["id"]}/dismiss')  # so that it is no longer just as it was recorded
    with closing(sqlite3.connect(app.data_dir / 'ourvidz.sqlite', timeout=60)) as library, library:
        library.execute("UPDATE assets SET status = 'failed', error = 'It is not whole.' WHERE id = ?", (asset['id'],))
    answer = app.api.get(asset['url'])
    assert (answer.status_code, answer.json()['reason']) == (404, 'It is not whole.')


def test_a_rendition_that_is_missing_is_made_anew(app: RunningApp) -> None:
    asset = app.make('a fox', model='tiny', variations=1)['assets'][0]
    before = {url: app.api.get(url).content for url in (asset['thumbnail_url'], asset['preview_url'])}
    for path in (app.data_dir / 'library').rglob(f'{asset["id"]}.*.webp'):
        path.unlink()
    for url, content in before.items():
        again = Image.open(io.BytesIO(app.api.get(url).content))
        assert again.size == Image.open(io.BytesIO(content)).size
    for path in (app.data_dir / 'library').rglob(f'{asset["id"]}.*'):
        path.unlink()
    assert app.api.get(asset['thumbnail_url']).status_code == 404
    app.api.delete(f'/api/assets/{asset["id"]}')


def test_a_broken_model_fails_its_job_in_a_sentence_and_the_queue_goes_on(app: RunningApp) -> None:
    broken = app.submit('a fox', model='broken', variations=1)
    after = app.submit('a fox', model='tiny', variations=1)
    job = app.finished(broken)
    assert job['status'] == 'failed'
    assert 'broken cannot be loaded' in job['error']
    assert 'choose another model' in job['error'] and not job['assets']
    assert app.finished(after)['status'] == 'completed'


def test_a_model_whose_folder_is_gone_fails_its_job_in_a_sentence(app: RunningApp, tiny_models: Path) -> None:
    app.api.post('/api/queue/pause')
    job_id = app.submit('a fox', model='leaving', variations=1)
    after = app.submit('a fox', model='tiny', variations=1)
    shutil.rmtree(tiny_models / 'leaving')
    app.api.post('/api/queue/resume')
    job = app.finished(job_id)
    assert job['status'] == 'failed'
    assert 'leaving' in job['error']
    assert job['error'].endswith('.')
    assert app.finished(after)['status'] == 'completed'


def test_a_waiting_job_is_cancelled_at_once_and_can_be_retried(app: RunningApp) -> None:
    first = app.submit('one', model='spark-image', variations=6, num_inference_steps=100)
    second = app.submit('two', model='tiny', variations=1)
    assert app.api.post(f'/api/jobs/{second}/cancel').json()['status'] == 'cancelled'
    app.api.post(f'/api/jobs/{first}/cancel')
    assert app.finished(first)['status'] == 'cancelled'
    app.api.post(f'/api/jobs/{second}/retry')
    assert app.finished(second)['status'] == 'completed'


def test_the_queue_is_paused_reordered_and_resumed(app: RunningApp) -> None:
    assert app.api.post('/api/queue/pause').json()['is_paused']
    first, second, third = (app.submit(f'job {number}', model='tiny', variations=1) for number in range(3))
    assert app.api.get('/api/queue').json() == {'is_paused': True, 'waiting': [first, second, third]}
    moved = app.api.post(f'/api/jobs/{third}/move', json={'before': first}).json()
    assert moved['waiting'] == [third, first, second]
    assert app.api.post(f'/api/jobs/{third}/move', json={'before': None}).json()['waiting'][-1] == third
    assert app.api.post(f'/api/jobs/{third}/move', json={'before': 'nothing'}).status_code == 422
    assert app.api.post(f'/api/jobs/{third}/move', json={}).json()['field'] == 'before'
    assert not app.api.post('/api/queue/resume').json()['is_paused']
    ends = [app.finished(job_id)['finished_at'] for job_id in (first, second, third)]
    assert ends == sorted(ends)


def test_models_say_what_they_can_do_and_whether_they_fit(app: RunningApp) -> None:
    models = {model['id']: model for model in app.api.get('/api/models').json()['items']}
    assert models['tiny']['is_installed']
    assert {'text_to_image', 'image_to_image'} <= set(models['tiny']['abilities'])
    assert all(model['because'] for model in models.values() if not model['fits'])


def test_the_api_describes_itself(app: RunningApp) -> None:
    described = app.api.get('/openapi.json').json()
    answers = described['paths']['/api/assets/{asset_id}']['get']['responses']
    assert answers['200']['content']['application/json']['schema']['$ref'].endswith('/AssetView')
    assert set(app.make('a fox', model='tiny', variations=1)) == set(
        described['components']['schemas']['JobView']['properties']
    )
    assert app.api.get('/docs').status_code == 200


def test_two_jobs_are_made_one_after_the_other_and_none_twice(app: RunningApp) -> None:
    ids = [app.submit(f'job {number}', model='tiny', variations=1) for number in range(4)]
    jobs = [app.finished(job_id) for job_id in ids]
    assert all(len(job['assets']) == 1 for job in jobs)
    starts = [job['started_at'] for job in jobs]
    assert starts == sorted(starts)


def test_a_page_and_a_stream_of_health_answers_stay_up_while_a_job_runs(app: RunningApp) -> None:
    job_id = app.submit('a fox', model='tiny', variations=6, num_inference_steps=30)
    while app.job(job_id)['status'] in ('queued', 'processing'):
        assert app.api.get('/api/health').json()['status'] == 'ok'
    assert app.job(job_id)['status'] == 'completed'


def test_unknown_ids_are_told(app: RunningApp) -> None:
    for path in ('/api/jobs/nothing', '/api/assets/nothing', '/media/nothing/original', '/media/references/nothing'):
        assert app.api.get(path).status_code == 404


def test_the_web_process_never_loads_torch(app: RunningApp) -> None:
    app.make('a fox', model='tiny', variations=1)
    assert app.process is not None
    maps = Path(f'/proc/{app.process.pid}/maps').read_text()
    assert 'libtorch' not in maps


def test_hostile_text_arrives_as_it_was_written(app: RunningApp) -> None:
    prompt = '<script>alert(1)</script> \U0001f98a قطة {seed} {{x}} %s'
    asset = app.make(prompt, model='tiny', variations=1)['assets'][0]
    assert asset['prompt'] == prompt
    assert eventually(lambda: httpx.get(f'{app.url}{asset["url"]}').status_code == 200)
