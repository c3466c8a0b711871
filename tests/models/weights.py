"""Real .safetensors files and model folders, made small: what the tests lay into folders."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path

from tokenizers import pre_tokenizers

SDXL = {
    'conditioner.embedders.1.model.ln_final.weight': (4,),
    'model.diffusion_model.input_blocks.0.0.weight': (4, 4),
}
SD15 = {
    'cond_stage_model.transformer.text_model.final_layer_norm.weight': (4,),
    'model.diffusion_model.input_blocks.0.0.weight': (4, 4),
}
SDXL_LORA = {'lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight': (2, 2048)}
SD15_LORA = {'lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight': (2, 768)}
FLUX_LORA = {'lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight': (2, 8)}
WAN_LORA = {'diffusion_model.blocks.0.cross_attn.k.lora_A.weight': (2, 1536)}
WAN_TRANSFORMER = {'blocks.0.cross_attn.k.weight': (4, 4), 'head.modulation': (1, 2, 4)}


def write_weights(path: Path, shapes: Mapping[str, tuple[int, ...]], metadata: dict[str, str] | None = None) -> Path:
    """A .safetensors file of zeros with these tensors."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header: dict[str, object] = {'__metadata__': metadata} if metadata else {}
    offset = 0
    for name, shape in shapes.items():
        size = 2
        for side in shape:
            size *= side
        header[name] = {'dtype': 'F16', 'shape': list(shape), 'data_offsets': [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack('<Q', len(text)) + text + bytes(offset))
    return path


def write_diffusers(folder: Path, pipeline: str = 'StableDiffusionXLPipeline', *, sample_size: int = 128) -> Path:
    """A diffusers folder as the catalog reads it."""
    write_weights(folder / 'unet' / 'diffusion_pytorch_model.safetensors', {'conv_in.weight': (4, 4)})
    _json(folder / 'model_index.json', {'_class_name': pipeline})
    _json(folder / 'unet' / 'config.json', {'sample_size': sample_size})
    _json(folder / 'vae' / 'config.json', {'block_out_channels': [4, 4, 4, 4]})
    return folder


def write_language_model(folder: Path, *, is_instruct: bool) -> Path:
    """A transformers folder as the catalog reads it."""
    write_weights(folder / 'model.safetensors', {'model.embed_tokens.weight': (4, 4)})
    _json(folder / 'config.json', {'architectures': ['Qwen2ForCausalLM']})
    if is_instruct:
        (folder / 'chat_template.jinja').write_text('{{ messages }}')
    return folder


def _json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def write_clip_tokenizer(folder: Path) -> Path:
    """A CLIP tokenizer without merges: a token a letter, two marks around the text."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*alphabet, *(f'{letter}</w>' for letter in alphabet), '<|startoftext|>', '<|endoftext|>']
    _json(folder / 'vocab.json', {token: index for index, token in enumerate(tokens)})
    (folder / 'merges.txt').write_text('#version: 0.2\n')
    return folder


def write_words(folder: Path) -> Path:
    """The vocabulary of a small model."""
    known = ['car', 'cat', 'lion', 'red', 'beach', 'sunset', 'hot air balloon', 'watercolor']
    near = {'tiger': 'lion', 'ship': 'boat', 'seaside': 'beach', 'big cat': 'lion', 'aquarelle': 'watercolor'}
    unsaid = [
        {'choices': ['on the left', 'on the right'], 'words': ['left', 'right', 'in the middle']},
        {'choices': ['at sunset', 'by day'], 'words': ['sunset', 'day', 'night']},
    ]
    words = {'known': known, 'near': near, 'examples': ['a red car on the beach'], 'unsaid': unsaid}
    _json(folder / 'words.json', words)
    return folder
