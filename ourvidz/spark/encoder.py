"""The encoder that image to image needs: convolutions set so that they compute the linear latents, without training.

Every level gathers 2x2 positions and keeps the directions that the latents depend on (a hierarchy of linear maps). Two
large constant channels make the last norm constant, and `silu(x) - silu(-x) = x` undoes the last activation.
"""

from typing import Any

import torch
from torch import Tensor, nn

from .latents import CHANNELS, Projection
from .scene import CELL

ANCHOR = 400.0
"""Value of the constant channels that fix the last norm's scale."""


@torch.no_grad()
def set_encoder(encoder: Any, projection: Projection) -> None:
    """Sets the weights of an `AutoencoderKL` encoder to the projection's latents, with a variance of almost nothing."""
    for parameter in encoder.parameters():
        parameter.zero_()
    encoder.conv_in.weight[:3, :, 1, 1] = torch.eye(3)
    seen = torch.eye(3).reshape(3, 3, 1, 1)
    for level, block in enumerate(encoder.down_blocks):
        if block.resnets[0].conv_shortcut is not None:
            _pass(block.resnets[0].conv_shortcut)
        if level < len(encoder.down_blocks) - 2:
            seen = _gather(block.downsamplers[0].conv, seen, projection, width=block.downsamplers[0].conv.out_channels)
        elif level == len(encoder.down_blocks) - 2:
            _conclude(block.downsamplers[0].conv, seen, projection)
    _read(encoder)


def _gather(conv: nn.Conv2d, seen: Tensor, projection: Projection, *, width: int) -> Tensor:
    """Keeps of each 2x2 positions what matters; gives the new channels' patterns (width, 3, side, side)."""
    patterns = _four(seen)
    side = patterns.shape[-1]
    parts = projection.components.reshape(CHANNELS, 3, CELL // side, side, CELL // side, side)
    parts = parts.permute(0, 2, 4, 1, 3, 5).reshape(-1, 3 * side * side)
    flat = patterns.reshape(len(patterns), -1)
    directions = torch.linalg.svd(parts @ flat.T, full_matrices=False).Vh[:width]
    _lay(conv, directions, len(seen))
    kept: Tensor = (directions @ flat).reshape(len(directions), 3, side, side)
    return kept


def _conclude(conv: Any, seen: Tensor, projection: Projection) -> None:
    """Makes latents out of the last 2x2 positions, each also negated, and the two constant channels."""
    flat = _four(seen).reshape(4 * len(seen), -1)
    weights = projection.components @ flat.T / projection.deviations[:, None]
    _lay(conv, torch.cat((weights, -weights)), len(seen))
    offset = projection.components @ projection.mean / projection.deviations
    conv.bias[:CHANNELS], conv.bias[CHANNELS : 2 * CHANNELS] = -offset, offset
    conv.bias[-2], conv.bias[-1] = ANCHOR, -ANCHOR


def _read(encoder: Any) -> None:
    """Undoes the last norm and activation."""
    deviation = ANCHOR * (2 / encoder.conv_norm_out.num_channels) ** 0.5
    encoder.conv_norm_out.weight.fill_(deviation)
    for channel in range(CHANNELS):
        encoder.conv_out.weight[channel, channel, 1, 1] = 1
        encoder.conv_out.weight[channel, CHANNELS + channel, 1, 1] = -1
    encoder.conv_out.bias[CHANNELS:] = -30


def _four(seen: Tensor) -> Tensor:
    """The patterns of four positions side by side, orthonormal as those of one: (4 channels, 3, 2 side, 2 side)."""
    channels, colours, side, _ = seen.shape
    patterns = torch.zeros(2, 2, channels, colours, 2 * side, 2 * side)
    for row in range(2):
        for column in range(2):
            there = slice(row * side, (row + 1) * side), slice(column * side, (column + 1) * side)
            patterns[row, column, :, :, *there] = seen
    return patterns.reshape(4 * channels, colours, 2 * side, 2 * side)


def _lay(conv: nn.Conv2d, weights: Tensor, channels: int) -> None:
    taps = weights.reshape(len(weights), 2, 2, channels).permute(0, 3, 1, 2)
    conv.weight[: len(weights), :channels, :2, :2] = taps


def _pass(conv: nn.Conv2d) -> None:
    for channel in range(min(conv.in_channels, conv.out_channels)):
        conv.weight[channel, channel] = 1
