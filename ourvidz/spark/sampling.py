"""Pictures from the finished or half-trained parts, with fixed seeds."""

from collections.abc import Sequence

import torch
from diffusers import StableDiffusionXLImg2ImgPipeline, StableDiffusionXLPipeline
from PIL import Image

from .autoencoder import new_vae
from .latents import Projection
from .text import Text
from .unet import new_scheduler, new_unet
from .workshop import Workshop, load

FAST, HIGH = 2, 8
"""Steps of the two qualities."""


def half_trained(workshop: Workshop) -> StableDiffusionXLPipeline:
    """The pipeline of the current checkpoints."""
    text = Text.load(workshop.text)
    unet = new_unet().eval()
    if state := load(workshop.checkpoint('unet')):
        unet.load_state_dict(state['average'])
    vae = new_vae(Projection.load(workshop.projection)).eval()
    return StableDiffusionXLPipeline(
        vae=vae, text_encoder=text.encoder, text_encoder_2=text.encoder_2, tokenizer=text.tokenizer,
        tokenizer_2=text.tokenizer, unet=unet, scheduler=new_scheduler(), force_zeros_for_empty_prompt=False,
        add_watermarker=False,
    )  # fmt: skip


def draw(
    pipeline: StableDiffusionXLPipeline,
    prompts: Sequence[str],
    *,
    size: tuple[int, int],
    seed: int = 0,
    steps: int = FAST,
) -> list[Image.Image]:
    """A picture a prompt, the i-th from seed + i."""
    pipeline.set_progress_bar_config(disable=True)
    pictures: list[Image.Image] = pipeline(
        prompt=list(prompts), width=size[0], height=size[1], num_inference_steps=steps, guidance_scale=1.0,
        generator=[torch.Generator().manual_seed(seed + index) for index in range(len(prompts))],
    ).images  # fmt: skip
    return pictures


def change(
    pipeline: StableDiffusionXLPipeline,
    prompt: str,
    picture: Image.Image,
    *,
    strength: float,
    steps: int = HIGH,
    seed: int = 0,
) -> Image.Image:
    """Image to image with at least one step, as the app does it."""
    changing = StableDiffusionXLImg2ImgPipeline(**pipeline.components)
    changing.set_progress_bar_config(disable=True)
    steps = max(steps, round(1 / strength + 0.5))
    made: Image.Image = changing(
        prompt, image=picture, width=picture.width, height=picture.height, strength=strength, num_inference_steps=steps,
        guidance_scale=1.0, generator=torch.Generator().manual_seed(seed),
    ).images[0]  # fmt: skip
    return made
