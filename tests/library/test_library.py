"""What comes into the library, what is hidden, deleted and brought back."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from ourvidz.errors import NotFound
from ourvidz.library.library import Library
from ourvidz.library.tables import OWNER_ID, WORKSPACE_ID, Asset, AssetStatus, Job, JobStatus, now
from tests.library.making import add_asset, add_job, files_in, made

LONG_AGO = now() - timedelta(days=365)


async def test_a_finished_picture_becomes_an_asset_and_is_told_once(library: Library) -> None:
    told: list[list[Asset]] = []
    library.ASSETS_READY.subscribe(lambda assets: told.append(assets))
    job = await add_job(library, model='spark', request={'quality': 'high', 'negative_prompt': 'rain', 'variations': 3})
    asset = await library.record(job, made(library, job, 2), details={'parameters': {'steps': 4}, 'is_blurred': True})
    kept = await library.asset(asset.id)
    assert (kept.seed, kept.position, kept.model, kept.quality, kept.negative_prompt) == (9, 2, 'spark', 'high', 'rain')
    assert (kept.parameters, kept.is_blurred, kept.placeholder, kept.content_score) == ({'steps': 4}, True, 'abc', 0.1)
    assert kept.file_size == library.files.path(kept, 'original').stat().st_size
    assert [[asset.id for asset in assets] for assets in told] == [[asset.id]]


async def test_the_last_picture_ends_its_job(library: Library) -> None:
    job = await add_job(library, request={'variations': 3})
    first = await add_asset(library, job, 2)
    await library.delete([first.id])
    await add_asset(library, job, 0)
    assert (await library.job(job.id)).status is JobStatus.PROCESSING
    await add_asset(library, job, 1)
    ended = await library.job(job.id)
    assert ended.status is JobStatus.COMPLETED and ended.finished_at is not None


async def test_the_last_picture_of_a_cancelled_job_leaves_it_cancelled(library: Library) -> None:
    job = await add_job(library, request={'variations': 1}, status=JobStatus.CANCELLED)
    await add_asset(library, job)
    assert (await library.job(job.id)).status is JobStatus.CANCELLED


async def test_what_was_just_recorded_is_read_as_it_is_after_every_change(library: Library) -> None:
    asset = await add_asset(library, await add_job(library))
    assert not (await library.asset(asset.id)).is_blurred
    await library.set_blurred([asset.id], is_blurred=True)
    assert (await library.asset(asset.id)).is_blurred
    job = await add_job(library)
    recorded, _ = await asyncio.gather(
        library.record(job, made(library, job), details={}), library.delete_jobs([job.id])
    )
    with pytest.raises(NotFound):
        await library.asset(recorded.id)


async def test_a_place_of_a_job_is_filled_once(library: Library) -> None:
    job = await add_job(library)
    first = await add_asset(library, job)
    second = await add_asset(library, job)
    assert second.id == first.id
    assert len(files_in(library.files.library_dir)) == 3
    assert files_in(library.files.staging_dir) == set()


async def test_a_picture_that_was_deleted_or_lost_can_be_made_anew(library: Library) -> None:
    job = await add_job(library)
    deleted, lost = await add_asset(library, job, 0), await add_asset(library, job, 1)
    await library.delete([deleted.id])
    library.files.path(lost, 'original').unlink()
    await library.reconcile()
    anew = [await add_asset(library, job, position) for position in (0, 1)]
    assert [asset.id for asset in (await library.assets_of([job.id]))[job.id]] == [asset.id for asset in anew]
    assert len(files_in(library.files.library_dir)) == 6


async def test_a_picture_without_job_is_refused_and_leaves_nothing(library: Library) -> None:
    with pytest.raises(NotFound):
        await add_asset(library, Job(mode='image', request={}, prompt='', seed=1, rank=1))
    assert files_in(library.files.library_dir) == files_in(library.files.staging_dir) == set()


async def test_a_detail_that_no_asset_has_is_refused(library: Library) -> None:
    with pytest.raises(ValueError, match='colour'):
        await add_asset(library, await add_job(library), colour='red')


async def test_references_that_a_job_or_a_form_names_are_in_use(library: Library) -> None:
    of_job, of_form = 'a' * 32, 'b' * 32
    await add_job(library, request={'quality': 'high', 'start_frame_id': of_job})
    await library.save_form(OWNER_ID, {'prompt': 'a fox', 'style_reference': of_form, 'reference': None})
    assert await library.references_in_use() == {of_job, of_form}


async def test_a_picture_is_recorded_even_if_its_maker_is_cancelled(library: Library) -> None:
    job = await add_job(library)
    maker = asyncio.create_task(library.record(job, made(library, job), details={}))
    await asyncio.sleep(0)
    maker.cancel()
    await asyncio.gather(maker, return_exceptions=True)
    async with library.database.writing():
        pass
    [asset] = (await library.assets_of([job.id]))[job.id]
    assert library.files.path(asset, 'original').is_file()


async def test_what_is_dismissed_stays_in_the_library_and_comes_back(library: Library) -> None:
    changed: list[list[Asset]] = []
    library.ASSETS_CHANGED.subscribe(lambda assets: changed.append(assets))
    asset = await add_asset(library, await add_job(library))
    await library.dismiss([asset.id])
    assert (await library.asset(asset.id)).dismissed_at is not None
    assert (await library.page(is_dismissed=False)).items == []
    assert await library.assets_of([asset.job_id], with_hidden=False) == {asset.job_id: []}
    assert await library.dismiss([asset.id]) == []
    await library.restore([asset.id])
    assert (await library.page(is_dismissed=False)).items[0].id == asset.id
    assert [assets[0].dismissed_at is None for assets in changed] == [False, True]


async def test_what_is_deleted_is_gone_for_everyone_but_undelete(library: Library) -> None:
    asset = await add_asset(library, await add_job(library))
    await library.delete([asset.id])
    with pytest.raises(NotFound):
        await library.asset(asset.id)
    assert (await library.page()).items == []
    assert await library.dismiss([asset.id]) == await library.restore([asset.id]) == []
    assert (await library.assets_of([asset.job_id]))[asset.job_id] == []
    await library.undelete([asset.id])
    assert (await library.asset(asset.id)).id == asset.id


async def test_a_purge_removes_files_and_rows_of_what_was_deleted_before(library: Library) -> None:
    job, whole = await add_job(library), await add_job(library)
    kept, deleted = await add_asset(library, job, 0), await add_asset(library, job, 1)
    await add_asset(library, whole)
    await library.delete([deleted.id])
    await library.delete_jobs([whole.id])
    library.files.path(deleted, 'original').unlink()
    (library.files.path(deleted, 'original') / 'a folder in its place').mkdir(parents=True)
    assert await library.purge(now() - timedelta(hours=1)) == 0
    assert await library.purge(now()) == 2
    assert files_in(library.files.library_dir) == {
        kept.path, *(kept.path.replace('.png', f'.{name}.webp') for name in ('preview', 'thumbnail'))
    }  # fmt: skip
    with pytest.raises(NotFound, match='gone for good'):
        await library.undelete([deleted.id])
    with pytest.raises(NotFound, match='gone for good'):
        await library.undelete_jobs([whole.id])


async def test_a_job_goes_and_comes_back_with_all_its_pictures(library: Library) -> None:
    told: list[list[Job]] = []
    library.JOBS_CHANGED.subscribe(lambda jobs: told.append(jobs))
    job = await add_job(library, status=JobStatus.COMPLETED)
    first, second = await add_asset(library, job, 0), await add_asset(library, job, 1)
    await library.dismiss([first.id])
    assert [asset.id for asset in await library.dismiss_jobs([job.id])] == [second.id]
    assert await library.jobs_since(WORKSPACE_ID, LONG_AGO) == []
    await library.restore_jobs([job.id])
    assert [asset.id for asset in (await library.page(is_dismissed=True)).items] == [first.id]
    await library.delete_jobs([job.id])
    with pytest.raises(NotFound):
        await library.job(job.id)
    assert (await library.jobs_page()).items == []
    assert len(await library.undelete_jobs([job.id])) == 2
    assert [shown.id for shown in await library.jobs_since(WORKSPACE_ID, LONG_AGO)] == [job.id]
    assert len(told) == 4


async def test_a_picture_brought_back_brings_its_job_back(library: Library) -> None:
    job = await add_job(library, status=JobStatus.COMPLETED)
    first, second = await add_asset(library, job, 0), await add_asset(library, job, 1)
    await library.dismiss_jobs([job.id])
    await library.restore([second.id])
    assert [shown.id for shown in await library.jobs_since(WORKSPACE_ID, LONG_AGO)] == [job.id]
    assert [asset.id for asset in (await library.page(is_dismissed=True)).items] == [first.id]


async def test_what_a_deleted_job_still_makes_is_deleted_with_it(library: Library) -> None:
    ready: list[list[Asset]] = []
    library.ASSETS_READY.subscribe(lambda assets: ready.append(assets))
    job = await add_job(library)
    await library.delete_jobs([job.id])
    asset = await add_asset(library, job)
    assert ready == []
    with pytest.raises(NotFound):
        await library.asset(asset.id)
    await library.undelete_jobs([job.id], assets=[])
    assert (await library.asset(asset.id)).id == asset.id


async def test_a_workspace_shows_what_is_new_or_unfinished_and_not_emptied(library: Library) -> None:
    old = now() - timedelta(days=3)
    waiting = await add_job(library, 'waiting', status=JobStatus.QUEUED, created_at=old)
    await add_job(library, 'old', status=JobStatus.FAILED, created_at=old)
    failed = await add_job(library, 'failed', status=JobStatus.FAILED, created_at=now() - timedelta(minutes=1))
    emptied = await add_job(library, 'emptied', status=JobStatus.COMPLETED)
    await library.dismiss([(await add_asset(library, emptied)).id])
    shown = await library.jobs_since(WORKSPACE_ID, now() - timedelta(days=1))
    assert [job.id for job in shown] == [failed.id, waiting.id]
    assert await library.jobs_since('f' * 32, LONG_AGO) == []


async def test_favourites_and_blurring_are_kept(library: Library) -> None:
    asset = await add_asset(library, await add_job(library))
    await library.set_favourite([asset.id], is_favourite=True)
    await library.set_blurred([asset.id], is_blurred=True)
    [found] = (await library.page(is_favourite=True)).items
    assert found.is_blurred
    assert (await library.page(is_favourite=False)).items == []


async def test_a_person_finds_their_form_as_they_left_it(library: Library) -> None:
    assert await library.form(OWNER_ID) == {}
    await library.save_form(OWNER_ID, {'prompt': 'ein Fuchs 🦊', 'variations': 3})
    assert await library.form(OWNER_ID) == {'prompt': 'ein Fuchs 🦊', 'variations': 3}
    with pytest.raises(NotFound):
        await library.save_form('f' * 32, {})


async def test_rows_and_files_are_made_to_agree_and_nothing_is_lost(library: Library, tmp_path: Path) -> None:
    job = await add_job(library)
    kept, lost = await add_asset(library, job, 0), await add_asset(library, job, 1)
    library.files.path(lost, 'original').rename(tmp_path / 'elsewhere.png')
    stray = library.files.library_dir / '2020' / '01' / '01' / 'stray.png'
    stray.parent.mkdir(parents=True)
    stray.write_text('a picture of somebody')
    foreign, unfinished = stray.with_name('.photo.part'), stray.with_name(f'.{"a" * 32}.part')
    for hidden in (foreign, unfinished):
        hidden.write_text('half a rendition')
    made(library, job, 2)
    (library.files.staging_dir / 'run').mkdir()
    reconciled = await library.reconcile()
    assert (reconciled.staged, reconciled.lost, reconciled.found) == (4, (lost.id,), ())
    assert [path.read_text() for path in reconciled.orphans] == ['a picture of somebody']
    assert foreign.exists() and not unfinished.exists()
    failed = await library.asset(lost.id)
    assert failed.status is AssetStatus.FAILED
    assert 'no longer in the library folder' in failed.error
    assert (await library.asset(kept.id)).status is AssetStatus.COMPLETED
    (tmp_path / 'elsewhere.png').rename(library.files.path(lost, 'original'))
    assert (await library.reconcile()).found == (lost.id,)
    assert (await library.asset(lost.id)).error == ''
    assert await library.reconcile() == type(reconciled)(0, (), (), (), ())


async def test_a_file_that_was_cut_is_told_and_whole_again_once_restored(library: Library) -> None:
    asset = await add_asset(library, await add_job(library))
    path = library.files.path(asset, 'original')
    whole = path.read_bytes()
    path.write_bytes(whole[:5])
    assert (await library.reconcile()).damaged == (asset.id,)
    assert 'not whole' in (await library.asset(asset.id)).error
    path.write_bytes(whole)
    assert (await library.reconcile()).found == (asset.id,)
    assert (await library.asset(asset.id)).error == ''
