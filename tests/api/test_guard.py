"""What no request gets past: a foreign site, and a flood."""

import json
import socket

from ourvidz.api.guard import MAX_BODY
from tests.running import RunningApp


def test_a_foreign_site_may_not_act_in_the_persons_name(app: RunningApp) -> None:
    body = {'prompt': 'a fox'}
    assert app.api.post('/api/jobs', json=body, headers={'origin': 'https://evil.example'}).status_code == 403
    for host in ('evil.example', '[', '[fox]'):
        assert app.api.get('/api/jobs', headers={'host': host}).status_code == 403
    assert app.api.post('/api/jobs', json=body, headers={'origin': 'http://['}).status_code == 403


def test_a_body_without_end_is_cut_off(app: RunningApp) -> None:
    with socket.create_connection(('127.0.0.1', app.port)) as flood:
        flood.sendall(f'POST /api/jobs HTTP/1.1\r\nHost: 127.0.0.1:{app.port}\r\n'.encode())
        flood.sendall(b'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n')
        flood.sendall(b'%x\r\n' % (MAX_BODY + 1) + b' ' * (MAX_BODY + 1))
        head, _, body = flood.makefile('rb').read().partition(b'\r\n\r\n')
    assert head.startswith(b'HTTP/1.1 413')
    assert json.loads(body)['reason'] == 'The request is larger than 2 MB.'
    assert app.api.get('/api/jobs').json()['items'] == []
