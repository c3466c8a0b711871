"""Muon: momentum made orthogonal, so that every direction of a matrix learns alike; AdamW for all else."""

import torch
from torch import Tensor, nn


class Muon(torch.optim.Optimizer):
    """Steps for matrices and convolutions (seen as outputs x inputs); `lr` is the step's root mean square."""

    def __init__(
        self, parameters: list[nn.Parameter], *, lr: float, momentum: float = 0.95, weight_decay: float = 0.01
    ) -> None:
        super().__init__(parameters, {'lr': lr, 'momentum': momentum, 'weight_decay': weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Changes every parameter that has a gradient."""
        for group in self.param_groups:
            for parameter in group['params']:
                if parameter.grad is None:
                    continue
                momentum = self.state[parameter].setdefault('momentum', torch.zeros_like(parameter.grad))
                momentum.lerp_(parameter.grad, 1 - group['momentum'])
                wanted = parameter.grad.lerp(momentum, group['momentum'])
                update = _orthogonal(wanted.reshape(len(wanted), -1)).reshape(wanted.shape)
                parameter.mul_(1 - group['lr'] * group['weight_decay'])
                parameter.add_(update, alpha=-group['lr'])


def optimizers_of(module: nn.Module, *, rate: float, matrix_rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the module's matrices and AdamW for its biases, norms, first and last layers."""
    matrices: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, parameter in module.named_parameters():
        is_inner = parameter.ndim >= 2 and not name.startswith(('conv_in', 'conv_out'))
        (matrices if is_inner else rest).append(parameter)
    adam = torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.99), weight_decay=0.0, fused=True)
    return [Muon(matrices, lr=matrix_rate), adam]


def _orthogonal(matrix: Tensor) -> Tensor:
    """The nearest matrix with singular values near one (Newton-Schulz), scaled to a root mean square of one."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.float()
    x = x.T if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    x = x.T if tall else x
    update: Tensor = x * max(matrix.shape) ** 0.5
    return update


@torch.no_grad()
def follow(average: nn.Module, module: nn.Module, share: float) -> None:
    """Moves the running average towards the module's weights, keeping `share` of what it was."""
    torch._foreach_lerp_(list(average.parameters()), list(module.parameters()), 1 - share)
