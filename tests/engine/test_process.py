"""The engine process is cancelled, killed and stopped, and the next run works."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import torch

from ourvidz.engine.messages import FileMade, ModelSource, Noted, RunCancelled, RunFinished, StepProgressed
from ourvidz.engine.process import EngineProcess
from ourvidz.errors import EngineDied, OutOfMemory
from tests.engine.runs import files, hear, image_run

pytestmark = pytest.mark.asyncio(loop_scope='session')


async def test_a_run_is_cancelled_within_a_step_and_the_next_one_works(
    engine: EngineProcess, sdxl: ModelSource, staging: Path
) -> None:
    run = image_run(sdxl, staging, num_inference_steps=900)
    steps, last = 0, None
    async for last in engine.run(run):
        if isinstance(last, StepProgressed):
            steps = last.step
            await engine.cancel(run.run_id)

    assert last == RunCancelled(run_id=run.run_id)
    assert 0 < steps < 900
    assert not list(staging.iterdir())
    assert len(await files(engine, image_run(sdxl, staging))) == 1


async def test_it_gives_way_to_the_pages(engine: EngineProcess, sdxl: ModelSource, staging: Path) -> None:
    await files(engine, image_run(sdxl, staging))
    assert psutil.Process(engine.pid).nice() == min(psutil.Process().nice() + 5, 19)


async def test_a_run_that_waits_can_be_cancelled(engine: EngineProcess, sdxl: ModelSource, staging: Path) -> None:
    first, second = image_run(sdxl, staging, num_inference_steps=900), image_run(sdxl, staging)
    at_work = asyncio.create_task(hear(engine, first))
    waiting = asyncio.create_task(hear(engine, second))
    await asyncio.sleep(0)
    await engine.cancel(second.run_id)
    await engine.cancel(first.run_id)
    while not at_work.done():
        await engine.cancel(first.run_id)
        await asyncio.sleep(0.05)

    assert (await at_work)[-1] == RunCancelled(run_id=first.run_id)
    assert await waiting == [RunCancelled(run_id=second.run_id)]


async def test_a_run_can_be_cancelled_while_the_process_is_only_starting(sdxl: ModelSource, staging: Path) -> None:
    engine, run = EngineProcess(device='cpu'), image_run(sdxl, staging)
    try:
        early = asyncio.create_task(hear(engine, run))
        await asyncio.sleep(0)
        await engine.cancel(run.run_id)
        assert await early == [RunCancelled(run_id=run.run_id)]
    finally:
        await engine.stop()


async def test_a_device_that_is_not_there_is_told_in_words() -> None:
    engine = EngineProcess(device='mps' if torch.cuda.is_available() else 'cuda')
    try:
        with pytest.raises(EngineDied) as caught:
            await engine.ready()
        assert 'OURVIDZ_DEVICE' in caught.value.message
    finally:
        await engine.stop()


async def test_who_stops_listening_cancels_the_run(engine: EngineProcess, sdxl: ModelSource, staging: Path) -> None:
    run = image_run(sdxl, staging, num_inference_steps=900)
    reports = engine.run(run)
    async for report in reports:
        if isinstance(report, StepProgressed):
            break
    await reports.aclose()  # type: ignore[attr-defined]

    after = await hear(engine, image_run(sdxl, staging))
    assert {report.run_id for report in after}.isdisjoint({run.run_id})
    assert isinstance(after[-1], RunFinished)
    assert len(list(staging.glob('*.png'))) == 1


async def test_a_killed_process_is_reported_and_starts_afresh(sdxl: ModelSource, staging: Path) -> None:
    """The process also believes that its memory is small: six pictures are made in smaller batches."""
    engine = EngineProcess(device='cpu', memory_limit=4_000_000)
    with pytest.raises(EngineDied, match='signal 9'):
        async for report in engine.run(image_run(sdxl, staging, num_inference_steps=900)):
            if isinstance(report, StepProgressed) and report.step == 1 and engine.pid:
                os.kill(engine.pid, signal.SIGKILL)

    reports = await hear(engine, image_run(sdxl, staging, 1, 2, 3, 4, 5, 6))
    assert len([report for report in reports if isinstance(report, FileMade)]) == 6
    assert any('at a time' in report.text for report in reports if isinstance(report, Noted))
    assert isinstance(reports[-1], RunFinished)

    with pytest.raises(OutOfMemory, match='does not fit'):
        await hear(engine, image_run(sdxl, staging, width=4096, height=4096))
    again = await hear(engine, image_run(sdxl, staging, 1, 2, 3, 4, 5, 6))
    assert len([report for report in again if isinstance(report, FileMade)]) == 6
    await engine.stop()


async def test_an_engine_that_hangs_is_killed_once_its_run_is_cancelled(sdxl: ModelSource, staging: Path) -> None:
    engine = EngineProcess(device='cpu', patience_seconds=0.1)
    run = image_run(sdxl, staging, num_inference_steps=900)
    with pytest.raises(EngineDied, match='signal 9'):
        async for report in engine.run(run):
            if isinstance(report, StepProgressed) and report.step == 1 and engine.pid:
                os.kill(engine.pid, signal.SIGSTOP)
                await engine.cancel(run.run_id)
    await engine.stop()


async def test_stop_leaves_no_process_behind(tmp_path: Path) -> None:
    engine = EngineProcess(device='cpu')
    await engine.start()
    pid = engine.pid
    await engine.stop()

    assert pid is not None and not psutil.pid_exists(pid)
    assert engine.pid is None


async def test_the_process_ends_with_its_parent() -> None:
    program = (
        'import asyncio, os\n'
        'from ourvidz.engine.process import EngineProcess\n'
        'async def main():\n'
        "    engine = EngineProcess(device='cpu')\n"
        '    await engine.start()\n'
        '    print(engine.pid, flush=True)\n'
        '    os.kill(os.getpid(), 9)\n'
        'asyncio.run(main())\n'
    )
    parent = await asyncio.to_thread(
        subprocess.run, [sys.executable, '-c', program], capture_output=True, text=True, timeout=60, check=False
    )
    pid = int(parent.stdout)
    await asyncio.to_thread(_wait_for_end, pid)


def _wait_for_end(pid: int) -> None:
    try:
        psutil.Process(pid).wait(timeout=60)
    except psutil.NoSuchProcess:
        return


async def test_the_web_process_never_loads_torch() -> None:
    program = "import sys; import ourvidz.engine.process; print(any(m in sys.modules for m in ('torch', 'diffusers')))"
    told = await asyncio.to_thread(subprocess.check_output, [sys.executable, '-c', program], text=True)
    assert told.strip() == 'False'
