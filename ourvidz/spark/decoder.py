"""A decoder whose convolutions are set so that they work as the painter does and draw the patterns that it tells.

An `AutoencoderKL` decoder enlarges by repeating positions, so it cannot tell the four children of a position apart. The
padded border can: the first blocks, beside the painter's branches, count steps from it and give every position its
parity; comparing a repeated parity with the next position's then tells odd children from even ones, at every level.
Each level computes what each kind of child would show and lets only the right one through a gate. Two large constant
channels fix the scale of every norm, a balancing channel its mean, and a shift lets values pass `silu` unchanged.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .painter import WIDTH, Painter
from .patterns import KEPT, basis_of, four

ANCHOR, SHIFT, STEEP, GATE = 600.0, 12.0, 40.0, 2.5
CENTRE, STEPS = (1, 1), ((1, 0), (1, 2), (0, 1), (2, 1))
"""Taps of a 3x3 convolution: the middle; the neighbours left, right, above, below."""

COUNTING = 8
"""Hidden channels that count."""

ONE, TALLY, PARITY, CHAINS = WIDTH, WIDTH + 1, WIDTH + 3, WIDTH + 1
"""Channels of the first level: a constant, sums of steps, both parities, and the steps counted from the borders."""


@dataclass(frozen=True)
class Layout:
    """Channels at a level: values, the children's values, comparisons (2), parities (2), balance, two anchors."""

    width: int
    values: int
    children: int

    @property
    def comparison(self) -> int:
        """The channel of the horizontal comparison; the vertical one follows."""
        return self.values + self.children

    @property
    def parity(self) -> int:
        """The channel of the horizontal parity; the vertical one follows."""
        return self.values + self.children + 2

    @property
    def balance(self) -> int:
        """The channel that makes the mean zero."""
        return self.width - 3


@torch.no_grad()
def set_decoder(decoder: Any, painter: Painter) -> None:
    """Sets the weights so that latents of even rows and columns, up to 14, give the pictures that the painter tells."""
    for parameter in decoder.parameters():
        parameter.zero_()
    _begin(decoder.conv_in, painter.conv_in)
    blocks = [decoder.mid_block.resnets, *(block.resnets for block in decoder.up_blocks)]
    first = *blocks[0], *blocks[1]
    for resnet, branch in zip(first, painter.branches, strict=True):
        _add_branch(resnet, branch)
    for step, resnet in enumerate(first[:3]):
        _count(resnet, step)
    _tell_parity(first[3])
    for resnet in first:
        _balance_rows(resnet.conv1)
        _balance_rows(resnet.conv2)
        _anchor(resnet.conv1, size=8 * ANCHOR)
    patterns = painter.patterns
    layouts = [
        Layout(block.resnets[0].conv1.out_channels, values, children)
        for block, (values, children) in zip(decoder.up_blocks[1:], pairwise(KEPT), strict=True)
    ]
    _enlarge(decoder.up_blocks[0].upsamplers[0].conv, range(KEPT[0]), PARITY, layouts[0])
    for block, layout, following in zip(decoder.up_blocks[1:], layouts, [*layouts[1:], None], strict=True):
        _tell_children(block.resnets[0], layout)
        patterns = _split(block.resnets[1], patterns, layout)
        if following:
            values = range(layout.values, layout.comparison)
            _enlarge(block.upsamplers[0].conv, values, layout.parity, following)
    _conclude(decoder, painter.mean[:, 0, 0])
    _calibrate(decoder, layouts)


def _begin(conv: Any, told: nn.Conv2d) -> None:
    conv.weight[:WIDTH], conv.bias[:WIDTH] = told.weight, told.bias
    conv.bias[[ONE, TALLY, TALLY + 1]] = 1
    _balance_rows(conv)
    _anchor(conv)


def _add_branch(resnet: Any, branch: Any) -> None:
    """Puts a branch of the painter beside what counts, which has the hidden channels before it."""
    hidden = slice(COUNTING, COUNTING + WIDTH)
    resnet.norm1.weight[:WIDTH] = 1
    resnet.conv1.weight[hidden, :WIDTH], resnet.conv1.bias[hidden] = branch.conv1.weight, branch.conv1.bias
    resnet.norm2.weight[hidden] = 1
    resnet.conv2.weight[:WIDTH, hidden], resnet.conv2.bias[:WIDTH] = branch.conv2.weight, branch.conv2.bias


