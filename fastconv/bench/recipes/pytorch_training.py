"""How the recipe `AirBench` trains in PyTorch: optimizer, schedule and slow weights."""

from __future__ import annotations

from typing import Any

from fastconv.recipes.airbench import AirBench


class Training:
    """Steps of the recipe: the optimizer with its two groups, the schedule, the slow weights.

    Attributes
    ----------
    taken : int
        Steps so far.
    slow : dict of tensors
        The average that lookahead keeps of every array of the network.
    """

    def __init__(self, recipe: AirBench, model: Any, total: int) -> None:
        import torch

        self.model, self.total, self.taken = model, total, 0
        self.smoothing = recipe.label_smoothing
        scale = 1024 * (1 + 1 / (1 - recipe.momentum))
        rate = recipe.learning_rate / scale
        decay = recipe.weight_decay * 1024 / scale
        norms = {
            module.bias for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)
        }
        others = [p for p in model.parameters() if p not in norms and p.requires_grad]
        fast = rate * recipe.bias_multiplier
        self.optimizer = torch.optim.SGD(
            [
                {"params": [p for p in model.parameters() if p in norms], "lr": fast,
                 "weight_decay": decay / fast},
                {"params": others, "lr": rate, "weight_decay": decay / rate},
            ],
            lr=rate, momentum=recipe.momentum, nesterov=True,
        )  # fmt: skip
        self.peaks = [group["lr"] for group in self.optimizer.param_groups]
        self.slow = {name: value.clone() for name, value in self._arrays().items()}

    def step(self, x: Any, y: Any) -> float:
        """Train on a batch; returns the summed loss."""
        from torch.nn import functional

        loss = functional.cross_entropy(
            self.model(x), y, label_smoothing=self.smoothing, reduction="sum"
        )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
            group["lr"] = peak * self._share()
        self.optimizer.step()
        self.taken += 1
        if self.taken % 5 == 0:
            self._look_ahead(0.95**5 * (self.taken / self.total) ** 3)
        if self.taken == self.total:
            self._look_ahead(1.0)
        return loss.item()

    def momentum(self, parameter: Any) -> Any:
        """The optimizer's array for a parameter, None for one that is fixed from the start."""
        return self.optimizer.state[parameter].get("momentum_buffer")

    def resume(self, taken: int) -> None:
        """Be where a run is after so many steps, but for the arrays' contents."""
        for group in self.optimizer.param_groups:
            for parameter in group["params"]:
                buffer = parameter.detach().clone()
                self.optimizer.state[parameter]["momentum_buffer"] = buffer
        self.taken = taken

    def _share(self) -> float:
        """Of the largest learning rate, for the next step."""
        i, top = self.taken, int(0.23 * self.total)
        return 0.2 + 0.8 * i / top if i < top else 1 - 0.93 * (i - top) / (self.total - top)

    def _look_ahead(self, decay: float) -> None:
        for name, value in self._arrays().items():
            self.slow[name].lerp_(value, 1 - decay)
            value.copy_(self.slow[name])

    def _arrays(self) -> dict[str, Any]:
        state = self.model.state_dict()
        return {name: value for name, value in state.items() if value.is_floating_point()}
