"""What is around every page belongs to that page alone."""

from pathlib import Path

from nicegui import Client, ui

from ourvidz.settings import Settings
from ourvidz.system import System
from ourvidz.ui.notices import Notice
from ourvidz.ui.shell import Shell


async def test_a_closed_page_takes_nothing_from_those_that_stay_open(tmp_path: Path) -> None:
    workspace = System(Settings(data_dir=tmp_path)).workspace
    closed, open_one = (Client(ui.page('/'), request=None) for _ in range(2))
    for client in (closed, open_one):
        with client:
            Shell(workspace, here='library')
    closed.delete()
    workspace.ASSETS_READY.emit('New content ready: 1 new image generated')
    told = [element for element in open_one.elements.values() if isinstance(element, Notice)]
    assert [notice.says for notice in told] == ['New content ready: 1 new image generated']
    open_one.delete()
    assert not workspace.ASSETS_READY.callbacks
