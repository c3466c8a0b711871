"""The tensor names of single-file SDXL checkpoints, which other tools keep, from those of diffusers."""

import re
from typing import Any

UNET_START = {
    'conv_in.': 'input_blocks.0.0.',
    'time_embedding.linear_1.': 'time_embed.0.',
    'time_embedding.linear_2.': 'time_embed.2.',
    'add_embedding.linear_1.': 'label_emb.0.0.',
    'add_embedding.linear_2.': 'label_emb.0.2.',
    'conv_norm_out.': 'out.0.',
    'conv_out.': 'out.2.',
    'mid_block.resnets.0.': 'middle_block.0.',
    'mid_block.attentions.0.': 'middle_block.1.',
    'mid_block.resnets.1.': 'middle_block.2.',
}
RESNET = {
    'norm1.': 'in_layers.0.',
    'conv1.': 'in_layers.2.',
    'time_emb_proj.': 'emb_layers.1.',
    'norm2.': 'out_layers.0.',
    'conv2.': 'out_layers.3.',
    'conv_shortcut.': 'skip_connection.',
}
VAE_PARTS = {
    'mid_block.resnets.0.': 'mid.block_1.',
    'mid_block.resnets.1.': 'mid.block_2.',
    'mid_block.attentions.0.': 'mid.attn_1.',
    'group_norm.': 'norm.',
    'to_q.': 'q.',
    'to_k.': 'k.',
    'to_v.': 'v.',
    'to_out.0.': 'proj_out.',
    'conv_shortcut.': 'nin_shortcut.',
    'conv_norm_out.': 'norm_out.',
    'downsamplers.0.': 'downsample.',
    'upsamplers.0.': 'upsample.',
}
OPEN_CLIP = {
    'encoder.layers.': 'transformer.resblocks.',
    'layer_norm1': 'ln_1',
    'layer_norm2': 'ln_2',
    '.fc1.': '.c_fc.',
    '.fc2.': '.c_proj.',
    '.self_attn.': '.attn.',
    'final_layer_norm.': 'ln_final.',
    'embeddings.token_embedding.': 'token_embedding.',
    'embeddings.position_embedding.weight': 'positional_embedding',
}


def single_file_tensors(pipeline: Any) -> dict[str, Any]:
    """All weights of a StableDiffusionXLPipeline under the names of a single file."""
    tensors = {
        **_unet(pipeline.unet.state_dict(), pipeline.unet.config.layers_per_block),
        **_vae(pipeline.vae.state_dict(), len(pipeline.vae.config.block_out_channels)),
        **_clip(pipeline.text_encoder.state_dict()),
        **_open_clip(pipeline.text_encoder_2.state_dict()),
    }
    return {name: tensor.contiguous().clone() for name, tensor in tensors.items()}


def _unet(weights: dict[str, Any], layers: int) -> dict[str, Any]:
    has_attention = {match[1] for name in weights if (match := re.match(r'up_blocks\.(\d+)\.attentions', name))}

    def renamed(name: str) -> str:
        for start, other in UNET_START.items():
            if name.startswith(start):
                return _replaced(name.replace(start, other, 1), RESNET if '.resnets.' in name else {})
        side, block, part, layer, rest = re.match(r'(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)\.(.*)', name).groups()  # type: ignore[union-attr]
        base = int(block) * (layers + 1)
        if part == 'downsamplers':
            return f'input_blocks.{1 + base + layers}.0.op.{rest.removeprefix("conv.")}'
        if part == 'upsamplers':
            return f'output_blocks.{base + layers}.{2 if block in has_attention else 1}.{rest}'
        start = f'input_blocks.{1 + base + int(layer)}' if side == 'down' else f'output_blocks.{base + int(layer)}'
        return f'{start}.1.{rest}' if part == 'attentions' else f'{start}.0.{_replaced(rest, RESNET)}'

    return {f'model.diffusion_model.{renamed(name)}': tensor for name, tensor in weights.items()}


def _vae(weights: dict[str, Any], blocks: int) -> dict[str, Any]:
    renamed = {}
    for name, tensor in weights.items():
        new = re.sub(r'down_blocks\.(\d+)\.resnets\.', r'down.\1.block.', name)
        new = re.sub(r'up_blocks\.(\d+)\.resnets\.', lambda m: f'up.{blocks - 1 - int(m[1])}.block.', new)
        new = re.sub(r'down_blocks\.(\d+)\.', r'down.\1.', new)
        new = re.sub(r'up_blocks\.(\d+)\.', lambda m: f'up.{blocks - 1 - int(m[1])}.', new)
        is_linear = re.search(r'attentions.*to_\w+(\.0)?\.weight', name)
        renamed[f'first_stage_model.{_replaced(new, VAE_PARTS)}'] = tensor[:, :, None, None] if is_linear else tensor
    return renamed


def _clip(weights: dict[str, Any]) -> dict[str, Any]:
    start = 'conditioner.embedders.0.transformer.text_model.'
    return {f'{start}{name.removeprefix("text_model.")}': tensor for name, tensor in weights.items()}


def _open_clip(weights: dict[str, Any]) -> dict[str, Any]:
    import torch

    start = 'conditioner.embedders.1.model.'
    renamed = {}
    for name, tensor in weights.items():
        new = _replaced(name.removeprefix('text_model.'), OPEN_CLIP)
        if name == 'text_projection.weight':
            renamed[f'{start}text_projection'] = tensor.T
        elif '.q_proj.' in name:
            thirds = [weights[name.replace('.q_proj.', f'.{letter}_proj.')] for letter in 'qkv']
            renamed[start + new.replace('.q_proj.', '.in_proj_')] = torch.cat(thirds)
        elif '.k_proj.' not in name and '.v_proj.' not in name:
            renamed[start + new] = tensor
    return renamed


def _replaced(name: str, parts: dict[str, str]) -> str:
    for old, new in parts.items():
        name = name.replace(old, new)
    return name
