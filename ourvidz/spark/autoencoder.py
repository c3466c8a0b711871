"""The autoencoder: set, not trained, to the linear latents, by a hierarchy of linear maps through its blocks.

`AutoencoderKLHunyuanImage` moves between pixels and positions by pixel shuffle with a shortcut, so that its
convolutions can do what no repeated position allows: draw every pixel of a patch. Its residual blocks add nothing.
Where a norm and an activation cannot be gone around, a value is carried by pairs of channels: with a large chequered
constant added, the norm of `value + constant` and `constant - value` is the same for all pictures, and the activation
lets one half of the pixels pass; a second pair, chequered the other way, passes the other half.
"""

from typing import Any

import torch
from diffusers import AutoencoderKLHunyuanImage
from torch import Tensor, nn

from .latents import CHANNELS, COMPONENTS, HALF, Projection
from .scene import CELL

WIDTHS = (64, 64, 64, 128, 128, 256)
CONSTANT = 40.0
"""What is added by chequers: so large that the pictures' own spread hardly changes the norm."""

NO_VARIANCE = -1000.0


def new_vae(projection: Projection) -> AutoencoderKLHunyuanImage:
    """The autoencoder of these latents; it shrinks 32-fold, and on a GPU it computes in full precision."""
    vae = AutoencoderKLHunyuanImage(
        in_channels=3, out_channels=3, latent_channels=CHANNELS, block_out_channels=WIDTHS, layers_per_block=0,
        spatial_compression_ratio=CELL, sample_size=512, scaling_factor=1.0,
    )  # fmt: skip
    vae.register_to_config(force_upcast=True)
    set_encoder(vae.encoder, projection)
    set_decoder(vae.decoder, projection)
    return vae


@torch.no_grad()
def set_encoder(encoder: Any, projection: Projection) -> None:
    """Gathers 2x2 positions at every level, keeping what the latents depend on, and concludes with the half patches.

    The upper children of the last level see the lower ones as well, so that they alone are the mean; the lower ones
    become the variance, which a bias makes nothing.
    """
    _clear(encoder)
    encoder.conv_in.weight[:3, :, 1, 1] = torch.eye(3)
    seen = torch.eye(3).reshape(3, 3, 1, 1)
    downs = [block for block in encoder.down_blocks if hasattr(block, 'group_size')]
    for down in downs[:-1]:
        seen = _gather(down, seen, projection)
    _conclude(downs[-1], seen, projection)
    encoder.conv_out.bias[CHANNELS:] = NO_VARIANCE
    offset = -(projection.components @ projection.mean) / projection.divisors
    encoder.conv_out.bias[:CHANNELS] = offset.repeat(2)


def _gather(down: Any, seen: Tensor, projection: Projection) -> Tensor:
    """Keeps of each position what matters; gives the patterns of the gathered channels (width, 3, side, side)."""
    flat, side = seen.flatten(1), seen.shape[-1]
    kept = down.conv.out_channels
    parts = projection.kernels.unfold(2, side, side).unfold(3, side, side).permute(0, 2, 3, 1, 4, 5).flatten(0, 2)
    directions = torch.linalg.svd(parts.flatten(1) @ torch.linalg.pinv(flat), full_matrices=False).Vh[:kept]
    down.conv.weight[: len(directions), : len(seen), 1, 1] = directions
    _take_back_shortcut(down)
    patterns = torch.zeros(4, kept, 3, 2 * side, 2 * side)
    for child in range(4):
        rows, columns = (slice(at * side, (at + 1) * side) for at in divmod(child, 2))
        patterns[child, : len(directions), :, rows, columns] = (directions @ flat).reshape(-1, 3, side, side)
    return patterns.flatten(0, 1)


