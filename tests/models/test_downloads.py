"""Models come piece by piece: true progress, resumed after a kill, and never loaded with a wrong checksum."""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ourvidz.errors import BrokenModel, InvalidInput, NotFound, Refused, StorageFull
from ourvidz.models.catalog import Catalog
from ourvidz.models.downloads import Downloads, DownloadState
from ourvidz.models.hub import CHUNK, is_needed
from ourvidz.settings import Settings
from tests.models.hub_stand_in import REPOSITORY, HubStandIn
from tests.models.weights import write_weights

WEIGHTS = 'unet/diffusion_pytorch_model.safetensors'
SECRET = 'hf_secret_token'


def repository(tmp_path: Path, *, megabytes: float = 3.5) -> dict[str, bytes]:
    weights = write_weights(tmp_path / 'w.safetensors', {'conv_in.weight': (int(megabytes * CHUNK / 2),)})
    return {
        'model_index.json': json.dumps({'_class_name': 'StableDiffusionXLPipeline'}).encode(),
        'README.md': b'not needed',
        'model.ckpt': b'a pickle, never fetched',
        'unet/config.json': b'{"sample_size": 128}',
        WEIGHTS: weights.read_bytes(),
    }


def settings_for(tmp_path: Path, hub: HubStandIn, *, token: str | None = None, is_offline: bool = False) -> Settings:
    own = tmp_path / 'data' / 'models' / 'catalog.toml'
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(f'[models.tiny]\nfamily = "sdxl"\ntitle = "Tiny"\nrepository = "{REPOSITORY}"\n')
    return Settings(
        data_dir=tmp_path / 'data', hub_endpoint=hub.endpoint, hub_token=token, is_offline=is_offline, show=False
    )


@asynccontextmanager
async def downloads_with(settings: Settings) -> AsyncIterator[Downloads]:
    catalog = Catalog(settings)
    await catalog.rescan()
    downloads = Downloads(catalog, settings, retry_seconds=0.01)
    yield downloads
    await downloads.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(100):
        while not condition():  # noqa: ASYNC110 - files of another process have no event
            await asyncio.sleep(0.01)


async def over(state: DownloadState) -> str:
    """How the download ended."""
    await until(lambda: state.status in ('installed', 'failed', 'paused'))
    return state.status


