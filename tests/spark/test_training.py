"""The whole training, from nothing to a checkpoint that diffusers loads and draws with: a few steps of each part."""

from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionXLPipeline

from ourvidz.spark.autoencoder import new_vae
from ourvidz.spark.export import export
from ourvidz.spark.judge import Judge, train_judge
from ourvidz.spark.latents import Projection, fit_projection, pixels_of
from ourvidz.spark.painter import Painter, PainterPlan, train_painter
from ourvidz.spark.pairs import fill_pairs
from ourvidz.spark.patterns import fit_patterns
from ourvidz.spark.pool import fill_pool
from ourvidz.spark.renderer import render
from ourvidz.spark.sampling import draw
from ourvidz.spark.scene import SIZES, random_scene
from ourvidz.spark.text import train_text
from ourvidz.spark.unet import Plan, train_unet
from ourvidz.spark.workshop import Workshop, load

pytestmark = pytest.mark.long


@pytest.fixture(scope='module')
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A workshop whose text encoders, latents and pool are there, hardly trained."""
    torch.set_num_threads(1)
    workshop = Workshop(tmp_path_factory.mktemp('spark'))
    train_text(workshop, steps=2, batch=4)
    fit_projection(workshop, scenes=40)
    fit_patterns(workshop, scenes=12)
    fill_pool(workshop, shards=2, size=6)
    fill_pairs(workshop, shards=3, size=4)
    train_painter(workshop, PainterPlan(minutes=0.001, batch=2, fitted=3))
    return workshop


def test_a_tiny_training_ends_in_a_checkpoint_that_draws(workshop: Workshop, tmp_path: Path) -> None:
    train_unet(workshop, Plan(minutes=0.001, batch=2))
    train_judge(workshop, minutes=0.001, batch=2)

    export(workshop, folder=tmp_path / 'model')

    pipeline = StableDiffusionXLPipeline.from_pretrained(tmp_path / 'model', torch_dtype=torch.float32)
    pictures = draw(pipeline, ['a red car on the beach'], size=SIZES['9:16'], steps=2)
    assert pictures[0].size == SIZES['9:16']
    assert Judge.load(workshop).verdicts(pixels_of(pictures[0])[None]).shape == (1, 8)


def test_training_goes_on_where_it_was_stopped(workshop: Workshop) -> None:
    train_unet(workshop, Plan(minutes=0.0005, batch=2))
    for name in ('unet', 'painter'):
        before = load(workshop.checkpoint(name))
        assert before
        minutes = before['seconds'] / 60 + 0.0005
        if name == 'unet':
            train_unet(workshop, Plan(minutes=minutes, batch=2))
        else:
            train_painter(workshop, PainterPlan(minutes=minutes, batch=2))
        after = load(workshop.checkpoint(name))
        assert after
        assert after['step'] > before['step']


@pytest.mark.parametrize('aspect', SIZES)
def test_the_autoencoder_computes_the_latents_and_the_painters_picture(workshop: Workshop, aspect: str) -> None:
    projection, painter = Projection.load(workshop.projection), Painter.load(workshop)
    vae = new_vae(projection, painter).eval()
    pixels = pixels_of(render(random_scene(1, aspect=aspect)).picture)[None]
    latents = projection.latents(pixels)
    with torch.no_grad():
        encoded = vae.encode(pixels).latent_dist.mode()
        decoded = vae.decode(latents).sample
        painted = painter.pixels(painter(latents))
    assert (encoded - latents).square().mean() < 0.001
    assert (decoded - painted).square().mean() < 0.003
