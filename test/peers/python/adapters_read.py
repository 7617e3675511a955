"""Loads adapters into AdapterHub's library and computes; saves them again where a job asks for it."""

import json
import pathlib

import adapters
from common import base_model, outputs

FUSION = "adapter_fusion_config.json"


def flexible(job):
    """The library's own model, which computes attention as the other would."""
    options = {name: job["options"][name] for name in ("attn_implementation",) if name in job["options"]}
    return adapters.AutoAdapterModel.from_pretrained(job["model"], **options)


def fresh(job):
    """A model of a class of transformers, or the library's own with flexible heads."""
    if job["flexible"]:
        return flexible(job)
    model = base_model(job)
    adapters.init(model)
    return model


def members(folder):
    """The adapters that a fusion mixes."""
    config = folder / FUSION
    return json.loads(config.read_text())["name"].split(",") if config.exists() else []


def load(model, folder, is_flexible):
    if (folder / "adapter_setup.json").exists():
        model.load_adapter_setup(str(folder), set_active=True, use_safetensors=True)
        return
    names = members(folder)
    if not names:
        model.load_adapter(str(folder), set_active=True, use_safetensors=True)
        return
    for name in names:
        model.load_adapter(str(folder / name), use_safetensors=True)
    model.load_adapter_fusion(str(folder), set_active=True, use_safetensors=True, with_head=not is_flexible)
    # The library's own models do not take the head of a fusion with it.
    if is_flexible:
        model.load_head(str(folder), load_as="fusion", use_safetensors=True)


def save(model, folder, names):
    """Saves in pickles: the library cannot save prefixes and norms before a bottleneck otherwise."""
    if not names:
        model.save_adapter(str(folder), next(iter(model.active_adapters.flatten())))
        return
    # Only models with a head can be told to leave it out.
    options = {"with_head": False} if hasattr(model, "save_head") else {}
    model.save_adapter_fusion(str(folder), model.active_adapters, **options)
    if options:
        model.save_head(str(folder))
    for name in names:
        model.save_adapter(str(folder / name), name, **options)


def work(job):
    model = fresh(job)
    folder = pathlib.Path(job["adapter"])
    load(model, folder, job["flexible"])
    result = outputs(model.eval(), job)
    if "saved" in job:
        save(model, pathlib.Path(job["saved"]), members(folder))
    return {"outputs": result}
