"""The values of the cycling chips, in words that say what they will do to the picture."""

from ourvidz.generation.request import (
    AspectRatio,
    CameraAngle,
    Content,
    Enhancement,
    Quality,
    ReferenceMode,
    ShotType,
)
from ourvidz.ui.components.chip import Option

CONTENT = (
    Option(Content.SFW, 'SFW', 'Safe for work: prompts and results are checked, doubtful pictures are blurred'),
    Option(Content.NSFW, 'NSFW', 'Not safe for work: results are not checked and not blurred'),
)
ASPECT_RATIOS = (
    Option(AspectRatio.WIDE, '16:9', 'Wide picture, 16:9', 'ratio-16x9'),
    Option(AspectRatio.SQUARE, '1:1', 'Square picture, 1:1', 'ratio-1x1'),
    Option(AspectRatio.TALL, '9:16', 'Tall picture, 9:16', 'ratio-9x16'),
)
SHOT_TYPES = (
    Option(ShotType.WIDE, 'Wide', 'Wide shot: the subject small in its surroundings', 'shot-wide'),
    Option(ShotType.MEDIUM, 'Medium', 'Medium shot: the subject fills about half of the picture', 'shot-medium'),
    Option(ShotType.CLOSE, 'Close', 'Close-up: the subject fills the picture', 'shot-close'),
)
QUALITIES = (
    Option(Quality.FAST, 'Fast', 'Few steps: quick results, less detail', 'fast'),
    Option(Quality.HIGH, 'High', 'More steps: finer detail, takes longer', 'high'),
)
VARIATIONS = (
    Option(1, '1', 'One picture', 'variations-1'),
    Option(3, '3', 'Three pictures, each with a seed of its own', 'variations-3'),
    Option(6, '6', 'Six pictures, each with a seed of its own', 'variations-6'),
)
ENHANCEMENTS = (
    Option(Enhancement.NONE, '', 'Your prompt is taken as it is; click to have a language model enrich it', 'enhance'),
    Option(Enhancement.INSTRUCT, 'Instruct', 'Qwen Instruct rewrites your prompt with more detail', 'enhance'),
    Option(Enhancement.BASE, 'Base', 'Qwen Base continues your prompt in the manner of good examples', 'enhance'),
)
REFERENCE_MODES = (
    Option(ReferenceMode.MODIFY, 'Modify', 'The reference is changed as the prompt says'),
    Option(ReferenceMode.COPY, 'Copy', 'The reference is returned nearly as it is; prompt and style do not act'),
)
FRAME_USES = (
    Option(False, 'Begins the clip', 'The clip begins with this picture', 'frame-start'),
    Option(True, 'Appears in it', 'The clip shows what is in this picture, at any time and place', 'reference'),
)
CAMERA_ANGLES = (
    Option(CameraAngle.NONE, 'None', 'No camera angle: the model chooses', 'angle-none'),
    Option(CameraAngle.EYE_LEVEL, 'Eye level', 'Seen at the height of the eyes', 'angle-eye-level'),
    Option(CameraAngle.LOW_ANGLE, 'Low angle', 'Seen from below: the subject towers', 'angle-low-angle'),
    Option(CameraAngle.OVER_SHOULDER, 'Over the shoulder', 'Seen over a shoulder', 'angle-over-shoulder'),
    Option(CameraAngle.OVERHEAD, 'Overhead', 'Seen from straight above', 'angle-overhead'),
    Option(CameraAngle.BIRD_EYE, 'Bird’s eye', 'Seen from high in the air', 'angle-bird-eye'),
)
STYLES = (
    'Cinematic', 'Vintage', 'Low Key', 'Indy', 'Y2K', 'Pop', 'Grunge', 'Dreamy', 'Hand Drawn', '2D Novel', 'Boost',
)  # fmt: skip
SPARK_STYLES = ('Photo', 'Watercolor', 'Pixel art', 'Noir', 'Pastel', 'Vintage')
"""Those that the embedded model was trained on."""
