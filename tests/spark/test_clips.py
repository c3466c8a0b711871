"""The training of the embedded clip model, from scenes that move to a checkpoint: a few steps of each part."""

import dataclasses
import random
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from diffusers import WanPipeline

from ourvidz.spark.clip_autoencoder import Spread, fit_spread, new_vae
from ourvidz.spark.clip_captions import WORDS, caption
from ourvidz.spark.clip_evaluation import make
from ourvidz.spark.clip_export import export
from ourvidz.spark.clip_latents import Projection, fit_projection, pixels_of
from ourvidz.spark.clip_pool import fill_pool
from ourvidz.spark.clip_renderer import render_clip
from ourvidz.spark.clip_scene import ATTRIBUTES, FRAMES, SIZES, ClipScene, random_clip
from ourvidz.spark.clip_text import ClipText, train_text
from ourvidz.spark.clip_training import Plan, Stage, train_transformer
from ourvidz.spark.clip_transformer import QuickAttention, new_transformer, predict
from ourvidz.spark.workshop import Workshop, load

SCENE = ClipScene(subject='car', colour='red', place='beach', motion='right', camera='fixed', seed=3)


@pytest.fixture(scope='module')
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A workshop whose text encoder, latents and pool are there, hardly trained."""
    torch.set_num_threads(1)
    workshop = Workshop(tmp_path_factory.mktemp('clips'))
    train_text(workshop, steps=2, batch=4)
    fit_projection(workshop, clips=24)
    fit_spread(workshop, clips=9)
    fill_pool(workshop, shards=3, size=3)
    return workshop


@pytest.mark.parametrize('name', ATTRIBUTES)
def test_every_value_of_an_attribute_changes_the_clip(name: str) -> None:
    clips = [
        render_clip(dataclasses.replace(SCENE, **cast('dict[str, Any]', {name: value})))[0]
        for value in ATTRIBUTES[name]
    ]
    assert len({clip.tobytes() for clip in clips}) == len(clips)


@pytest.mark.parametrize('aspect', SIZES)
def test_things_move_where_they_are_said_to_move(aspect: str) -> None:
    for motion, axis, sign in (('right', 0, 1), ('left', 0, -1), ('up', 1, -1), ('down', 1, 1)):
        frames, boxes = render_clip(dataclasses.replace(SCENE, motion=motion, aspect=aspect))
        assert frames.shape == (FRAMES, *SIZES[aspect][::-1], 3)
        assert (np.sign(np.diff(boxes[:, axis])) == sign).all()


def test_a_caption_says_what_moves_and_where() -> None:
    for seed in range(50):
        scene = random_clip(seed, aspect='16:9')
        told = caption(scene, random.Random(seed))
        for (name, values), stated in zip(ATTRIBUTES.items(), told.stated, strict=True):
            if stated < len(values):
                assert any(word in told.text for word in WORDS[name][values[stated]])


@pytest.mark.parametrize('aspect', SIZES)
def test_the_autoencoder_computes_the_latents_and_shows_the_clip(workshop: Workshop, aspect: str) -> None:
    projection = Projection.load(workshop)
    vae = new_vae(projection, Spread.load(workshop))
    pixels = pixels_of(render_clip(random_clip(1, aspect=aspect))[0])
    with torch.no_grad():
        encoded = vae.encode(pixels).latent_dist.mode()
        decoded = vae.decode(encoded).sample
    assert torch.allclose(encoded, projection.latents(pixels), atol=1e-3)
    assert (decoded - pixels).square().mean() < 0.05


def test_training_computes_what_the_pipeline_computes() -> None:
    torch.manual_seed(0)
    transformer = new_transformer().eval()
    torch.nn.init.normal_(transformer.proj_out.weight, std=0.05)
    latents, caption_ = torch.randn(1, 48, 3, 4, 6), torch.randn(1, 7, 128)
    times = torch.tensor([[0.0, 700.0]])
    padded = torch.nn.functional.pad(caption_, (0, 0, 0, 219))
    with torch.no_grad():
        expected = transformer(latents, times[:, [0] * 6 + [1] * 12], padded, return_dict=False)[0]
        reader = QuickAttention()
        reader.mask = torch.tensor([0.0] * 7 + [float(np.log(219))])[None, None, None]
        transformer.set_attn_processor(reader)
        told = predict(transformer, latents, times, torch.nn.functional.pad(caption_, (0, 0, 0, 1)))
    assert torch.allclose(told, expected, atol=1e-4)


@pytest.mark.long
def test_a_tiny_training_goes_on_and_ends_in_a_checkpoint(workshop: Workshop, tmp_path: Path) -> None:
    steps = []
    for minutes in (0.02, 0.1):
        train_transformer(workshop, Plan(minutes=minutes, stages=(Stage(0.1, 1, 2), Stage(1, 5, 2))))
        state = load(workshop.checkpoint('clip_transformer'))
        assert state
        steps.append(state['step'])
    assert steps[1] > steps[0]

    export(workshop, folder=tmp_path / 'model')

    pipeline = WanPipeline.from_pretrained(tmp_path / 'model', dtype=torch.float32)
    ids = ClipText.load(workshop).tokens(['a red car', ''])
    assert ids.shape == (2, 32)
    scene = dataclasses.replace(SCENE, aspect='9:16')
    assert make(pipeline, 'a red car moves to the right', scene, seed=1).shape == (FRAMES, 224, 128, 3)
