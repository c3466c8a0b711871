"""Trains the embedded models step by step: `python -m ourvidz.spark STEP`; every step resumes after a kill."""

import argparse
from pathlib import Path

import torch

from .workshop import Workshop

STEPS = ('text', 'latents', 'pool', 'unet', 'judge', 'export', 'evaluate', 'writer', 'sprites')
CLIP_STEPS = ('clip-latents', 'clip-text', 'clip-pool', 'clip-transformer', 'clip-export', 'clip-evaluate')


def main() -> None:
    """Runs one step."""
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    workshop = Workshop(arguments.work) if arguments.work else Workshop()
    if arguments.step.startswith('clip-'):
        from .clip_steps import take_step

        take_step(arguments.step, workshop, shards=arguments.shards, minutes=arguments.minutes, clips=arguments.prompts)
        return
    match arguments.step:
        case 'text':
            from .text import train_text

            train_text(workshop)
        case 'latents':
            from .latents import fit_projection

            fit_projection(workshop)
        case 'pool':
            from .pool import fill_pool

            fill_pool(workshop, shards=arguments.shards)
        case 'unet':
            from .crew import together
            from .training import Plan, train_unet

            plan = Plan(minutes=arguments.minutes)
            together(train_unet, workshop, plan, workers=arguments.workers, meeting=workshop.path / 'meeting')
        case 'judge':
            from .judge import train_judge

            train_judge(workshop, steps=arguments.steps)
        case 'export':
            from .export import export

            export(workshop)
        case 'evaluate':
            from .evaluation import evaluate
            from .export import CHECKPOINT

            evaluate(workshop, CHECKPOINT, prompts=arguments.prompts)
        case 'writer':
            from .writer import export_writer, train_writer
            from .writing import measure_writer

            train_writer(workshop, minutes=arguments.minutes)
            export_writer(workshop)
            measure_writer(prompts=arguments.prompts)
        case 'sprites':
            from .sprites import import_sprites

            import_sprites(arguments.package)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='python -m ourvidz.spark', description=__doc__)
    parser.add_argument(
        'step',
        choices=(*STEPS, *CLIP_STEPS),
    )
    parser.add_argument('--work', type=Path, help='folder of pool and checkpoints (default: .spark)')
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--shards', type=int, default=24, help='pool: shards of 1000 pictures')
    parser.add_argument('--minutes', type=float, default=75, help='unet: how long to train in all')
    parser.add_argument('--workers', type=int, default=1, help='unet: processes that train together')
    parser.add_argument('--steps', type=int, default=1500, help='judge: how many steps to train')
    parser.add_argument('--prompts', type=int, default=500, help='evaluate: held-out captions to draw')
    parser.add_argument('--package', type=Path, help='sprites: the unpacked npm package of the drawings')
    return parser.parse_args()


if __name__ == '__main__':
    main()
