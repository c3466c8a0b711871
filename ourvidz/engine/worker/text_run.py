"""Text runs: a language model writes on, piece by piece, until it has done or is stopped."""

from typing import Any

import torch
from transformers import StoppingCriteria, StoppingCriteriaList
from transformers.generation.streamers import BaseStreamer

from ourvidz.engine.messages import TextGrew, TextRun
from ourvidz.engine.worker.device import Device
from ourvidz.engine.worker.ladder import Ladder
from ourvidz.engine.worker.language import LanguageModel
from ourvidz.engine.worker.memory.estimate import Work
from ourvidz.engine.worker.shelf import ModelShelf
from ourvidz.engine.worker.talk import Talk
from ourvidz.errors import BrokenModel


def write_text(run: TextRun, *, shelf: ModelShelf, device: Device, talk: Talk) -> None:
    """Write and report each new piece.

    Raises BrokenModel if the model cannot chat though it is asked to, OutOfMemory or EngineFailure.
    """
    ladder = Ladder(source=run.model, shelf=shelf, device=device, talk=talk, work=Work())
    is_written = False
    while not is_written:
        with ladder.attempt(1) as (model, _):
            _write(run, model.pipeline, talk)
            is_written = True


def _write(run: TextRun, language: LanguageModel, talk: Talk) -> None:
    inputs = _inputs(run, language)
    writing = _Writing(run, language.tokenizer, talk)
    torch.manual_seed(run.seed)
    sampling = {'do_sample': False} if run.temperature == 0 else _sampling(run)
    with torch.inference_mode():
        language.model.generate(
            **inputs,
            **sampling,
            max_new_tokens=run.max_new_tokens,
            repetition_penalty=run.repetition_penalty,
            pad_token_id=language.tokenizer.pad_token_id or language.tokenizer.eos_token_id,
            streamer=writing,
            stopping_criteria=StoppingCriteriaList([_Stopped(writing)]),
        )


def _sampling(run: TextRun) -> dict[str, Any]:
    return {'do_sample': True, 'temperature': run.temperature, 'top_p': run.top_p}


def _inputs(run: TextRun, language: LanguageModel) -> dict[str, Any]:
    tokenizer, device = language.tokenizer, language.device
    if not run.messages:
        encoded = tokenizer(run.prompt, return_tensors='pt')
    elif tokenizer.chat_template is None:
        raise BrokenModel(f'{run.model.title} cannot chat.', advice='Choose Base, or an Instruct model.')
    else:
        messages = [{'role': role, 'content': content} for role, content in run.messages]
        encoded = tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, enable_thinking=False, return_tensors='pt', return_dict=True
        )
    return {name: encoded[name].to(device) for name in ('input_ids', 'attention_mask')}


class _Writing(BaseStreamer):  # type: ignore[misc]
    """Turns tokens into pieces of text, cut at the first stop word."""

    def __init__(self, run: TextRun, tokenizer: Any, talk: Talk) -> None:
        self.is_done = False
        self._run = run
        self._tokenizer = tokenizer
        self._talk = talk
        self._tokens: list[int] = []
        self._told = 0
        self._is_prompt = True

    def put(self, value: torch.Tensor) -> None:
        """The first tokens are the prompt; then come new ones."""
        if self._is_prompt:
            self._is_prompt = False
            return
        self._tokens.extend(value.flatten().tolist())
        self._talk.stop_if_cancelled()
        self._tell(is_last=False)

    def end(self) -> None:
        self._tell(is_last=True)

    def _tell(self, *, is_last: bool) -> None:
        text = self._tokenizer.decode(self._tokens, skip_special_tokens=True)
        start = len(text) - len(text.lstrip())
        stops = [at for stop in self._run.stop if (at := text.find(stop, start)) >= 0]
        if stops:
            text, self.is_done = text[: min(stops)], True
        elif not is_last and text.endswith('\ufffd'):
            return
        if len(text) > self._told:
            self._talk.send(TextGrew(run_id=self._run.run_id, text=text[self._told :]))
            self._told = len(text)


class _Stopped(StoppingCriteria):  # type: ignore[misc]
    def __init__(self, writing: _Writing) -> None:
        self._writing = writing

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor, **kwargs: Any) -> Any:
        return torch.full((input_ids.shape[0],), self._writing.is_done, dtype=torch.bool, device=input_ids.device)
