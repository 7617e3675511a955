"""The names that torch's ModuleDict has taken, which adapters cannot have."""

import torch


def work(job):
    return {"names": [name for name in dir(torch.nn.ModuleDict()) if not name.startswith("_")]}