async def test_a_model_is_fetched_checked_and_installed(tmp_path: Path) -> None:
    with HubStandIn(repository(tmp_path)) as hub:
        async with downloads_with(settings_for(tmp_path, hub)) as downloads:
            state = downloads.state('tiny')
            assert (state.status, state.done) == ('absent', 0)
            await downloads.start('tiny')
            assert state.status == 'downloading' and state.total > 3 * CHUNK
            assert await over(state) == 'installed' and state.share == 1 and downloads.state('tiny') is state
            spec = downloads.catalog.get('tiny')
            assert spec.path == downloads.settings.models_path / 'tiny'
            assert (spec.path / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
            assert not (spec.path / 'model.ckpt').exists() and not (spec.path / 'README.md').exists()
            assert downloads.space_used() >= spec.size_on_disk > 3 * CHUNK
            with pytest.raises(InvalidInput, match='here already'):
                await downloads.start('tiny')


async def test_progress_is_true_and_pause_keeps_what_came(tmp_path: Path) -> None:
    with HubStandIn(repository(tmp_path), holds_at=2 * CHUNK) as hub:
        async with downloads_with(settings_for(tmp_path, hub)) as downloads:
            await downloads.start('tiny')
            state = downloads.state('tiny')
            part = downloads.settings.models_path / '.downloads' / 'tiny' / 'files' / f'{WEIGHTS}.part'
            await until(lambda: part.exists() and part.stat().st_size >= 2 * CHUNK)
            await downloads.pause('tiny')
            assert state.status == 'paused'
            small = sum(len(hub.files[name]) for name in ('model_index.json', 'unet/config.json'))
            assert state.done == part.stat().st_size + small
            assert not any(spec.id == 'tiny' and spec.path for spec in downloads.catalog.specs())
            hub.released.set()
            hub.holds_at = None
            await downloads.resume('tiny')
            assert await over(state) == 'installed'
            assert hub.served[-1][1] == 2 * CHUNK


async def test_a_broken_connection_is_taken_up_where_it_broke(tmp_path: Path) -> None:
    with HubStandIn(repository(tmp_path), breaks_after=[2 * CHUNK, CHUNK]) as hub:
        async with downloads_with(settings_for(tmp_path, hub)) as downloads:
            await downloads.start('tiny')
            assert await over(downloads.state('tiny')) == 'installed'
            starts = [start for name, start, _ in hub.served if name == WEIGHTS]
            assert len(starts) == 3 and starts[0] == 0 < starts[1] < starts[2]


async def test_a_killed_download_sends_at_most_one_chunk_again(tmp_path: Path) -> None:
    with HubStandIn(repository(tmp_path, megabytes=8), holds_at=4 * CHUNK) as hub:
        settings = settings_for(tmp_path, hub)
        part = settings.models_path / '.downloads' / 'tiny' / 'files' / f'{WEIGHTS}.part'
        child = await asyncio.create_subprocess_exec(sys.executable, '-c', CHILD, str(settings.data_dir), hub.endpoint)
        try:
            await until(lambda: part.exists() and part.stat().st_size >= 3 * CHUNK)
        finally:
            child.send_signal(signal.SIGKILL)
            await child.wait()
        had = part.stat().st_size
        hub.holds_at = None
        hub.released.set()
        async with downloads_with(settings) as downloads:
            state = downloads.state('tiny')
            assert state.status == 'paused' and state.done >= had
            await downloads.start('tiny')
            assert await over(state) == 'installed'
            start = hub.served[-1][1]
            assert start == had and 4 * CHUNK - start <= CHUNK
            await until(lambda: start + hub.served[-1][2] == len(hub.files[WEIGHTS]))


CHILD = """
import asyncio, sys
from pathlib import Path
from ourvidz.models.catalog import Catalog
from ourvidz.models.downloads import Downloads
from ourvidz.settings import Settings

async def main():
    settings = Settings(data_dir=Path(sys.argv[1]), hub_endpoint=sys.argv[2])
    catalog = Catalog(settings)
    await catalog.rescan()
    await Downloads(catalog, settings).start('tiny')
    await asyncio.sleep(300)

asyncio.run(main())
"""


async def test_a_wrong_checksum_is_never_loaded(tmp_path: Path) -> None:
    with HubStandIn(repository(tmp_path), is_damaged=True) as hub:
        async with downloads_with(settings_for(tmp_path, hub)) as downloads:
            await downloads.start('tiny')
            state = downloads.state('tiny')
            assert await over(state) == 'failed' and 'checksum is wrong' in state.error
            assert not downloads.catalog.get('tiny').is_installed
            assert not (downloads.settings.models_path / 'tiny').exists()
            hub.is_damaged = False
            await downloads.start('tiny')
            assert await over(state) == 'installed' and state.error == ''


async def test_a_hub_that_cannot_skip_begins_anew(tmp_path: Path) -> None:
    with HubStandIn(repository(tmp_path), breaks_after=[2 * CHUNK], knows_ranges=False) as hub:
        async with downloads_with(settings_for(tmp_path, hub)) as downloads:
            await downloads.start('tiny')
            assert await over(downloads.state('tiny')) == 'installed'


async def test_gated_models_say_what_to_do_and_tokens_stay_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with HubStandIn(repository(tmp_path), token=SECRET) as hub:
        async with downloads_with(settings_for(tmp_path, hub)) as downloads:
            with pytest.raises(Refused, match=r'Accept its licence at .*me/tiny, then set OURVIDZ_HUB_TOKEN'):
                await downloads.start('tiny')
            assert downloads.state('tiny').status == 'failed' and 'account' in downloads.state('tiny').error
        async with downloads_with(settings_for(tmp_path, hub, token='hf_wrong')) as downloads:
            with pytest.raises(Refused, match='Your token does not open Tiny'):
                await downloads.start('tiny')
        async with downloads_with(settings_for(tmp_path, hub, token=SECRET)) as downloads:
            await downloads.start('tiny')
            assert await over(downloads.state('tiny')) == 'installed'
        store = {path: token for path, token in hub.tokens.items() if path.startswith('/store/')}
        assert store and not any(store.values())
    assert SECRET not in caplog.text and 'hf_wrong' not in caplog.text
    assert SECRET not in repr(downloads.settings)


async def test_too_little_disk_is_said_before_the_first_byte(tmp_path: Path) -> None:
    with HubStandIn(repository(tmp_path), announced={WEIGHTS: 10**16}) as hub:
        async with downloads_with(settings_for(tmp_path, hub)) as downloads:
            with pytest.raises(StorageFull, match='more on the disk'):
                await downloads.start('tiny')
            assert hub.served == []


async def test_a_folder_that_cannot_be_written_to_is_told_and_can_be_tried_again(tmp_path: Path) -> None:
    with HubStandIn(repository(tmp_path)) as hub:
        async with downloads_with(settings_for(tmp_path, hub)) as downloads:
            downloads.settings.models_path.mkdir(parents=True, exist_ok=True)
            in_the_way = downloads._folder('tiny').parent
            in_the_way.write_bytes(b'')
            with pytest.raises(Refused, match='cannot be written to'):
                await downloads.start('tiny')
            assert downloads.state('tiny').status != 'starting'
            in_the_way.unlink()
            await downloads.start('tiny')


async def test_offline_means_offline(tmp_path: Path) -> None:
    with HubStandIn(repository(tmp_path)) as hub:
        async with downloads_with(settings_for(tmp_path, hub, is_offline=True)) as downloads:
            with pytest.raises(Refused, match='offline'):
                await downloads.start('tiny')
        assert hub.tokens == {}


async def test_cancel_throws_away_and_remove_deletes(tmp_path: Path) -> None:
    with HubStandIn(repository(tmp_path), holds_at=CHUNK) as hub:
        async with downloads_with(settings_for(tmp_path, hub)) as downloads:
            state = downloads.state('tiny')
            await downloads.start('tiny')
            await until(lambda: any(name == WEIGHTS for name, *_ in hub.served))
            await downloads.cancel('tiny')
            assert state.status == 'absent' and state.done == 0
            hub.holds_at = None
            hub.released.set()
            await downloads.start('tiny')
            assert await over(state) == 'installed'
            await downloads.remove('tiny')
            assert state.status == 'absent' and not downloads.catalog.get('tiny').is_installed
            assert not (downloads.settings.models_path / 'tiny').exists()


async def test_only_own_models_are_removed(tmp_path: Path) -> None:
    with HubStandIn({}) as hub:
        settings = settings_for(tmp_path, hub).model_copy(update={'more_model_dirs': (tmp_path / 'other',)})
        (tmp_path / 'other' / 'theirs' / 'unet').mkdir(parents=True)
        (tmp_path / 'other' / 'theirs' / 'model_index.json').write_text('{"_class_name": "WanPipeline"}')
        async with downloads_with(settings) as downloads:
            with pytest.raises(Refused, match='another tool'):
                await downloads.remove('theirs')
            with pytest.raises(NotFound):
                await downloads.remove('nothing')
            await downloads.remove('tiny')


async def test_hubs_that_are_lost_busy_or_malicious(tmp_path: Path) -> None:
    with HubStandIn(repository(tmp_path)) as hub:
        async with downloads_with(settings_for(tmp_path, hub)) as downloads:
            hub.busy = 1
            with pytest.raises(Refused, match='busy'):
                await downloads.start('tiny')
            hub.extra = [{'type': 'file', 'path': '../../evil.json', 'size': 1, 'oid': 'x'}]
            with pytest.raises(BrokenModel, match='outside the model'):
                await downloads.start('tiny')
            hub.extra = []
            del hub.files[WEIGHTS]
            with pytest.raises(BrokenModel, match=r'no \.safetensors'):
                await downloads.start('tiny')
        settings = downloads.settings.model_copy(update={'hub_endpoint': 'http://127.0.0.1:9'})
    async with downloads_with(settings) as downloads:
        with pytest.raises(Refused, match='cannot be reached'):
            await downloads.start('tiny')


async def test_only_the_weights_of_the_variant_are_fetched(tmp_path: Path) -> None:
    with HubStandIn({}) as hub:
        async with downloads_with(settings_for(tmp_path, hub)) as downloads:
            base = downloads.catalog.get('sdxl-base')
    needed = {
        'unet/diffusion_pytorch_model.fp16.safetensors': True,
        'unet/diffusion_pytorch_model.safetensors': False,
        'unet/config.json': True,
        'tokenizer/merges.txt': True,
        'sd_xl_base_1.0.safetensors': False,
        'vae_1_0/diffusion_pytorch_model.fp16.safetensors': False,
        'text_encoder_2/model.onnx': False,
        'unet/openvino_model.bin': False,
        'unet/model.bin': False,
        'README.md': False,
    }
    assert {name: is_needed(name, base) for name in needed} == needed


async def test_an_addition_is_one_folder_of_its_repository(tmp_path: Path) -> None:
    files = {f'inside/{name}': data for name, data in repository(tmp_path).items()} | {'other/big.safetensors': b'x'}
    with HubStandIn(files) as hub:
        settings = settings_for(tmp_path, hub)
        own = settings.data_dir / 'models' / 'catalog.toml'
        own.write_text(own.read_text() + 'subfolder = "inside"\n')
        async with downloads_with(settings) as downloads:
            await downloads.start('tiny')
            assert await over(downloads.state('tiny')) == 'installed'
            assert (settings.models_path / 'tiny' / WEIGHTS).exists()
        assert not any(name.startswith('other') for name, *_ in hub.served)
