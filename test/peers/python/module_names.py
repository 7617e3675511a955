"""The names that torch's ModuleDict has taken, which adapters cannot have."""

import torch
import transformers  # noqa: F401  it adds names


def work(job):
    return {"names": [name for name in dir(torch.nn.ModuleDict()) if not name.startswith("_")]}
