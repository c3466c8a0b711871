"""Puts the clip model's parts together as a checkpoint that diffusers loads, with its words and licences."""

import json
import shutil
from pathlib import Path

import torch
from diffusers import WanPipeline

from .clip_autoencoder import Spread, new_vae
from .clip_captions import EXAMPLES, NEAR_MOTIONS, WORDS
from .clip_latents import Projection
from .clip_scene import ATTRIBUTES
from .clip_sprites import SPRITES_PATH
from .clip_text import ClipText
from .clip_transformer import new_scheduler, new_transformer
from .export import KEPT, megabytes
from .vocabulary import NEAR_WORDS
from .workshop import ROOT, Workshop, load

CHECKPOINT = ROOT / 'assets' / 'models' / 'spark-clip'


def half_trained(workshop: Workshop) -> WanPipeline:
    """The pipeline of the current checkpoints."""
    text = ClipText.load(workshop)
    transformer = new_transformer().eval()
    if state := load(workshop.checkpoint('clip_transformer')):
        transformer.load_state_dict(state['average'])
    vae = new_vae(Projection.load(workshop), Spread.load(workshop))
    return WanPipeline(
        tokenizer=text.tokenizer, text_encoder=text.encoder, vae=vae, scheduler=new_scheduler(),
        transformer=transformer, expand_timesteps=True,
    )  # fmt: skip


def export(workshop: Workshop, *, folder: Path = CHECKPOINT) -> None:
    """Replaces the checkpoint in the folder; the model card stays."""
    part = workshop.path / 'clip_export'
    shutil.rmtree(part, ignore_errors=True)
    half_trained(workshop).to(dtype=torch.float16).save_pretrained(part, safe_serialization=True)
    _write_words(part)
    shutil.copy(SPRITES_PATH.with_name('sprites.LICENSE'), part / 'SPRITES.LICENSE')
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
        elif old.name not in KEPT:
            old.unlink()
    for new in part.iterdir():
        shutil.move(new, folder / new.name)
    print(f'{folder}: {megabytes(folder):.1f} MB', flush=True)


def _write_words(folder: Path) -> None:
    """Writes `words.json`: `known` words and phrases, `near` words (unseen -> known) and `examples`."""
    known = {word for values in WORDS.values() for many in values.values() for word in many}
    known |= {'camera', 'landscape', 'empty', 'moves', 'right', 'left', 'up', 'down'}
    names = {name for values in ATTRIBUTES.values() for name in values}
    near = {word: meant for word, meant in NEAR_WORDS.items() if meant in names or meant in known} | dict(NEAR_MOTIONS)
    content = {'known': sorted(known), 'near': near, 'examples': EXAMPLES}
    (folder / 'words.json').write_text(json.dumps(content, indent=1), encoding='utf-8')
