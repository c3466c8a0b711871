"""The UNet and its noise schedule: told all by the pooled codes, it predicts the picture itself."""

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
        sample_size=8, in_channels=CHANNELS, out_channels=CHANNELS, block_out_channels=(96, 128, 192),
        layers_per_block=1, down_block_types=('DownBlock2D',) * 3, up_block_types=('UpBlock2D',) * 3,
        mid_block_type='UNetMidBlock2D', norm_num_groups=16, resnet_time_scale_shift='scale_shift',
        cross_attention_dim=144, addition_embed_type='text_time', addition_time_embed_dim=TIME_WIDTH,
        projection_class_embeddings_input_dim=codes.LENGTH + 6 * TIME_WIDTH,
        time_embedding_dim=768,
    )  # fmt: skip
    _wake(unet)
    return unet


@torch.no_grad()
def _wake(unet: nn.Module) -> None:
    """Makes constants stronger than the noise that comes in, and what is told stronger than both.

    Only the padded border tells positions apart, and only the codes what to draw there; with the usual fresh weights
    the first drowns in noise, and of the second next to nothing arrives.
    """
    for name, module in unet.named_modules():
        if isinstance(module, nn.Conv2d) and module.bias is not None and name != 'conv_out':
            module.bias.normal_(0, 0.5 if name == 'conv_in' else 0.1)
        if name == 'conv_in' and isinstance(module, nn.Conv2d):
            module.weight.mul_(0.01)
        if isinstance(module, nn.Linear) and ('add_embedding' in name or 'time_emb_proj' in name):
            module.weight.mul_(2.5)


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
