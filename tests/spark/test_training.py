"""The whole training, from nothing to a checkpoint that diffusers loads and draws with: a few steps of each part."""

from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionXLPipeline

from ourvidz.spark.autoencoder import new_vae
from ourvidz.spark.codes import LENGTH, UNSAID, heard, told
from ourvidz.spark.crew import Crew
from ourvidz.spark.export import export
from ourvidz.spark.feed import EDITED, LAST, Feed
from ourvidz.spark.judge import Judge, train_judge
from ourvidz.spark.latents import CHANNELS, Projection, fit_projection, pixels_of
from ourvidz.spark.pool import fill_pool
from ourvidz.spark.renderer import render
from ourvidz.spark.sampling import change, draw
from ourvidz.spark.scene import ATTRIBUTES, CELL, SIZES, random_scene
from ourvidz.spark.text import train_text
from ourvidz.spark.training import Plan, train_unet
from ourvidz.spark.unet import new_unet, time_ids
from ourvidz.spark.workshop import Workshop, load


@pytest.fixture(scope='module')
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A workshop whose text encoders, latents and pool are there, hardly trained."""
    torch.set_num_threads(1)
    workshop = Workshop(tmp_path_factory.mktemp('spark'))
    fit_projection(workshop, scenes=40)
    fill_pool(workshop, shards=2, size=8)
    return workshop


@pytest.mark.long
def test_a_tiny_training_goes_on_and_ends_in_a_checkpoint_that_draws(workshop: Workshop, tmp_path: Path) -> None:
    train_text(workshop, steps=2, batch=4)
    for steps in (2, 3):
        train_unet(workshop, Plan(steps=steps, batch=3), Crew())
        train_judge(workshop, steps=steps, batch=4)
        for name in ('unet', 'judge'):
            state = load(workshop.checkpoint(name))
            assert state and state['step'] == steps

    export(workshop, folder=tmp_path / 'model')

    pipeline = StableDiffusionXLPipeline.from_pretrained(tmp_path / 'model', torch_dtype=torch.float32)
    (picture,) = draw(pipeline, ['a red car on the beach'], size=SIZES['9:16'], steps=2)
    assert picture.size == SIZES['9:16']
    assert change(pipeline, 'blue', picture, strength=0.5, steps=2).size == SIZES['9:16']
    assert Judge.load(workshop).verdicts(pixels_of(picture)[None]).shape == (1, len(ATTRIBUTES))


@pytest.mark.parametrize('aspect', SIZES)
def test_the_autoencoder_computes_the_latents_and_shows_the_picture(workshop: Workshop, aspect: str) -> None:
    projection = Projection.load(workshop.projection)
    vae = new_vae(projection).eval()
    pixels = pixels_of(render(random_scene(1, aspect=aspect)).picture)[None]
    latents = projection.latents(pixels)
    with torch.no_grad():
        encoded = vae.encode(pixels).latent_dist
        decoded = vae.decode(latents).sample
    assert (encoded.mode() - latents).square().mean() < 1e-4
    assert float(encoded.std.max()) < 1e-3
    assert (decoded - projection.pixels(latents)).square().mean() < 1e-4
    assert (decoded - pixels).square().mean() < 0.01


@pytest.mark.parametrize('aspect', SIZES)
def test_positions_can_be_told_apart_before_anything_is_learned(aspect: str) -> None:
    unet, seen = new_unet(), list[torch.Tensor]()
    unet.up_blocks[1].upsamplers[0].register_forward_hook(lambda _module, _args, given: seen.append(given))
    columns, rows = (side // CELL for side in SIZES[aspect])
    latents = torch.randn(1, CHANNELS, rows, columns, generator=torch.Generator().manual_seed(1))
    told_at_random = {'text_embeds': torch.randn(1, LENGTH), 'time_ids': time_ids(latents)}
    with torch.no_grad():
        unet(latents, LAST, None, added_cond_kwargs=told_at_random)
    codes = seen[0][0, :24].round().flatten(1).T
    assert codes.shape[0] == rows * columns
    assert len(torch.unique(codes, dim=0)) > 0.8 * rows * columns


def test_codes_can_be_told_apart_even_with_much_noise() -> None:
    indices = torch.stack([torch.arange(40) % (len(values) + 1) for values in ATTRIBUTES.values()], dim=1)
    pooled = told(indices)
    assert torch.equal(heard(pooled + 0.2 * torch.randn(pooled.shape, generator=torch.Generator())), indices)


def test_scenes_that_shall_change_start_from_another_and_are_told_what_changes(workshop: Workshop) -> None:
    feed = Feed(workshop, batch=30, generator=torch.Generator().manual_seed(1))
    feed.refresh()
    batch = feed.next(drawn=15)
    is_edit = (batch.sources != batch.latents).flatten(1).any(1)
    assert batch.latents.shape[1] == CHANNELS
    assert 0 < int(is_edit.sum()) < 15
    assert not is_edit[batch.steps == LAST].any()
    assert (batch.steps[is_edit] > EDITED[0]).all()
    said = heard(batch.pooled) != UNSAID
    assert said[is_edit].any(1).all()
    assert said[batch.steps == LAST].float().mean() > said[batch.steps != LAST].float().mean()
