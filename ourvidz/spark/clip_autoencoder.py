"""The clip model's autoencoder: an `AutoencoderKLWan` whose weights are set to the linear latents and their pictures.

It sees each frame in patches of 16x16 pixels and shrinks no further, neither in space nor in time. A large constant
channel makes its norms constant, and a shift lets values pass `silu` unchanged.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLWan
from diffusers.models.autoencoders.autoencoder_kl_wan import patchify
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from .clip_latents import CHANNELS, Projection, decibels, pixels_of
from .clip_renderer import render_clip
from .clip_scene import CELL, SIZES, random_clip
from .workshop import Workshop

RANK = 120
"""Features of a neighbourhood of latents that a picture is made of."""

NOISE = 0.12
"""Deviation of the noise in latents that the map to pixels learns to doubt."""

ENCODER, DECODER = 64, 128
"""Channels inside."""

SHIFT, ANCHOR = 30.0, 16384.0


@dataclass(frozen=True)
class Spread:
    """Features (RANK, CHANNELS, 3, 3) of latents and their neighbours, and what each shows (768, RANK)."""

    features: Tensor
    patterns: Tensor

    @classmethod
    def load(cls, workshop: Workshop) -> 'Spread':
        """Reads what `fit_spread` wrote."""
        return cls(**load_file(_path(workshop)))


def _path(workshop: Workshop) -> Path:
    return workshop.path / 'clip_spread.safetensors'


def fit_spread(workshop: Workshop, *, clips: int = 400) -> Spread:
    """Finds by least squares how a patch follows from its latents and their neighbours, and writes it."""
    projection, generator = Projection.load(workshop), torch.Generator().manual_seed(0)
    inputs = 9 * CHANNELS
    gram, cross = 10 * torch.eye(inputs), torch.zeros(inputs, 3 * CELL * CELL)
    for index in range(clips):
        pixels = _pixels(2 * 10**8 + index)
        latents = projection.latents(pixels)[0].transpose(0, 1)
        latents = latents + torch.randn(latents.shape, generator=generator) * NOISE
        seen = functional.unfold(latents, 3, padding=1).transpose(1, 2).reshape(-1, inputs)
        patches = patchify(pixels, CELL)[0].permute(1, 2, 3, 0).reshape(len(seen), -1) - projection.mean
        gram += seen.T @ seen
        cross += seen.T @ patches
    solution = torch.linalg.solve(gram, cross)
    _, vectors = torch.linalg.eigh((solution.T @ gram @ solution).double())
    basis = vectors.float().flip(1)[:, :RANK]
    features = (solution @ basis).T
    sizes = (features @ gram @ features.T).diagonal().div(gram.diagonal().sum() / inputs).sqrt()
    features = (features / sizes[:, None]).reshape(RANK, CHANNELS, 3, 3)
    spread = Spread(features.contiguous(), (basis * sizes).contiguous())
    save_file(vars(spread), _path(workshop))
    return spread


def measure(workshop: Workshop, vae: Any, *, clips: int = 40) -> float:
    """How well the autoencoder gives other clips back, in decibels."""
    errors = []
    with torch.no_grad():
        for index in range(clips):
            pixels = _pixels(3 * 10**8 + index)
            shown = vae.decode(vae.encode(pixels).latent_dist.mode(), return_dict=False)[0]
            errors.append((shown - pixels).square().mean())
    return decibels(torch.stack(errors).mean())


def _pixels(seed: int) -> Tensor:
    frames, _ = render_clip(random_clip(seed, aspect=list(SIZES)[seed % len(SIZES)]))
    return pixels_of(frames[seed % 13 : seed % 13 + 5])


def new_vae(projection: Projection, spread: Spread) -> AutoencoderKLWan:
    """The autoencoder of these latents."""
    vae = AutoencoderKLWan(
        base_dim=ENCODER, decoder_base_dim=DECODER, z_dim=CHANNELS, dim_mult=[1], num_res_blocks=0,
        temperal_downsample=[], in_channels=3 * CELL * CELL, out_channels=3 * CELL * CELL, patch_size=CELL,
        scale_factor_temporal=1, scale_factor_spatial=CELL, latents_mean=[0.0] * CHANNELS,
        latents_std=[1.0] * CHANNELS,
    )  # fmt: skip
    with torch.no_grad():
        for name, parameter in vae.named_parameters():
            if not name.endswith('gamma'):
                parameter.zero_()
        for conv, channels in ((vae.quant_conv, 2 * CHANNELS), (vae.post_quant_conv, CHANNELS)):
            conv.weight[:, :, 0, 0, 0] = torch.eye(channels)
        _set_encoder(vae.encoder, projection)
        _set_decoder(vae.decoder, projection, spread)
    return vae.eval()


def _set_encoder(encoder: Any, projection: Projection) -> None:
    maps = projection.components / projection.scales[:, None]
    encoder.conv_in.weight[:CHANNELS, :, -1, 1, 1] = maps
    encoder.conv_in.bias[:CHANNELS] = SHIFT - maps @ projection.mean
    gain = _fix_norm(encoder, CHANNELS)
    encoder.conv_out.weight[:CHANNELS, :CHANNELS, -1, 1, 1] = torch.eye(CHANNELS) / gain
    encoder.conv_out.bias[:CHANNELS] = -SHIFT
    encoder.conv_out.bias[CHANNELS:] = -30


def _set_decoder(decoder: Any, projection: Projection, spread: Spread) -> None:
    decoder.conv_in.weight[:RANK, :, -1] = spread.features
    decoder.conv_in.bias[:RANK] = SHIFT
    gain = _fix_norm(decoder, RANK)
    patterns = spread.patterns.half().float()
    decoder.conv_out.weight[:, :RANK, -1, 1, 1] = patterns / gain
    decoder.conv_out.bias.copy_(projection.mean - SHIFT * patterns.sum(1))


def _fix_norm(coder: Any, used: int) -> float:
    """Adds the constant channel, scales the last norm by it, and gives the gain that remains, which is almost one."""
    coder.conv_in.bias[used] = ANCHOR
    width = int(coder.norm_out.gamma.shape[0])
    size = math.hypot(ANCHOR, SHIFT * used**0.5)
    coder.norm_out.gamma[:used] = torch.tensor(size / math.sqrt(width)).half().float()
    return float(coder.norm_out.gamma[0]) * math.sqrt(width) / size
