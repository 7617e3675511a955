"""What the scripts of this folder share: base models and outputs."""

import copy
import functools
import json
import warnings

import torch
import transformers

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
torch.set_num_threads(1)


@functools.lru_cache(maxsize=None)
def loaded(folder, kind, options):
    torch.manual_seed(1)
    return getattr(transformers, kind).from_pretrained(folder, **json.loads(options))


def base_model(job):
    """A model of transformers of its own, with a random head unless the folder has one."""
    return copy.deepcopy(loaded(job["model"], job["class"], json.dumps(job["options"])))


def outputs(run, job, skipped=0):
    """
    Numbers of each input, row-major: logits, those of starts and then of ends, or last hidden states.

    skipped: rows of tokens that are the model's own, before those of the input
    """
    results = []
    for given in job["inputs"]:
        tensors = {name: torch.tensor(rows) for name, rows in given.items()}
        if job["class"].endswith("MultipleChoice"):
            tensors = {name: rows[None] for name, rows in tensors.items()}
        tensors["attention_mask"] = torch.ones_like(tensors["input_ids"])
        with torch.no_grad():
            result = run(**tensors)
        parts = [
            result[key]
            for key in ("start_logits", "end_logits", "logits", "last_hidden_state")
            if result.get(key) is not None
        ]
        parts = parts[:2] if "start_logits" in result else parts[:1]
        results.append([number for part in parts for number in part[:, skipped:].flatten().tolist()])
    return results


def made(library, config):
    """A configuration of a library, of which fields can be configurations too."""
    fields = {
        name: made(library, value) if isinstance(value, dict) and "class" in value else value
        for name, value in config.get("fields", {}).items()
    }
    return getattr(library, config["class"])(**fields)


def train(parameters):
    """Moves parameters away from where they begin, as training does."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in parameters:
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
