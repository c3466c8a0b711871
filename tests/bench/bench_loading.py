"""How responsive the web process stays while a model of 5 GB loads: `python -m tests.bench.bench_loading`.

Makes an SDXL checkpoint with random weights in shards on the disk, loads it through the app, and prints the times of
`/api/health` (goal: p95 under 25 ms) before and meanwhile, and of the first load and of a second run without one.
"""

import json
import tempfile
import time
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file

from tests.bench.bench_path import summary, timed
from tests.checkpoints import tiny_sdxl
from tests.running import RunningApp

GOAL = 5_000_000_000
SHARD = 1_000_000_000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        size = large_sdxl(data / 'models' / 'large')
        print(f'checkpoint: {size / 1e9:.1f} GB')
        app = RunningApp(data / 'data', OURVIDZ_MODELS_DIR=str(data / 'models')).start()
        try:
            print(f'health at rest: {summary([timed(lambda: app.api.get("/api/health")) for _ in range(200)])}')
            for what in ('loaded and run', 'run again'):
                started = time.perf_counter()
                print(f'health while it is {what}: {summary(health_during(app))}')
                print(f'{what} in {time.perf_counter() - started:.1f} s')
        finally:
            app.stop()


def health_during(app: RunningApp) -> list[float]:
    """Times of health answers until a job of one step is over."""
    job_id = app.submit('a fox', model='large', num_inference_steps=1, aspect_ratio='1:1')
    times, checked = [], time.monotonic()
    while True:
        times.append(timed(lambda: app.api.get('/api/health')))
        time.sleep(0.01)
        if time.monotonic() - checked > 1:
            checked = time.monotonic()
            job = app.job(job_id)
            if job['status'] not in ('queued', 'processing'):
                assert job['status'] == 'completed', job['error']
                return times


def large_sdxl(folder: Path) -> int:
    """Write a checkpoint whose UNet has about 5 GB of random weights in shards; gives its bytes."""
    tiny_sdxl(folder)
    for file in (folder / 'unet').iterdir():
        file.unlink()
    layers = 1
    while (unet := _unet(layers)).num_parameters() * 4 < GOAL:
        layers += 1
    unet.save_config(folder / 'unet')
    return _write_shards(unet, folder / 'unet')


def _unet(layers: int) -> UNet2DConditionModel:
    with torch.device('meta'):
        return UNet2DConditionModel(
            sample_size=8,
            block_out_channels=(320, 640, 1280),
            down_block_types=('DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'),
            up_block_types=('CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'),
            attention_head_dim=(5, 10, 20),
            transformer_layers_per_block=(1, 2, layers),
            use_linear_projection=True,
            addition_embed_type='text_time',
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=8 * 6 + 32,
            cross_attention_dim=16 + 32,
        )


def _write_shards(unet: UNet2DConditionModel, folder: Path) -> int:
    shapes = {name: weight.shape for name, weight in unet.state_dict().items()}
    shards = _shards({name: shape.numel() * 4 for name, shape in shapes.items()})
    places: dict[str, str] = {}
    for at, names in enumerate(shards, 1):
        file = f'diffusion_pytorch_model-{at:05}-of-{len(shards):05}.safetensors'
        save_file({name: torch.randn(shapes[name]) * 0.02 for name in names}, folder / file)
        places |= dict.fromkeys(names, file)
    total = sum(shape.numel() * 4 for shape in shapes.values())
    index = {'metadata': {'total_size': total}, 'weight_map': places}
    (folder / 'diffusion_pytorch_model.safetensors.index.json').write_text(json.dumps(index))
    return int(total)


def _shards(sizes: dict[str, int]) -> list[list[str]]:
    shards: list[list[str]] = [[]]
    for name, size in sizes.items():
        if shards[-1] and sum(sizes[other] for other in shards[-1]) + size > SHARD:
            shards.append([])
        shards[-1].append(name)
    return shards


if __name__ == '__main__':
    main()
