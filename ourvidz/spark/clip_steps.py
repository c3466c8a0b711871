"""The steps that train the embedded clip model, in their order."""

from .workshop import Workshop


def take_step(step: str, workshop: Workshop, *, shards: int, minutes: float | None, clips: int) -> None:
    """Runs one step; every step resumes after a kill."""
    workshop = Workshop(workshop.path / 'clip')
    match step:
        case 'clip-latents':
            from .clip_autoencoder import fit_spread
            from .clip_latents import fit_projection

            fit_projection(workshop)
            fit_spread(workshop)
        case 'clip-text':
            from .clip_text import train_text

            train_text(workshop)
        case 'clip-pool':
            from .clip_pool import fill_pool

            fill_pool(workshop, shards=shards)
        case 'clip-transformer':
            from .clip_training import Plan, train_transformer

            train_transformer(workshop, Plan(minutes=minutes) if minutes else Plan())
        case 'clip-export':
            from .clip_export import export

            export(workshop)
        case 'clip-evaluate':
            from .clip_evaluation import evaluate
            from .clip_export import CHECKPOINT

            evaluate(workshop, CHECKPOINT, clips=clips)
