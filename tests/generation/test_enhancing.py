"""What a language model is told, and what is made of its answer."""

from pathlib import Path

import pytest

from ourvidz.engine.process import EngineProcess
from ourvidz.generation.enhancer import Enhancer
from ourvidz.generation.enhancing import because_unusable, text_run, tidied
from ourvidz.generation.request import GenerationRequest
from ourvidz.models.catalog import Catalog
from ourvidz.models.spec import ModelSpec
from ourvidz.settings import Settings

QWEN = ModelSpec(id='qwen', title='Qwen', kind='text', family='qwen', pipeline='causal-lm', path=Path('qwen'))
SDXL = ModelSpec(id='sdxl', title='SDXL', kind='image', family='sdxl', pipeline='StableDiffusionXLPipeline')
WAN = ModelSpec(id='wan', title='Wan', kind='video', family='wan', pipeline='WanPipeline')


def told(request: GenerationRequest, drawer: ModelSpec) -> str:
    run = text_run(request, writer=QWEN, drawer=drawer, run_id='run')
    return '\n'.join(content for _, content in run.messages) or run.prompt


def test_an_instruct_model_is_told_the_task_of_the_family() -> None:
    image = told(GenerationRequest(prompt='a fox', enhancement='instruct'), SDXL)
    video = told(GenerationRequest(prompt='a fox', enhancement='instruct', mode='video', variations=1), WAN)
    assert 'comma-separated' in image
    assert 'one single motion' in video
    assert image.endswith('a fox')


def test_a_base_model_goes_on_from_examples_and_stops_at_the_line() -> None:
    request = GenerationRequest(prompt='a fox\nin the snow', enhancement='base')
    run = text_run(request, writer=QWEN, drawer=SDXL, run_id='run')
    assert run.prompt.endswith('Wish: a fox in the snow\nPrompt:')
    assert run.stop == ('\n',)
    assert not run.messages


def test_a_small_model_is_asked_in_its_own_form_and_may_repeat_the_words() -> None:
    small = QWEN.model_copy(update={'completion': 'short: {wish}\nfull:'})
    run = text_run(GenerationRequest(prompt='A Fox', enhancement='base'), writer=small, drawer=SDXL, run_id='run')
    assert run.prompt == 'short: a fox\nfull:' and run.repetition_penalty == 1.0


def test_the_rating_is_part_of_what_it_is_told() -> None:
    sfw = told(GenerationRequest(prompt='a fox', enhancement='instruct'), SDXL)
    nsfw = told(GenerationRequest(prompt='a fox', enhancement='instruct', content='nsfw'), SDXL)
    assert 'all ages' in sfw
    assert 'never anyone who is or looks under age' in nsfw


@pytest.mark.parametrize(
    ('answer', 'prompt'),
    [
        ('"A red fox in the snow."', 'A red fox in the snow.'),
        ('<think>The person wants…</think>\n\nA red fox', 'A red fox'),
        ('<think>still at it', ''),
        ('Sure, here is a prompt:\nA red fox', 'A red fox'),
        ("Here's the enhanced prompt: A red fox", 'A red fox'),
        ('**Prompt:** A red fox,\n  snow', 'A red fox, snow'),
        ('Prompt: A red fox', 'A red fox'),
    ],
)
def test_an_answer_is_tidied(answer: str, prompt: str) -> None:
    assert tidied(answer) == prompt


@pytest.mark.parametrize(
    ('text', 'because'),
    [
        ('', 'nothing'),
        ('fox', 'too little'),
        ("I'm sorry, but I can't help with that.", 'refused'),
        ('As an AI, I do not draw.', 'refused'),
        ('A FOX IN SNOW', 'changed nothing'),
        ('fox ' * 500, 'far too much'),
        ('a red fox in deep snow', ''),
    ],
)
def test_what_is_no_prompt_is_not_used_and_says_why(text: str, because: str) -> None:
    found = because_unusable(text, 'a fox in snow')
    assert because in found
    assert bool(because) == bool(found)


@pytest.mark.parametrize(
    ('text', 'fields'),
    [
        ('a schoolgirl in a field', {'prompt': 'somebody', 'style': 'lingerie'}),
        ('a child in a field', {'prompt': 'somebody', 'content': 'nsfw'}),
        ('a naked woman in a field', {'prompt': 'a woman'}),
    ],
)
def test_what_the_model_adds_is_read_with_all_else(text: str, fields: dict[str, str], tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    enhancer = Enhancer(
        catalog=Catalog(settings), engine=EngineProcess(device='cpu', memory_record=tmp_path / 'm.json')
    )
    request = GenerationRequest.model_validate(fields | {'enhancement': 'base'})
    assert 'not allowed here' in enhancer.because_unusable(text, request, SDXL)
