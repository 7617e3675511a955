"""Loads adapters into PEFT and computes; saves them again where a job asks for it."""

from common import base_model, outputs
from peft import PeftModel

OF_TOKENS = ("TokenClassification", "QuestionAnswering", "AutoModel")


def peft_outputs(model, job):
    config = model.active_peft_config
    # PEFT's class for question answering drops token types, which the model under it does not.
    unwraps = job["class"].endswith("QuestionAnswering") and not config.is_prompt_learning
    # Trained tokens have outputs too, but keys and values of a prefix have none.
    has_tokens = config.is_prompt_learning and config.peft_type != "PREFIX_TUNING"
    skipped = config.num_virtual_tokens if has_tokens and job["class"].endswith(OF_TOKENS) else 0
    return outputs(model.base_model if unwraps else model, job, skipped)


def work(job):
    model = PeftModel.from_pretrained(base_model(job), job["adapter"]).eval()
    result = peft_outputs(model, job)
    if "saved" in job:
        model.save_pretrained(job["saved"])
    return {"outputs": result}
