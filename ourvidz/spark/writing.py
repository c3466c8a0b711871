"""What the writer is worth: measured on held-out wishes with the model as it is shipped, sampled as the app does."""

import random
import re
from pathlib import Path

import torch

from ourvidz.engine.worker.language import LanguageModel
from ourvidz.generation.enhancing import FAITHFUL_PENALTY, FAITHFUL_TEMPERATURE

from .vocabulary import WORDS
from .wishes import SKIES, WHEN, Wish, wish
from .writer import ASKED, CHECKPOINT

MARKS = ('<!-- figures -->', '<!-- /figures -->')
SHOWN = ('subject', 'colour', 'place', 'whole caption', 'all of these')
LONGEST = 60
"""Tokens of an answer."""


def measure_writer(*, prompts: int, folder: Path = CHECKPOINT) -> dict[str, float]:
    """Shares of held-out wishes whose words survive by attribute, and whose answer is a whole caption; the model card
    is told, if there is one."""
    language = LanguageModel.load(folder, torch.float32)
    rng = random.Random('held out')
    torch.manual_seed(0)
    right: dict[str, list[bool]] = {}
    for _ in range(prompts):
        asked = wish(rng, held_out=True)
        answer = write(language, asked.short)
        verdicts = {name: has(answer, words) for name, words in asked.stated.items()}
        verdicts['whole caption'] = is_caption(answer, asked)
        verdicts['all of these'] = all(verdicts.values())
        for name, verdict in verdicts.items():
            right.setdefault(name, []).append(verdict)
    shares = {name: sum(right[name]) / len(right[name]) for name in SHOWN if name in right}
    print(f'writer {prompts} held-out wishes: {shares}', flush=True)
    _tell(folder / 'README.md', shares, prompts)
    return shares


def write(language: LanguageModel, short: str) -> str:
    """The caption that the model makes of a short prompt, by the settings that the app uses."""
    encoded = language.tokenizer(ASKED.format(wish=short), return_tensors='pt')
    with torch.inference_mode():
        ids = language.model.generate(
            input_ids=encoded['input_ids'],
            attention_mask=encoded['attention_mask'],
            do_sample=True,
            top_p=0.9,
            temperature=FAITHFUL_TEMPERATURE,
            repetition_penalty=FAITHFUL_PENALTY,
            max_new_tokens=LONGEST,
        )
    written = language.tokenizer.decode(ids[0, encoded['input_ids'].shape[1] :], skip_special_tokens=True)
    return str(written).strip().split('\n')[0]


def has(text: str, words: str) -> bool:
    """Whether the words stand in the text, one after the other."""
    return re.search(rf'\b{re.escape(words)}\b', text) is not None


def is_caption(answer: str, asked: Wish) -> bool:
    """Whether the answer says what, where and when, nothing twice, and ends as captions do."""
    times = {when for values in WHEN.values() for when in values}
    endings = times | {sky for values in SKIES.values() for sky in values if sky}
    body = answer.split(', ')[0]
    words = re.findall(r'\w+', body)
    is_told_once = len({word for word in words if len(word) > 3}) == len([word for word in words if len(word) > 3])
    says_when = sum(has(answer, when) for when in times) == 1
    says_where = any(has(body, place) for places in WORDS['place'].values() for place in places)
    return (
        is_told_once
        and says_when
        and says_where
        and body.endswith(tuple(endings))
        and len(words) > len(asked.short.split())
    )


def _tell(card: Path, shares: dict[str, float], prompts: int) -> None:
    if not card.exists():
        return
    rows = [f'| {name} | {share:.1%} |' for name, share in shares.items()]
    table = '\n'.join([f'| of {prompts} held-out wishes | share |', '|---|---|', *rows])
    start, end = (re.escape(mark) for mark in MARKS)
    told = re.sub(f'(?s){start}.*{end}', f'{MARKS[0]}\n{table}\n{MARKS[1]}', card.read_text('utf-8'))
    card.write_text(told, 'utf-8')
