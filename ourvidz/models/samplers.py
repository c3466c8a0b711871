"""What other tools call a model's scheduler."""

import json

from ourvidz.models.spec import ModelSpec

SAMPLERS = {
    'EulerDiscreteScheduler': 'Euler',
    'EulerAncestralDiscreteScheduler': 'Euler a',
    'FlowMatchEulerDiscreteScheduler': 'Euler',
    'DPMSolverMultistepScheduler': 'DPM++ 2M',
    'DPMSolverSinglestepScheduler': 'DPM++ SDE',
    'UniPCMultistepScheduler': 'UniPC',
    'DDIMScheduler': 'DDIM',
    'LCMScheduler': 'LCM',
    'HeunDiscreteScheduler': 'Heun',
    'PNDMScheduler': 'PLMS',
    'LMSDiscreteScheduler': 'LMS',
}


def sampler_of(spec: ModelSpec) -> str:
    """The A1111 name of the scheduler that lies in the model's folder, '' if it has none or one unknown there."""
    if spec.path is None:
        return ''
    try:
        config = json.loads((spec.path / 'scheduler' / 'scheduler_config.json').read_text('utf-8'))
        return SAMPLERS.get(config['_class_name'], '')
    except (OSError, ValueError, KeyError, TypeError):
        return ''
