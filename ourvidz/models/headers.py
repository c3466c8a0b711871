"""What a .safetensors file is, read from its header alone: tensor names and shapes, never the weights or the name."""

import json
import struct
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

from ourvidz.errors import BrokenModel

MAX_HEADER = 100 * 1024 * 1024

Part = Literal['checkpoint', 'transformer', 'lora', 'other']


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the tensors with their shapes, and the metadata that the file's maker wrote."""

    shapes: dict[str, tuple[int, ...]]
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def is_lora(self) -> bool:
        return any(mark in name for name in self.shapes for mark in ('lora_down', 'lora_up', 'lora_A.', 'lora_B.'))

    def has(self, mark: str) -> bool:
        """Whether a tensor's name contains the mark."""
        return any(mark in name for name in self.shapes)


@dataclass(frozen=True, slots=True)
class Nature:
    """Which part of which family a file holds; family '' when it is none that is known."""

    part: Part
    family: str


def read_header(path: Path) -> Header:
    """Read the header of a file. Raises BrokenModel if it is cut short or no .safetensors file."""
    stat = path.stat()
    return _read_header(path, stat.st_mtime_ns, stat.st_size)


def nature_of(header: Header) -> Nature:
    """Tell what a file holds by its tensors, and by its metadata where the tensors leave it open."""
    if any(header.has(mark) for mark in ('hada_w1_', 'lokr_w1', 'oft_blocks')):
        return Nature('other', 'lycoris')
    if header.is_lora:
        return Nature('lora', _lora_family(header))
    if any(name.startswith(('control_model.', 'controlnet_')) for name in header.shapes):
        return Nature('other', 'controlnet')
    for part, family, marks in CHECKPOINTS:
        if all(header.has(mark) for mark in marks):
            return Nature(part, family)
    return Nature('other', '')


CHECKPOINTS: tuple[tuple[Part, str, tuple[str, ...]], ...] = (
    ('checkpoint', 'sdxl', ('conditioner.embedders.1.model.', 'model.diffusion_model.')),
    ('checkpoint', 'sdxl-refiner', ('conditioner.embedders.0.model.', 'model.diffusion_model.')),
    ('checkpoint', 'sd15', ('cond_stage_model.transformer.', 'model.diffusion_model.')),
    ('checkpoint', 'sd2', ('cond_stage_model.model.', 'model.diffusion_model.')),
    ('checkpoint', 'sd3', ('model.diffusion_model.joint_blocks.', 'text_encoders.')),
    ('transformer', 'flux2', ('double_stream_modulation_img',)),
    ('checkpoint', 'flux', ('double_blocks.0.img_attn', 'text_encoders.', 'vae.')),
    ('transformer', 'flux', ('double_blocks.0.img_attn',)),
    ('transformer', 'flux', ('single_transformer_blocks.0.proj_mlp',)),
    ('transformer', 'z-image', ('layers.0.adaLN_modulation.0', 'cap_embedder')),
    ('transformer', 'qwen-image', ('transformer_blocks.0.img_mod', 'transformer_blocks.0.txt_mod')),
    ('transformer', 'wan-vace', ('vace_blocks.0.', 'blocks.0.')),
    ('transformer', 'wan', ('blocks.0.cross_attn.k', 'head.modulation')),
    ('transformer', 'wan', ('condition_embedder.text_embedder', 'blocks.0.attn2.to_k')),
    ('transformer', 'ltx2', ('audio_patchify_proj',)),
    ('transformer', 'ltx', ('patchify_proj',)),
    ('transformer', 'sdxl', ('add_embedding.linear_1', 'down_blocks.0.')),
)

LORAS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ('flux2', ('to_qkv_mlp_proj',)),
    ('flux', ('double_blocks',)),
    ('flux', ('single_transformer_blocks',)),
    ('ltx2', ('audio_to_video',)),
    ('ltx2', ('audio_attn',)),
    ('qwen-image', ('transformer_blocks', 'img_mod')),
    ('qwen-image', ('transformer_blocks', 'add_k_proj')),
    ('qwen-image', ('transformer_blocks', 'img_mlp')),
    ('z-image', ('layers.', '.attention.')),
    ('z-image', ('layers_', '_attention_')),
    ('wan', ('blocks.0.cross_attn',)),
    ('wan', ('blocks_0_cross_attn',)),
    ('wan', ('blocks.0.attn2', 'ffn')),
    ('sdxl', ('lora_te2_',)),
    ('sdxl', ('text_encoder_2.',)),
    ('sdxl', ('lora_unet_input_blocks_4_1',)),
    ('sdxl', ('transformer_blocks_9_',)),
    ('sdxl', ('transformer_blocks.9.', 'unet.')),
)

METADATA_FAMILIES = {
    'stable-diffusion-xl': 'sdxl',
    'sdxl': 'sdxl',
    'stable-diffusion-v1': 'sd15',
    'sd_v1': 'sd15',
    'sd_1.5': 'sd15',
    'flux-2': 'flux2',
    'flux2': 'flux2',
    'flux': 'flux',
    'qwen_image': 'qwen-image',
    'qwen-image': 'qwen-image',
    'zimage': 'z-image',
    'z-image': 'z-image',
    'wan': 'wan',
    'ltx': 'ltx2',
}


def _lora_family(header: Header) -> str:
    if (stated := _stated_family(header)) == 'flux2':  # whose layers may have the names of FLUX.1's
        return stated
    for family, marks in LORAS:
        if all(header.has(mark) for mark in marks):
            return family
    return _unet_family(header) or stated


def _unet_family(header: Header) -> str:
    """SDXL's UNet listens to text of 2048 values, SD 1.5's to 768: the width of a LoRA's way into the keys."""
    widths = {2048: 'sdxl', 768: 'sd15'}
    for name, shape in header.shapes.items():
        is_text_key = 'attn2' in name and 'to_k' in name and ('lora_down' in name or 'lora_A' in name)
        if is_text_key and len(shape) >= 2 and shape[1] in widths:
            return widths[shape[1]]
    return ''


def _stated_family(header: Header) -> str:
    stated = ' '.join(
        header.metadata.get(key, '') for key in ('modelspec.architecture', 'ss_base_model_version', 'base_model')
    ).lower()
    return next((family for mark, family in METADATA_FAMILIES.items() if mark in stated), '')


@lru_cache(maxsize=2_000)
def _read_header(path: Path, _modified: int, size: int) -> Header:
    with path.open('rb') as file:
        start = file.read(8)
        if len(start) < 8:
            raise BrokenModel(f'{path.name} is empty or cut short.', advice='Download it again.')
        (length,) = struct.unpack('<Q', start)
        if length > MAX_HEADER or length > size - 8:
            raise BrokenModel(f'{path.name} is cut short or no .safetensors file.', advice='Download it again.')
        return _parsed(path, file.read(length), size - 8 - length)


def _parsed(path: Path, text: bytes, data_size: int) -> Header:
    try:
        content = json.loads(text)
        metadata = {str(key): str(value) for key, value in (content.pop('__metadata__', None) or {}).items()}
        shapes = {name: tuple(int(n) for n in entry['shape']) for name, entry in content.items()}
        end = max((entry['data_offsets'][1] for entry in content.values()), default=0)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise BrokenModel(f'The header of {path.name} cannot be read.', advice='Download it again.') from error
    if end > data_size:
        raise BrokenModel(
            f'{path.name} is cut short: {end - data_size} bytes are missing.', advice='Download it again.'
        )
    return Header(shapes, metadata)
