"""The autoencoder: an `AutoencoderKL` whose weights are set to the linear latents and to the painter's pictures."""

from diffusers import AutoencoderKL

from .decoder import set_decoder
from .encoder import set_encoder
from .latents import CHANNELS, Projection
from .painter import Painter

WIDTHS = (20, 40, 96, 128, 192, 192)


def new_vae(projection: Projection, painter: Painter) -> AutoencoderKL:
    """The autoencoder of these latents; it shrinks 32-fold, and on a GPU it computes in full precision."""
    vae = AutoencoderKL(
        block_out_channels=WIDTHS, layers_per_block=1, latent_channels=CHANNELS, norm_num_groups=1, sample_size=256,
        down_block_types=('DownEncoderBlock2D',) * len(WIDTHS), up_block_types=('UpDecoderBlock2D',) * len(WIDTHS),
        use_quant_conv=False, use_post_quant_conv=False, mid_block_add_attention=False, force_upcast=True,
        scaling_factor=1.0,
    )  # fmt: skip
    set_encoder(vae.encoder, projection)
    set_decoder(vae.decoder, painter)
    return vae