def _conclude(down: Any, seen: Tensor, projection: Projection) -> None:
    """Makes the components of half patches out of a position and the one below it."""
    upper, lower = (part.flatten(1) for part in torch.split(projection.kernels, CELL // 2, dim=2))
    flat = torch.linalg.pinv(seen.flatten(1))
    down.conv.weight[:COMPONENTS, :, 1, 1] = upper @ flat
    down.conv.weight[:COMPONENTS, :, 2, 1] = lower @ flat
    _take_back_shortcut(down)


def _take_back_shortcut(down: Any) -> None:
    """Takes from the convolution what the shortcut adds: means of neighbouring channels."""
    size = down.group_size
    for feature in range(down.conv.out_channels):
        down.conv.weight[feature, feature * size : (feature + 1) * size, 1, 1] -= 1 / size


@torch.no_grad()
def set_decoder(decoder: Any, projection: Projection) -> None:
    """Splits every position in its 2x2 children, down to single pixels, and carries these through the last norm.

    The mean half patch is the pattern of a channel that is always one.
    """
    _clear(decoder)
    decoder.conv_in.weight[:, :, 1, 1] -= torch.eye(CHANNELS).repeat_interleave(decoder.repeat, 0)
    decoder.conv_in.weight[:CHANNELS, :, 1, 1] += torch.eye(CHANNELS)
    decoder.conv_in.bias[CHANNELS] = 1
    patterns = torch.zeros(CHANNELS + 1, 3, CELL, CELL)
    patterns[:COMPONENTS, ..., :HALF] = projection.patterns
    patterns[COMPONENTS:CHANNELS, ..., HALF:] = projection.patterns
    patterns[CHANNELS] = projection.mean.reshape(3, CELL, HALF).repeat(1, 1, 2)
    ups = [block for block in decoder.up_blocks if hasattr(block, 'repeats')]
    for up in ups[:-1]:
        patterns = _split(up, patterns)
    _show(decoder, ups[-1], patterns)


def _split(up: Any, patterns: Tensor) -> Tensor:
    """Gives every child its part of the patterns; returns the patterns of the children's channels."""
    half, width = patterns.shape[-1] // 2, up.conv.out_channels // 4
    children = _children(patterns).flatten(2)
    basis = torch.linalg.svd(children.flatten(0, 1), full_matrices=False).Vh[:width]
    for child in range(4):
        rows = slice(child * width, child * width + len(basis))
        up.conv.weight[rows, : len(patterns), 1, 1] = basis @ children[child].T
    _repeat_less(up)
    shown: Tensor = basis.reshape(-1, 3, half, half)
    return shown


def _show(decoder: Any, up: Any, patterns: Tensor) -> None:
    """Makes pixels: of every colour two pairs of channels, chequered by opposite constants."""
    width, colours = up.conv.out_channels // 4, _children(patterns)[..., 0, 0]
    for pair in range(6):
        colour, polarity = divmod(pair, 2)
        for child in range(4):
            constant = CONSTANT if (child.bit_count() + polarity) % 2 else -CONSTANT
            for offset, sign in enumerate((1, -1)):
                channel = child * width + 2 * pair + offset
                up.conv.weight[channel, : len(patterns), 1, 1] = sign * colours[child, :, colour]
                up.conv.bias[channel] = constant
        decoder.conv_out.weight[colour, 2 * pair, 1, 1] = 0.5
        decoder.conv_out.weight[colour, 2 * pair + 1, 1, 1] = -0.5
    decoder.norm_out.weight[:12] = CONSTANT
    _repeat_less(up)


def _children(patterns: Tensor) -> Tensor:
    """The quarters of patterns (channels, 3, side, side), shape (4, channels, 3, side / 2, side / 2)."""
    half = patterns.shape[-1] // 2
    return torch.stack([part for row in torch.split(patterns, half, 2) for part in torch.split(row, half, 3)])


def _repeat_less(up: Any) -> None:
    """Takes from the convolution what the shortcut adds: every channel, repeated."""
    for channel in range(up.conv.out_channels):
        up.conv.weight[channel, channel // up.repeats, 1, 1] -= 1


def _clear(module: nn.Module) -> None:
    for parameter in module.parameters():
        parameter.zero_()
