"""Tiny real checkpoints of the Wan class for the tests, made in a second or two."""

from pathlib import Path
from typing import Any, Literal

from tests.checkpoints import tiny_sdxl

WanKind = Literal['t2v', 'a14b', 'ti2v', 'i2v', 'flf2v', 'vace']
BIG = 100.0
CARRIED = 8


def tiny_wan(folder: Path, *, kind: WanKind = 't2v', seed: int = 0) -> Path:
    """Write a tiny Wan pipeline into `folder` and return it.

    `t2v` is text to video, `a14b` the same with two experts, `ti2v` as Wan2.2-5B (text or a beginning frame), `i2v` as
    Wan2.2-A14B (beginning and ending frame), `flf2v` as Wan2.1 (the same, with an image encoder), `vace` anything. The
    transformer and text encoder are random. The VAE (8x in space, 4x in time, 16 channels) averages blocks of 8x8
    pixels and shows them again, so that smooth frames survive a way there and back.
    """
    import diffusers
    import torch
    from diffusers import UniPCMultistepScheduler

    torch.manual_seed(seed)
    cls = {
        't2v': diffusers.WanPipeline,
        'a14b': diffusers.WanPipeline,
        'ti2v': diffusers.WanPipeline,
        'i2v': diffusers.WanImageToVideoPipeline,
        'flf2v': diffusers.WanImageToVideoPipeline,
        'vace': diffusers.WanVACEPipeline,
    }[kind]
    parts = {
        'vae': _see_through_vae(),
        'transformer': _transformer(kind),
        'tokenizer': _tokenizer(),
        'text_encoder': _text_encoder(),
        'scheduler': UniPCMultistepScheduler(
            prediction_type='flow_prediction', use_flow_sigmas=True, num_train_timesteps=1000, flow_shift=5.0
        ),
    }
    if kind == 'a14b':
        parts |= {'transformer_2': _transformer(kind), 'boundary_ratio': 0.875}
    if kind == 'ti2v':
        parts['expand_timesteps'] = True
    if kind == 'flf2v':
        parts |= _image_encoder()
    cls(**parts).save_pretrained(folder, safe_serialization=True)
    return folder


def tiny_wan_lora(path: Path) -> Path:
    """Write a LoRA for the transformer of `tiny_wan` into a .safetensors file."""
    import torch
    from safetensors.torch import save_file

    layer = 'diffusion_model.blocks.0.cross_attn.k'
    save_file({f'{layer}.lora_A.weight': torch.ones(2, 24), f'{layer}.lora_B.weight': torch.ones(24, 2)}, path)
    return path


def tiny_animatediff(folder: Path) -> Path:
    """Write a tiny AnimateDiffSDXLPipeline: `tiny_sdxl` with motion modules."""
    from diffusers import AnimateDiffSDXLPipeline, DDIMScheduler, MotionAdapter, StableDiffusionXLPipeline

    still = StableDiffusionXLPipeline.from_pretrained(tiny_sdxl(folder.with_name(f'{folder.name}-still')))
    adapter = MotionAdapter(
        block_out_channels=(16, 32),
        motion_layers_per_block=1,
        motion_mid_block_layers_per_block=1,
        motion_num_attention_heads=2,
        motion_norm_num_groups=8,
        use_motion_mid_block=False,
    )
    scheduler = DDIMScheduler(beta_schedule='linear', clip_sample=False, timestep_spacing='linspace')
    parts = {**still.components, 'scheduler': scheduler, 'motion_adapter': adapter}
    AnimateDiffSDXLPipeline(**parts).save_pretrained(folder, safe_serialization=True)
    return folder


def _transformer(kind: WanKind) -> Any:
    from diffusers import WanTransformer3DModel, WanVACETransformer3DModel

    common = {
        'patch_size': (1, 2, 2),
        'num_attention_heads': 2,
        'attention_head_dim': 12,
        'out_channels': 16,
        'text_dim': 32,
        'freq_dim': 32,
        'ffn_dim': 32,
        'num_layers': 2,
        'cross_attn_norm': True,
        'qk_norm': 'rms_norm_across_heads',
        'rope_max_seq_len': 512,
    }
    if kind == 'vace':
        return WanVACETransformer3DModel(**common, in_channels=16, vace_layers=[0], vace_in_channels=96)
    if kind in ('t2v', 'a14b', 'ti2v'):
        return WanTransformer3DModel(**common, in_channels=16)
    looks = {'image_dim': 16, 'added_kv_proj_dim': 24, 'pos_embed_seq_len': 2 * 17} if kind == 'flf2v' else {}
    return WanTransformer3DModel(**common, **looks, in_channels=36)


