"""Live previews: what the unfinished latents would look like, by a linear fit of the VAE's decoder."""

import io
import logging
import time
from typing import Any

import torch
from diffusers.hooks.group_offloading import _is_group_offload_enabled
from PIL import Image
from torch.nn import functional

from ourvidz.engine.messages import Output, PreviewMade
from ourvidz.engine.worker.talk import Talk

logger = logging.getLogger('ourvidz.engine')

SECONDS_APART = 0.33
SHARE_OF_TIME = 0.02
LONG_EDGE = 256
CELLS = 8


class LinearDecoder:
    """Turns latents into small pictures by one matrix, fitted to what the VAE makes of them.

    Each latent cell of `scale` px becomes `detail` x `detail` px.
    """

    def __init__(self, vae: Any, *, scale: int, device: torch.device) -> None:
        self._vae = vae
        self._detail = max(1, scale // 4)
        kept = vae.dtype
        self._dtype = kept if _is_group_offload_enabled(vae) else torch.float32
        """Layers that come one by one come as they were."""
        vae.to(self._dtype)
        try:
            self._matrix = self._fit(scale, device)
        finally:
            vae.to(kept)

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Latents (batch, channels, height, width) as the pipeline has them -> RGB 0..1 (batch, 3, taller, wider)."""
        ones = torch.ones_like(latents[:, :1])
        cells = torch.cat([self._natural(latents), ones], 1)
        patches = torch.einsum('bchw,cp->bphw', cells, self._matrix)
        return functional.pixel_shuffle(patches, self._detail).clamp(-1, 1) / 2 + 0.5

    @torch.no_grad()
    def _fit(self, scale: int, device: torch.device) -> torch.Tensor:
        random = torch.Generator().manual_seed(0)
        colours = torch.rand(6, 3, 4, 4, generator=random) * 2 - 1
        pictures = functional.interpolate(colours, size=CELLS * scale, mode='bicubic').clamp(-1, 1)
        seen = self._encode(pictures.to(device, self._dtype)).float().cpu()
        noise = torch.randn(3, seen.shape[1], CELLS, CELLS, generator=random)
        cells = torch.cat([seen, self._natural(noise)])
        shown = self._decode(cells.to(device, self._dtype)).float().cpu()
        small = functional.adaptive_avg_pool2d(shown, CELLS * self._detail)
        inputs = torch.cat([cells, torch.ones_like(cells[:, :1])], 1).permute(0, 2, 3, 1).flatten(0, 2)
        targets = functional.pixel_unshuffle(small, self._detail).permute(0, 2, 3, 1).flatten(0, 2)
        ridge = 1e-3 * len(inputs) * torch.eye(inputs.shape[1])
        matrix: torch.Tensor = torch.linalg.solve(inputs.T @ inputs + ridge, inputs.T @ targets)
        return matrix

    def _encode(self, pictures: torch.Tensor) -> torch.Tensor:
        if self._is_video:
            return torch.cat([self._vae.encode(p[None, :, None]).latent_dist.mode()[:, :, 0] for p in pictures])
        latents: torch.Tensor = self._vae.encode(pictures).latent_dist.mode()
        return latents

    def _decode(self, cells: torch.Tensor) -> torch.Tensor:
        if self._is_video:
            return torch.cat([self._vae.decode(c[None, :, None], return_dict=False)[0][:, :, 0] for c in cells])
        pictures: torch.Tensor = self._vae.decode(cells, return_dict=False)[0]
        return pictures

    @property
    def _is_video(self) -> bool:
        return 'z_dim' in self._vae.config

    def _natural(self, latents: torch.Tensor) -> torch.Tensor:
        """From the pipeline's units into the VAE's."""
        config = self._vae.config
        mean, std = config.get('latents_mean'), config.get('latents_std')
        if mean is not None and std is not None:
            latents = latents * torch.tensor(std).view(1, -1, 1, 1)
            return latents / (config.get('scaling_factor') or 1.0) + torch.tensor(mean).view(1, -1, 1, 1)
        return latents / (config.get('scaling_factor') or 1.0) + (config.get('shift_factor') or 0.0)


class LivePreviews:
    """Shows a batch as it forms, seldom enough to cost next to nothing. A preview that fails never harms the run."""

    def __init__(self, *, pipeline: Any, model: Any, device: torch.device, talk: Talk, size: tuple[int, int]) -> None:
        self._pipeline, self._model, self._device, self._talk, self._size = pipeline, model, device, talk, size
        self._outputs: list[Output] = []
        self._before: tuple[torch.Tensor, float] | None = None
        self._begun = time.monotonic()
        self._shown_at = 0.0
        self._spent = 0.0
        self._is_broken = False

    def begin(self, outputs: list[Output]) -> None:
        """A new batch begins."""
        self._outputs = outputs
        self._before = None

    def step(self, latents: torch.Tensor) -> None:
        """A step is done: maybe show it."""
        if self._is_broken:
            return
        try:
            expected = self._expected(latents)
            if self._is_due():
                self._show(expected)
        except Exception:
            logger.warning('No previews for this run', exc_info=True)
            self._is_broken = True

    def _is_due(self) -> bool:
        now = time.monotonic()
        is_affordable = self._spent <= SHARE_OF_TIME * (now - self._begun) or not self._shown_at
        return now - max(self._shown_at, self._begun) >= SECONDS_APART and is_affordable

    def _expected(self, latents: torch.Tensor) -> torch.Tensor:
        """The picture that the last step was heading for: x - sigma * dx/dsigma."""
        scheduler = self._pipeline.scheduler
        sigmas, at = getattr(scheduler, 'sigmas', None), getattr(scheduler, 'step_index', None)
        if sigmas is None or at is None or at >= len(sigmas):
            return latents
        sigma = float(sigmas[at])
        before, self._before = self._before, (latents, sigma)
        if before is None or before[1] <= sigma:
            return latents / (sigma**2 + 1) ** 0.5 if sigma > 1 else latents
        return latents - (latents - before[0]) * (sigma / (sigma - before[1]))

    def _show(self, latents: torch.Tensor) -> None:
        started = time.monotonic()
        flat = self._unpacked(latents)
        if self._model.preview is None:
            scale = round(self._size[1] / flat.shape[-2])
            self._model.preview = LinearDecoder(self._pipeline.vae, scale=scale, device=self._device)
            started = time.monotonic()
        pictures = self._model.preview.decode(flat.float().cpu())
        for output, picture in zip(self._outputs, pictures, strict=True):
            webp = as_webp(picture)
            self._talk.send(PreviewMade(run_id=self._talk.run_id, position=output.position, webp=webp))
        self._shown_at = time.monotonic()
        self._spent += self._shown_at - started

    def _unpacked(self, latents: torch.Tensor) -> torch.Tensor:
        """One latent picture (batch, channels, height, width); of clips the middle frame."""
        if latents.ndim == 3:
            factor = self._pipeline.vae_scale_factor
            latents = self._pipeline._unpack_latents(latents, self._size[1], self._size[0], factor)
        return latents[:, :, latents.shape[2] // 2] if latents.ndim == 5 else latents


def as_webp(picture: torch.Tensor) -> bytes:
    """RGB 0..1 (3, height, width) as a small WebP."""
    pixels = (picture * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    image = Image.fromarray(pixels)
    image.thumbnail((LONG_EDGE, LONG_EDGE))
    data = io.BytesIO()
    image.save(data, 'WEBP', quality=60, method=0)
    return data.getvalue()
