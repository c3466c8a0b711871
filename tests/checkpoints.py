"""Tiny real checkpoints for the tests: the classes of the large models with few weights, made in a second or two."""

from pathlib import Path
from typing import Any

from tests.single_file import single_file_tensors

BIG = 100.0
LIFT = 20.0


def tiny_sdxl(folder: Path, *, seed: int = 0) -> Path:
    """Write a tiny StableDiffusionXLPipeline into `folder` and return it.

    Its UNet and text encoders are random. Its VAE (8x, 4 channels) averages blocks of 8x8 pixels and shows them again,
    so that smooth pictures survive a way there and back.
    """
    import torch
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    torch.manual_seed(seed)
    pipeline = StableDiffusionXLPipeline(
        vae=_see_through_vae(),
        text_encoder=_clip_encoder(projected=False),
        text_encoder_2=_clip_encoder(projected=True),
        tokenizer=_clip_tokenizer(),
        tokenizer_2=_clip_tokenizer(),
        unet=_unet(),
        scheduler=EulerDiscreteScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule='scaled_linear',
            timestep_spacing='leading',
            steps_offset=1,
        ),
        add_watermarker=False,
    )
    pipeline.save_pretrained(folder, safe_serialization=True)
    return folder


def tiny_sdxl_file(path: Path, *, seed: int = 0) -> Path:
    """Write the same weights as one .safetensors file with its original tensor names, its configuration beside it."""
    from diffusers import StableDiffusionXLPipeline
    from safetensors.torch import save_file

    folder = tiny_sdxl(path.with_suffix(''), seed=seed)
    save_file(single_file_tensors(StableDiffusionXLPipeline.from_pretrained(folder)), path)
    for weights in folder.glob('*/*.safetensors'):
        weights.unlink()
    return path


def _unet() -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=('DownBlock2D', 'CrossAttnDownBlock2D'),
        up_block_types=('CrossAttnUpBlock2D', 'UpBlock2D'),
        attention_head_dim=(2, 4),
        transformer_layers_per_block=(1, 1),
        use_linear_projection=True,
        addition_embed_type='text_time',
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=8 * 6 + 32,
        cross_attention_dim=16 + 32,
        norm_num_groups=8,
    )


def _clip_tokenizer() -> Any:
    """CLIP's tokenizer over single bytes, without merges."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizer

    letters = sorted(ByteLevel.alphabet())
    words = [*letters, *(f'{letter}</w>' for letter in letters), '<|startoftext|>', '<|endoftext|>']
    return CLIPTokenizer(vocab={word: at for at, word in enumerate(words)}, merges=[], model_max_length=77)


def _clip_encoder(*, projected: bool) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=514,
        hidden_size=32 if projected else 16,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=77,
        hidden_act='gelu' if projected else 'quick_gelu',
        projection_dim=32,
        bos_token_id=512,
        eos_token_id=513,
        pad_token_id=513,
    )
    return CLIPTextModelWithProjection(config) if projected else CLIPTextModel(config)


def _see_through_vae() -> Any:
    """An AutoencoderKL with weights by hand: three channels carry the picture, large constants hold the norms still."""
    import torch
    from diffusers import AutoencoderKL

    vae = AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        down_block_types=('DownEncoderBlock2D',) * 4,
        up_block_types=('UpDecoderBlock2D',) * 4,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=1,
        sample_size=64,
        scaling_factor=1.0,
        force_upcast=False,
    )
    with torch.no_grad():
        for name, weight in vae.named_parameters():
            if name.endswith(('.conv2.weight', '.conv2.bias', 'to_out.0.weight', 'to_out.0.bias')):
                weight.zero_()
        for part in (vae.encoder, vae.decoder):
            _carry_colours(part.conv_in, lift=(0.0, 0.0, 0.0, BIG, -BIG, BIG, -BIG, 0.0))
            part.conv_norm_out.weight.fill_(BIG / 2**0.5)
            part.conv_norm_out.bias.fill_(LIFT)
            _carry_colours(part.conv_out, lift=(-LIFT, -LIFT, -LIFT))
        vae.encoder.conv_out.bias[4:] = -30.0
        for block in vae.encoder.down_blocks[:-1]:
            _carry_all(block.downsamplers[0].conv)
            block.downsamplers[0].conv.weight[:, :, :2, :2] = torch.eye(8)[:, :, None, None] / 4
        for block in vae.decoder.up_blocks[:-1]:
            _carry_all(block.upsamplers[0].conv)
        for conv in (vae.quant_conv, vae.post_quant_conv):
            _carry_all(conv)
    return vae


def _carry_colours(conv: Any, *, lift: tuple[float, ...]) -> None:
    """Let a convolution pass its first three channels on and add `lift` to the channels that it makes."""
    conv.weight.zero_()
    conv.bias.zero_()
    middle = conv.kernel_size[0] // 2
    for channel in range(3):
        conv.weight[channel, channel, middle, middle] = 1.0
    for channel, amount in enumerate(lift):
        conv.bias[channel] = amount


def _carry_all(conv: Any) -> None:
    conv.weight.zero_()
    conv.bias.zero_()
    middle = conv.kernel_size[0] // 2
    for channel in range(conv.weight.shape[0]):
        conv.weight[channel, channel, middle, middle] = 1.0


def tiny_lora(path: Path) -> Path:
    """Write a LoRA for `tiny_sdxl`'s UNet into a .safetensors file."""
    import torch
    from safetensors.torch import save_file

    random = torch.Generator().manual_seed(0)
    start = 'unet.down_blocks.1.attentions.0.transformer_blocks.0'
    tensors = {}
    for layer in ('attn1.to_q', 'attn1.to_v', 'attn1.to_out.0'):
        tensors[f'{start}.{layer}.lora_A.weight'] = torch.randn(4, 32, generator=random)
        tensors[f'{start}.{layer}.lora_B.weight'] = torch.randn(32, 4, generator=random)
    told = {'modelspec.architecture': 'stable-diffusion-xl-v1-base/lora', 'modelspec.trigger_phrase': 'ink drawing'}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, told)
    return path


def tiny_ip_adapter(folder: Path) -> Path:
    """Write an IP-Adapter for `tiny_sdxl` into `folder`: its weights and its image encoder."""
    import torch
    from safetensors.torch import save_file
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(0)
    config = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=16,
        projection_dim=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=224,
        patch_size=32,
    )
    CLIPVisionModelWithProjection(config).save_pretrained(folder / 'image_encoder')
    CLIPImageProcessor().save_pretrained(folder / 'image_encoder')
    tensors = {
        'image_proj.proj.weight': torch.randn(4 * 48, 16),
        'image_proj.proj.bias': torch.zeros(4 * 48),
        'image_proj.norm.weight': torch.ones(48),
        'image_proj.norm.bias': torch.zeros(48),
    }
    for attention in (1, 3, 5, 7):
        for part in ('to_k_ip', 'to_v_ip'):
            tensors[f'ip_adapter.{attention}.{part}.weight'] = torch.randn(32, 48)
    save_file(tensors, folder / 'ip-adapter_sdxl.safetensors')
    return folder
