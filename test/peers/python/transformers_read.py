"""Loads whole checkpoints into transformers, as they say they are, and computes."""

from common import base_model, outputs


def work(job):
    return {"outputs": outputs(base_model(job).eval(), job)}