def _balance_rows(conv: Any) -> None:
    """Makes the mean of what a convolution puts out zero."""
    conv.weight[-3], conv.bias[-3] = -conv.weight[:-3].sum(0), -conv.bias[:-3].sum()


def _count(resnet: Any, step: int) -> None:
    """Counts two more steps from each border and adds them to the sums: up to 6 from the left, 7 from the right."""
    for side, tap in enumerate(STEPS):
        source = CHAINS + 4 * step + side if step else ONE
        resnet.norm1.weight[source] = 10
        _threshold(resnet, 2 * side, {(source, tap): 1.0})
        sign = -1 if side % 2 else 1
        _read(resnet, 2 * side, CHAINS + 4 * (step + 1) + side, {tap: 1})
        _read(resnet, 2 * side, TALLY + side // 2, {CENTRE: sign, tap: -sign})


def _tell_parity(resnet: Any) -> None:
    """Takes the seventh step from the far border off the sums; what is left over nothing is an odd position."""
    for axis in range(2):
        source, far = TALLY + axis, 2 * axis + 1
        resnet.norm1.weight[[source, CHAINS + 12 + far]] = 10
        _threshold(resnet, 2 * axis, {(source, CENTRE): 1.0, (CHAINS + 12 + far, STEPS[far]): -1.0})
        _read(resnet, 2 * axis, PARITY + axis, {CENTRE: 1})


def _threshold(resnet: Any, hidden: int, inputs: dict[tuple[int, tuple[int, int]], float]) -> None:
    """Two hidden channels whose difference is 1 where the inputs add up to 1 or more, else 0."""
    resnet.norm2.weight[hidden : hidden + 2] = 1
    for (channel, tap), share in inputs.items():
        resnet.conv1.weight[hidden : hidden + 2, channel, *tap] = share * STEEP / 10
    resnet.conv1.bias[hidden], resnet.conv1.bias[hidden + 1] = -0.25 * STEEP, -0.75 * STEEP


def _read(resnet: Any, hidden: int, channel: int, taps: dict[tuple[int, int], int]) -> None:
    """Adds the difference of two hidden channels to a channel."""
    for tap, sign in taps.items():
        resnet.conv2.weight[channel, hidden, *tap] += sign * 2 / STEEP
        resnet.conv2.weight[channel, hidden + 1, *tap] -= sign * 2 / STEEP


def _enlarge(conv: nn.Conv2d, values: range, parity: int, after: Layout) -> None:
    """Passes the values on, and compares each parity with the next position's."""
    for channel, source in enumerate(values):
        conv.weight[channel, source, 1, 1] = 1
    for offset, tap in enumerate(((1, 2), (2, 1))):
        conv.weight[after.comparison + offset, parity + offset, 1, 1] = 1
        conv.weight[after.comparison + offset, parity + offset, *tap] = -1
    conv.weight[-3] = -conv.weight[:-3].sum(0)
    _anchor(conv)


def _tell_children(resnet: Any, layout: Layout) -> None:
    """Tells from each comparison (0, or for odd children 1 or -1) the parity, 0 or 1."""
    if resnet.conv_shortcut is not None:
        for channel in (*range(layout.values), layout.comparison, layout.comparison + 1, -3, -2, -1):
            resnet.conv_shortcut.weight[channel, channel] = 1
    resnet.norm2.weight[:8] = 1
    for axis in range(2):
        source, hidden = layout.comparison + axis, 4 * axis
        resnet.norm1.weight[source], resnet.norm1.bias[source] = 4, 4
        for part, (slope, bar) in enumerate(((-16, 48), (-16, 32), (16, -80), (16, -96))):
            resnet.conv1.weight[hidden + part, source, 1, 1] = slope
            resnet.conv1.bias[hidden + part] = bar
            resnet.conv2.weight[layout.parity + axis, hidden + part, 1, 1] = (1 if part % 2 == 0 else -1) / 16
    _balance(resnet, layout)


def _split(resnet: Any, patterns: Tensor, layout: Layout) -> Tensor:
    """Computes the children's values, each by its own map and through its own gate; gives the children's patterns."""
    half = patterns.shape[-1] // 2
    pieces = four(patterns)
    basis = basis_of(pieces, layout.children)
    maps = pieces @ basis.T
    sizes = maps.square().sum(1).mean(0).sqrt() if half > 1 else torch.ones(3)
    maps = maps / sizes
    resnet.norm1.weight[: layout.values], resnet.norm1.bias[: layout.values] = 1, SHIFT
    resnet.norm1.weight[layout.parity : layout.parity + 2] = 10
    for child in range(4):
        rows = slice(child * layout.children, (child + 1) * layout.children)
        resnet.conv1.weight[rows, : layout.values, 1, 1] = maps[child].T.half().float()
        for axis, is_odd in enumerate((child & 1, child & 2)):
            resnet.conv1.weight[rows, layout.parity + axis, 1, 1] = GATE if is_odd else -GATE
        shifted = resnet.conv1.weight[rows, : layout.values, 1, 1].sum(1)
        resnet.conv1.bias[rows] = SHIFT * (1 - shifted) - 10 * GATE * child.bit_count()
        for channel in range(layout.children):
            resnet.conv2.weight[layout.values + channel, child * layout.children + channel, 1, 1] = 1
    resnet.norm2.weight[: 4 * layout.children] = 1
    resnet.conv2.bias[layout.values : layout.values + layout.children] = -SHIFT
    _balance(resnet, layout, total=4 * (SHIFT - 10 * GATE) * layout.children)
    return (basis * sizes[:, None]).reshape(layout.children, 3, half, half)


def _balance(resnet: Any, layout: Layout, *, total: float = 0.0) -> None:
    """Makes the mean of the hidden channels zero, whose gates add up to `total`, and keeps the result's at zero."""
    hidden, result = resnet.conv1, resnet.conv2
    hidden.weight[layout.balance] = -hidden.weight.sum(0)
    hidden.bias[layout.balance] = total - hidden.bias.sum()
    _anchor(hidden, level=-total / 2)
    result.weight[layout.balance] = -result.weight.sum(0)
    result.bias[layout.balance] = -result.bias.sum()


def _anchor(conv: Any, *, size: float = ANCHOR, level: float = 0.0) -> None:
    conv.bias[-2], conv.bias[-1] = size + level, -size + level


def _conclude(decoder: Any, colour: Tensor) -> None:
    shown = slice(KEPT[-2], KEPT[-2] + 3)
    decoder.conv_norm_out.weight[shown], decoder.conv_norm_out.bias[shown] = 1, SHIFT
    for channel in range(3):
        decoder.conv_out.weight[channel, KEPT[-2] + channel, 1, 1] = 1
    decoder.conv_out.bias.copy_(colour - SHIFT)


def _calibrate(decoder: Any, layouts: list[Layout]) -> None:
    """Multiplies every norm's weights by the deviation that it will divide by; takes back what half precision loses.

    The gates' constants are large: what rounding changes of them goes into the small biases of the norms behind them.
    """
    second = [block.resnets[1] for block in decoder.up_blocks[1:]]
    opened = {resnet.norm1: (resnet.conv1, layout) for resnet, layout in zip(second, layouts, strict=True)}
    gates = {resnet.norm2: resnet.conv1 for resnet in second}

    def scale(norm: Any, inputs: tuple[Tensor]) -> None:
        deviation = inputs[0].std()
        norm.weight.copy_((norm.weight * deviation).half().float())
        share = norm.weight / deviation
        if norm in opened:
            conv, layout = opened[norm]
            odd = functional.silu(share * inputs[0].amax((0, 2, 3)))[layout.parity]
            for child in range(1, 4):
                rows = slice(child * layout.children, (child + 1) * layout.children)
                conv.bias[rows] += GATE * (10 - odd) * child.bit_count()
        if norm in gates:
            exact = gates[norm].bias
            lost = share * (exact - exact.half().float()) + SHIFT * (1 - share)
            norm.bias.copy_(torch.where(share > 0, lost, 0.0))

    for module in decoder.modules():
        if isinstance(module, nn.Conv2d):
            module.weight.copy_(module.weight.half())
    hooks = [
        module.register_forward_pre_hook(scale) for module in decoder.modules() if isinstance(module, nn.GroupNorm)
    ]
    decoder(torch.randn(2, decoder.conv_in.in_channels, 8, 14, generator=torch.Generator().manual_seed(0)))
    for hook in hooks:
        hook.remove()
    for parameter in decoder.parameters():
        parameter.copy_(parameter.half())
