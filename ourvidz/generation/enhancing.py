"""What a language model is told so that it writes a prompt, and what is made of its answer."""

import re
from dataclasses import replace

from ourvidz.engine.messages import ModelSource, TextRun
from ourvidz.generation.request import Content, Enhancement, GenerationRequest, Mode
from ourvidz.models.spec import ModelSpec

SHORTEST = 10
LONGEST = 1_500
FAITHFUL_TEMPERATURE = 0.4
FAITHFUL_PENALTY = 1.0
"""A small model that was trained to keep the words must not be kept from repeating them."""

TASKS = {
    'sdxl': 'a prompt for the image model SDXL: comma-separated phrases, the subject first, then place, light, lens, '
    'mood and quality, at most 50 words',
    'image': 'a prompt for an image model: two or three flowing sentences on subject, place, light, composition and '
    'mood, at most 90 words',
    'video': 'a prompt for a video model: one flowing paragraph on the subject, the scene, one single motion, the '
    'camera and the style, at most 80 words',
}
RULES = (
    'Keep every thing that the person names, with its number, colour and place. Add no people that are not asked for. '
    'Answer with the prompt alone: no quotes, no headings, no explanations.'
)
RATINGS = {
    Content.SFW: 'Everything must be fit for all ages.',
    Content.NSFW: 'Adults only may be shown in adult content; never anyone who is or looks under age.',
}
EXAMPLES = {
    Mode.IMAGE: (
        'Wish: a cat on a roof\n'
        'Prompt: a ginger cat sitting on a tiled roof, old town behind it, soft evening light\n\n'
        'Wish: a ship\n'
        'Prompt: a tall sailing ship on a stormy sea, white foam, dark clouds, dramatic light, wide view, fine detail\n'
    ),
    Mode.VIDEO: (
        'Wish: a cat on a roof\n'
        'Prompt: A ginger cat walks slowly along a tiled roof in an old town at dusk while the camera follows it from '
        'the side, warm cinematic light.\n\n'
        'Wish: a ship\n'
        'Prompt: A tall sailing ship rises and falls on a stormy sea under dark clouds as the camera slowly moves '
        'closer, dramatic light.\n'
    ),
}


def text_run(request: GenerationRequest, *, writer: ModelSpec, drawer: ModelSpec, run_id: str) -> TextRun:
    """The run that writes the enhanced prompt: a chat for Instruct, examples to go on from for Base."""
    assert writer.path is not None
    source = ModelSource(
        id=writer.id, title=writer.title, family=writer.family, pipeline=writer.pipeline, path=writer.path
    )
    if request.enhancement is Enhancement.INSTRUCT:
        run = TextRun(run_id=run_id, model=source, messages=_chat(request, drawer))
    else:
        run = TextRun(run_id=run_id, model=source, prompt=_continuation(request, writer), stop=('\n',))
    if not writer.completion:
        return run
    return replace(run, temperature=FAITHFUL_TEMPERATURE, repetition_penalty=FAITHFUL_PENALTY)


def tidied(text: str) -> str:
    """The prompt in an answer, without thoughts, headings, quotes and line breaks."""
    text = re.sub(r'<think>.*?(</think>|$)', '', text, flags=re.DOTALL)
    text = re.sub(r'^\s*(sure|certainly|here(’|\')?s|here is)\b[^\n:]*:\s*', '', text, flags=re.IGNORECASE)
    text = re.sub(r'^\s*\**(enhanced |full )?prompt\**\s*:\**\s*', '', text, flags=re.IGNORECASE)
    text = ' '.join(text.split())
    return text.strip('"“”\'` ')


def because_unusable(text: str, prompt: str) -> str:
    """Why the text is no prompt, '' if it is one."""
    if len(text) < SHORTEST:
        return 'the text model wrote nothing.' if not text else 'the text model wrote too little.'
    if len(text) > LONGEST:
        return 'the text model wrote far too much.'
    if re.match(r"(i'?m sorry|i can(no|')t|as an ai|i am unable)", text, flags=re.IGNORECASE):
        return 'the text model refused.'
    if text.casefold() == prompt.strip().casefold():
        return 'the text model changed nothing.'
    return ''


def _chat(request: GenerationRequest, drawer: ModelSpec) -> tuple[tuple[str, str], ...]:
    task = TASKS['video'] if request.mode is Mode.VIDEO else TASKS.get(drawer.family, TASKS['image'])
    system = f'You turn a short wish into {task}. {RULES} {RATINGS[request.content]}'
    return ('system', system), ('user', request.prompt)


def _continuation(request: GenerationRequest, writer: ModelSpec) -> str:
    wish = ' '.join(request.prompt.split())
    if writer.completion:
        return writer.completion.format(wish=wish.lower())
    head = f'Wishes turned into rich prompts for {request.mode}s. {RATINGS[request.content]}'
    return f'{head}\n\n{EXAMPLES[request.mode]}\nWish: {wish}\nPrompt:'
