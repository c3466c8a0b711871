"""From latents to frames: one after the other where the VAE can, so that a clip need not fit into memory."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKLWan
from diffusers.models.autoencoders.autoencoder_kl_wan import unpatchify
from numpy.typing import NDArray

Frame = NDArray[np.uint8]


def streams(vae: Any) -> bool:
    """Whether `wan_frames` can decode for this VAE."""
    return isinstance(vae, AutoencoderKLWan)


def wan_frames(vae: Any, latents: torch.Tensor, *, tick: Callable[[], None]) -> Iterator[Frame]:
    """Decode the pipeline's latents (1, channels, frames, height, width) to frames (height, width, 3).

    `tick` is called after each piece of work and may raise to stop.
    """
    bring(vae)
    config = vae.config
    mean, std = (torch.tensor(values).view(1, -1, 1, 1, 1) for values in (config.latents_mean, config.latents_std))
    natural = (latents.float().cpu() * std + mean).to(vae.device, vae.dtype)
    pieces = _tiled if vae.use_tiling else _one_by_one
    try:
        for piece in pieces(vae, natural, tick):
            yield from as_frames(piece[0].permute(1, 2, 3, 0))
    finally:
        vae.clear_cache()


def bring(vae: Any) -> None:
    """Where parts take turns on the device, it is the decoder's turn; pipelines see to this themselves."""
    hook = getattr(vae, '_hf_hook', None)
    if hook is not None:
        hook.pre_forward(vae)


def as_frames(values: torch.Tensor) -> list[Frame]:
    """Frames (count, height, width, 3) of -1..1 as bytes."""
    pixels = (values.float().clamp(-1, 1) * 127.5 + 127.5).round().to(torch.uint8)
    return list(pixels.cpu().numpy())


@torch.no_grad()
def _one_by_one(vae: Any, latents: torch.Tensor, tick: Callable[[], None]) -> Iterator[torch.Tensor]:
    """The VAE is causal in time: each latent frame gives one frame or four, and needs only what it has seen."""
    vae.clear_cache()
    ready = vae.post_quant_conv(latents)
    for at in range(ready.shape[2]):
        piece = vae.decoder(ready[:, :, at : at + 1], feat_cache=vae._feat_map, feat_idx=[0], first_chunk=at == 0)
        tick()
        yield piece if vae.config.patch_size is None else unpatchify(piece, patch_size=vae.config.patch_size)


@torch.no_grad()
def _tiled(vae: Any, latents: torch.Tensor, tick: Callable[[], None]) -> Iterator[torch.Tensor]:
    with ticking(vae.decoder, tick):
        yield vae.decode(latents, return_dict=False)[0]


@contextmanager
def ticking(part: torch.nn.Module, tick: Callable[[], None]) -> Iterator[None]:
    """Call `tick` after each piece that a part, such as the decoder, does."""
    hook = part.register_forward_hook(lambda *_: tick())
    try:
        yield
    finally:
        hook.remove()
