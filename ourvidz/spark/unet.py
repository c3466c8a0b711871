"""The UNet and its noise schedule: told all by the pooled codes, it predicts the picture itself."""

from typing import Any

import torch
from diffusers import EulerDiscreteScheduler, UNet2DConditionModel
from torch import Tensor, nn

from . import codes
from .latents import CHANNELS
from .scene import CELL

TIME_WIDTH = 16


def new_unet() -> UNet2DConditionModel:
    """The UNet with fresh weights: convolutions only, for nothing is said but by the pooled codes."""
    unet = UNet2DConditionModel(
        sample_size=8, in_channels=CHANNELS, out_channels=CHANNELS, block_out_channels=(144, 128, 256),
        layers_per_block=1, down_block_types=('DownBlock2D',) * 3, up_block_types=('UpBlock2D',) * 3,
        mid_block_type=None, conv_in_kernel=1, norm_num_groups=16, resnet_time_scale_shift='scale_shift',
        cross_attention_dim=144, addition_embed_type='text_time', addition_time_embed_dim=TIME_WIDTH,
        projection_class_embeddings_input_dim=codes.LENGTH + 6 * TIME_WIDTH,
        time_embedding_dim=768,
    )  # fmt: skip
    _wake(unet)
    _lay_coordinates(unet)
    return unet


@torch.no_grad()
def _wake(unet: nn.Module) -> None:
    """Makes what is told stronger than usual fresh weights do, and the noise that comes in far weaker."""
    for name, module in unet.named_modules():
        if name == 'conv_in' and isinstance(module, nn.Conv2d):
            module.weight.mul_(0.01)
        if isinstance(module, nn.Linear) and ('add_embedding' in name or 'time_emb_proj' in name):
            module.weight.mul_(2.5)


CONSTANT, LEFT, RIGHT, TOP, BOTTOM = range(5)
"""The first channels at the lowest level: always one; zero at one border, else one."""

HERE, WEST, EAST, NORTH, SOUTH = (0, 0), (0, -1), (0, 1), (-1, 0), (1, 0)

Tap = tuple[int, tuple[int, int]]
"""A channel and where, seen from a position, it is read."""


@torch.no_grad()
def _lay_coordinates(unet: Any) -> None:
    """Sets the first channels of every level so that they tell each position where it lies.

    A convolution knows places only by the zeros beyond the border, and would take most of the training to carry that
    inwards. So a constant meets the border at the lowest level, which leaves steps there; each way up doubles the
    steps and moves copies of them by one position: a thermometer code of rows and columns.
    """
    low, middle, high = unet.down_blocks
    unet.conv_in.weight[CONSTANT], unet.conv_in.bias[CONSTANT] = 0, 1
    kept: list[Tap] = [(CONSTANT, HERE)]
    _keep(low.resnets, 1)
    _read(low.downsamplers[0].conv, kept)
    _keep(middle.resnets, 1)
    _read(middle.downsamplers[0].conv, kept + [(CONSTANT, way) for way in (WEST, EAST, NORTH, SOUTH)])
    _keep(high.resnets, 5)
    _keep(unet.up_blocks[0].resnets, 5)
    across: list[Tap] = [(side, way) for side in (LEFT, RIGHT) for way in (HERE, WEST, EAST)]
    down: list[Tap] = [(side, way) for side in (TOP, BOTTOM) for way in (HERE, NORTH, SOUTH)]
    _read(unet.up_blocks[0].upsamplers[0].conv, across + down)
    _keep(unet.up_blocks[1].resnets, 12)
    across = [(channel, way) for channel in range(6) for way in (HERE, WEST)]
    down = [(channel, way) for channel in range(6, 12) for way in (HERE, NORTH)]
    _read(unet.up_blocks[1].upsamplers[0].conv, across + down)
    _keep(unet.up_blocks[2].resnets, 24)


def _keep(resnets: Any, channels: int) -> None:
    """Lets the first channels pass the blocks as they are."""
    for resnet in resnets:
        resnet.conv2.weight[:channels], resnet.conv2.bias[:channels] = 0, 0
        if resnet.conv_shortcut is not None:
            resnet.conv_shortcut.weight[:channels], resnet.conv_shortcut.bias[:channels] = 0, 0
            resnet.conv_shortcut.weight[range(channels), range(channels)] = 1


def _read(conv: nn.Conv2d, taps: list[Tap]) -> None:
    """Makes the first channels out of single taps."""
    assert conv.bias is not None
    conv.weight[: len(taps)], conv.bias[: len(taps)] = 0, 0
    for channel, (source, (row, column)) in enumerate(taps):
        conv.weight[channel, source, 1 + row, 1 + column] = 1


def new_scheduler() -> EulerDiscreteScheduler:
    """The noise schedule of training and of the finished pipeline: the last timestep is nothing but noise."""
    return EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule='scaled_linear', prediction_type='sample',
        rescale_betas_zero_snr=True, timestep_spacing='trailing', final_sigmas_type='zero',
    )  # fmt: skip


def time_ids(latents: Tensor) -> Tensor:
    """Size, crop and target size as `StableDiffusionXLPipeline` tells them, shape (scenes, 6)."""
    height, width = (side * CELL for side in latents.shape[2:])
    return torch.tensor([[height, width, 0, 0, height, width]], dtype=torch.float32).repeat(len(latents), 1)
