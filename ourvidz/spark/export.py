"""Puts the trained parts together as a checkpoint that diffusers loads: half precision, with words and licences."""

import shutil
from pathlib import Path

import torch

from .sampling import half_trained
from .sprites import SPRITES_PATH
from .words import write_words
from .workshop import ROOT, Workshop

CHECKPOINT = ROOT / 'assets' / 'models' / 'spark-image'
KEPT = ('README.md',)


def export(workshop: Workshop, *, folder: Path = CHECKPOINT) -> None:
    """Replaces the checkpoint in the folder; the model card stays."""
    part = workshop.path / 'export'
    shutil.rmtree(part, ignore_errors=True)
    half_trained(workshop).to(dtype=torch.float16).save_pretrained(part, safe_serialization=True)
    write_words(part)
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


def megabytes(folder: Path) -> float:
    """The size of all files in the folder."""
    return sum(path.stat().st_size for path in folder.rglob('*') if path.is_file()) / 1e6
