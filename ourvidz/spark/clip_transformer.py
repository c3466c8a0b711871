"""The transformer: learns to make clips from captions, from single frames over short clips to whole ones.

As in Wan 2.2's 5B model, each token has a time of its own: where a beginning frame is given, its tokens are clean and
at time 0, so that one model makes clips from text alone and from text with a beginning frame.
"""

import math
from typing import Any

import torch
from diffusers import UniPCMultistepScheduler, WanTransformer3DModel
from diffusers.models.transformers.transformer_wan import WanAttention
from torch import Tensor, nn

from .clip_latents import CHANNELS
from .clip_text import WIDTH

SHIFT = 3.0
"""How much training and making prefer noisy steps."""

HEAD, HEADS = 64, 4


def new_transformer() -> WanTransformer3DModel:
    """The transformer with fresh weights; its first heads look at neighbours in space and time."""
    torch.manual_seed(2)
    transformer = WanTransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=HEADS, attention_head_dim=HEAD, in_channels=CHANNELS,
        out_channels=CHANNELS, text_dim=WIDTH, freq_dim=64, ffn_dim=768, num_layers=5, cross_attn_norm=True,
        qk_norm='rms_norm_across_heads', rope_max_seq_len=256,
    )  # fmt: skip
    nn.init.zeros_(transformer.proj_out.weight)
    steps = (
        ((0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1)),
        ((-1, 0, 0), (1, 0, 0), (0, 0, 0), (-2, 0, 0)),
        ((0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1)),
    )
    for block, offsets in zip(transformer.blocks, steps, strict=False):
        _look_at(block.attn1, offsets)
    return transformer


def new_scheduler() -> UniPCMultistepScheduler:
    """The noise schedule of the finished pipeline."""
    return UniPCMultistepScheduler(
        prediction_type='flow_prediction', use_flow_sigmas=True, num_train_timesteps=1000, flow_shift=SHIFT
    )


@torch.no_grad()
def _look_at(attention: WanAttention, offsets: tuple[tuple[int, int, int], ...]) -> None:
    """Lets each head begin by looking at the token so many frames, rows and columns away (rotary phases as biases)."""
    side = 2 * (HEAD // 6)
    sizes = (HEAD - 2 * side, side, side)
    for linear in (attention.to_q, attention.to_k):
        linear.weight.mul_(0.2)
    for head, offset in enumerate(offsets):
        start = head * HEAD
        for size, distance in zip(sizes, offset, strict=True):
            for pair in range(size // 2):
                angle = distance * 10000.0 ** (-2 * pair / size)
                at = start + 2 * pair
                attention.to_k.bias[at : at + 2] = torch.tensor((1.0, 0.0))
                attention.to_q.bias[at : at + 2] = torch.tensor((math.cos(angle), math.sin(angle)))
            start += size
    attention.norm_q.weight.fill_(1.6)
    attention.norm_k.weight.fill_(1.6)


class QuickAttention:
    """What the pipeline computes, quicker for short sequences on a CPU; `mask` is added to the scores of a caption.

    A caption's padding is one token there, whose mask makes it count as many.
    """

    mask: Tensor | None = None

    def __call__(
        self,
        attn: WanAttention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        rotary_emb: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Attends to a caption if one is given, else to itself."""
        seen = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        query, key, value = attn.to_q(hidden_states), attn.to_k(seen), attn.to_v(seen)
        query, key = (
            _even(query, attn.norm_q.weight * attn.heads**0.5 / query.shape[-1] ** 0.5),
            _even(key, attn.norm_k.weight),
        )
        query, key, value = (one.unflatten(2, (attn.heads, -1)).transpose(1, 2) for one in (query, key, value))
        if rotary_emb is not None:
            cos, sin = (one.transpose(1, 2)[..., ::2].to(query.dtype) for one in rotary_emb)
            query, key = _turned(query, cos, sin), _turned(key, cos, sin)
        scores = query @ key.transpose(2, 3)
        if encoder_hidden_states is not None and self.mask is not None:
            scores = scores + self.mask.to(scores.dtype)
        told: Tensor = attn.to_out[0]((scores.softmax(-1).to(value.dtype) @ value).transpose(1, 2).flatten(2))
        return told


def _even(values: Tensor, weight: Tensor) -> Tensor:
    size = torch.linalg.vector_norm(values, dim=-1, keepdim=True, dtype=torch.float32) * values.shape[-1] ** -0.5
    evened: Tensor = values * (size + 1e-5).reciprocal().to(values.dtype) * weight.to(values.dtype)
    return evened


def _turned(values: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    first, second = values[..., ::2], values[..., 1::2]
    return torch.stack((first * cos - second * sin, first * sin + second * cos), -1).flatten(-2)


def predict(transformer: Any, latents: Tensor, times: Tensor, text: Tensor) -> Tensor:
    """The velocity; `times` (clips, 2) are those of the first frame and of the others."""
    count, _, frames, height, width = latents.shape
    rotary = transformer.rope(latents)
    hidden = transformer.patch_embedding(latents).flatten(2).transpose(1, 2).contiguous()
    is_even = bool((times[:, 0] == times[:, 1]).all())
    flat = times[:, 1] if is_even else times.flatten()
    moment, shifts, text, _ = transformer.condition_embedder(flat, text, None, timestep_seq_len=None if is_even else 2)
    shifts = shifts.unflatten(-1, (6, -1))
    if not is_even:
        index = torch.ones(hidden.shape[1], dtype=torch.long)
        index[: hidden.shape[1] // frames] = 0
        moment, shifts = moment[:, index], shifts[:, index]
    for block in transformer.blocks:
        hidden = block(hidden, text, shifts, rotary)
    moment = moment[:, None] if is_even else moment
    shift, scale = (transformer.scale_shift_table[0] + moment[..., None, :]).unbind(-2)
    hidden = transformer.norm_out(hidden.float()) * (1 + scale) + shift
    told = transformer.proj_out(hidden).reshape(count, frames, height // 2, width // 2, 2, 2, -1)
    velocity: Tensor = told.permute(0, 6, 1, 2, 4, 3, 5).reshape(latents.shape)
    return velocity
