"""The optimiser's parameter groups and the learning rate at each step."""

import math

from torch import nn


def parameter_groups(objective: nn.Module, settings: dict) -> list[dict]:
    """Four groups for AdamW: encoder or head learning rate, with or without weight decay.

    Biases and LayerNorm are not decayed; prototypes are (released code of ABALONE; the paper is silent). Without a
    `head_learning_rate` all groups have the encoder's, as in the released code.
    """
    groups: dict[tuple[bool, bool], list] = {}
    for name, parameter in objective.named_parameters():
        if parameter.requires_grad:
            key = (name.startswith("encoder."), parameter.ndim > 1)
            groups.setdefault(key, []).append(parameter)
    head = settings["head_learning_rate"]
    return [
        {
            "params": parameters,
            "lr": settings["learning_rate"] if encoder or head is None else head,
            "weight_decay": settings["weight_decay"] if decay else 0.0,
        }
        for (encoder, decay), parameters in sorted(groups.items())
    ]


def learning_rate_factor(step: int, total: int, settings: dict) -> float:
    """Linear warm-up over the share `warmup` of all steps, then linear or cosine decay to 0, or none."""
    warmup = max(1, round(settings["warmup"] * total))
    if step < warmup:
        return (step + 1) / warmup
    if settings["schedule"] == "constant":
        return 1.0
    done = (step - warmup) / max(1, total - warmup)
    return 1 - done if settings["schedule"] == "linear" else 0.5 * (1 + math.cos(math.pi * done))
