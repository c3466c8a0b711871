"""A language model writes on: as a chat, as a continuation, until a stop word, until it is cancelled."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ourvidz.engine.messages import ModelSource, Report, RunCancelled, RunFinished, TextGrew, TextRun
from ourvidz.engine.process import EngineProcess
from ourvidz.errors import BrokenModel
from ourvidz.models.catalog import EMBEDDED_DIR
from tests.language_checkpoints import tiny_qwen

pytestmark = pytest.mark.asyncio(loop_scope='session')


@pytest.fixture(scope='module')
def chat_model(tmp_path_factory: pytest.TempPathFactory) -> ModelSource:
    return source(tiny_qwen(tmp_path_factory.mktemp('chat') / 'tiny-chat'))


def source(path: Path) -> ModelSource:
    return ModelSource(id=path.name, title=path.name, family='qwen', pipeline='causal-lm', path=path)


async def reports_of(engine: EngineProcess, run: TextRun) -> list[Report]:
    return [report async for report in engine.run(run)]


def text_of(reports: list[Report]) -> str:
    return ''.join(report.text for report in reports if isinstance(report, TextGrew))


async def test_text_comes_piece_by_piece_and_the_same_seed_writes_the_same(
    engine: EngineProcess, chat_model: ModelSource
) -> None:
    run = TextRun(run_id='chat', model=chat_model, messages=(('user', 'a fox'),), max_new_tokens=30, seed=3)
    first, second = await reports_of(engine, run), await reports_of(engine, run)
    assert isinstance(first[-1], RunFinished)
    assert len([report for report in first if isinstance(report, TextGrew)]) > 3
    assert text_of(first) == text_of(second)


async def test_it_stops_at_a_stop_word(engine: EngineProcess, chat_model: ModelSource) -> None:
    run = TextRun(run_id='a', model=chat_model, prompt='Wish: a fox\nPrompt:', max_new_tokens=40, temperature=0)
    whole = text_of(await reports_of(engine, run)).lstrip()
    stop = whole[4]
    stopped = TextRun(run_id='b', model=chat_model, prompt=run.prompt, max_new_tokens=40, temperature=0, stop=(stop,))
    text = text_of(await reports_of(engine, stopped)).lstrip()
    assert stop not in text
    assert whole.startswith(text)


async def test_it_is_cancelled_within_a_token(engine: EngineProcess, chat_model: ModelSource) -> None:
    run = TextRun(run_id='long', model=chat_model, prompt='Wish:', max_new_tokens=1500, temperature=0)
    reports = []
    async for report in engine.run(run):
        reports.append(report)
        if isinstance(report, TextGrew):
            await engine.cancel('long')
    assert isinstance(reports[-1], RunCancelled)


async def test_a_base_model_cannot_chat_and_says_so(engine: EngineProcess, tmp_path: Path) -> None:
    base = source(tiny_qwen(tmp_path / 'tiny-base', can_chat=False))
    with pytest.raises(BrokenModel, match='cannot chat'):
        await reports_of(engine, TextRun(run_id='base', model=base, messages=(('user', 'a fox'),)))


@pytest.mark.parametrize(
    'asked', [{'messages': (('user', 'A red car'),)}, {'prompt': 'short: a red car\nfull:'}], ids=str
)
async def test_the_embedded_model_keeps_the_words_and_adds_to_them(
    engine: EngineProcess, asked: dict[str, Any]
) -> None:
    run = TextRun(run_id='embedded', model=source(EMBEDDED_DIR / 'spark-text'), stop=('\n',), temperature=0, **asked)
    text = text_of(await reports_of(engine, replace(run, repetition_penalty=1.0))).strip()
    assert text.startswith('a red car ') and 6 < len(text.split()) < 20
