"""Generation parameters as one text in the form that A1111 writes and many tools read."""

from typing import Any


def infotext(prompt: str, negative: str, parameters: dict[str, Any], *, title: str, seed: int) -> str:
    """The text for one picture or clip."""
    settings = {
        'Steps': parameters['num_inference_steps'],
        **({'Sampler': parameters['sampler']} if parameters.get('sampler') else {}),
        'CFG scale': parameters['guidance_scale'],
        'Seed': seed,
        'Size': f'{parameters["width"]}x{parameters["height"]}',
        'Model': title.replace(',', ' '),
    }
    if 'strength' in parameters:
        settings['Denoising strength'] = parameters['strength']
    if 'num_frames' in parameters:
        settings |= {'Frames': parameters['num_frames'], 'FPS': parameters['fps']}
    lines = [prompt]
    if negative:
        lines.append(f'Negative prompt: {negative}')
    lines.append(', '.join(f'{name}: {value}' for name, value in settings.items()))
    return '\n'.join(lines)