def _tokenizer() -> Any:
    """Single bytes, as T5's fast tokenizer class."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = ['<pad>', '</s>', '<unk>', *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE({word: at for at, word in enumerate(words)}, [], unk_token='<unk>'))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.TemplateProcessing(single='$A </s>', special_tokens=[('</s>', 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token='<pad>', eos_token='</s>', unk_token='<unk>', model_max_length=512
    )


def _text_encoder() -> Any:
    from transformers import UMT5Config, UMT5EncoderModel

    return UMT5EncoderModel(
        UMT5Config(vocab_size=259, d_model=32, d_kv=8, d_ff=32, num_layers=2, num_heads=2, pad_token_id=0)
    )


def _image_encoder() -> dict[str, Any]:
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel

    config = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        patch_size=8,
    )
    size = {'height': 32, 'width': 32}
    processor = CLIPImageProcessor(size={'shortest_edge': 32}, crop_size=size)
    return {'image_encoder': CLIPVisionModel(config), 'image_processor': processor}


def _see_through_vae() -> Any:
    """An AutoencoderKLWan with weights by hand.

    Six channels carry the colours and their negatives, so that silu(x) - silu(-x) = x; two carry a large constant, so
    that the norms divide by it alone. Time is passed on by the last of each convolution's taps.
    """
    import torch
    from diffusers import AutoencoderKLWan

    vae = AutoencoderKLWan(
        base_dim=8,
        z_dim=16,
        dim_mult=[1, 2, 4, 8],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        latents_mean=[0.0] * 16,
        latents_std=[1.0] * 16,
    )
    with torch.no_grad():
        for name, part in vae.named_modules():
            if isinstance(part, torch.nn.Identity):
                continue
            if name.endswith(('.conv2', '.proj')):
                part.weight.zero_()
                part.bias.zero_()
            elif name.endswith(('.conv_shortcut', '.resample.1')) or name in ('quant_conv', 'post_quant_conv'):
                _carry(part, averaged='encoder' in name and name.endswith('.resample.1'))
            elif name.endswith('.time_conv'):
                _carry(part, averaged=False)
                if part.out_channels > part.in_channels:
                    part.weight[part.in_channels :] = part.weight[: part.in_channels]
        for half in (vae.encoder, vae.decoder):
            half.norm_out.gamma.fill_(BIG * 2**0.5 / half.norm_out.scale)
            _spread(half.conv_in)
            _gather(half.conv_out)
    return vae


def _carry(conv: Any, *, averaged: bool) -> None:
    """Pass the first channels on, from the middle in space (or a mean of four pixels) and the last in time."""
    conv.weight.zero_()
    conv.bias.zero_()
    for channel in range(min(16, conv.in_channels, conv.out_channels)):
        if averaged:
            conv.weight[channel, channel, :2, :2] = 0.25
        else:
            conv.weight[(channel, channel, *_tap(conv))] = 1.0


def _spread(conv: Any) -> None:
    conv.weight.zero_()
    conv.bias.zero_()
    for channel in range(3):
        conv.weight[(channel, channel, *_tap(conv))] = 1.0
        conv.weight[(channel + 3, channel, *_tap(conv))] = -1.0
    conv.bias[6], conv.bias[7] = BIG, -BIG


def _gather(conv: Any) -> None:
    conv.weight.zero_()
    conv.bias.zero_()
    for channel in range(3):
        conv.weight[(channel, channel, *_tap(conv))] = 1.0
        conv.weight[(channel, channel + 3, *_tap(conv))] = -1.0


def _tap(conv: Any) -> tuple[int, ...]:
    """The place in a kernel that looks at the same pixel now."""
    *time, height, width = conv.kernel_size
    return (*(length - 1 for length in time), height // 2, width // 2)
