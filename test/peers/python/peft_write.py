"""Makes adapters with PEFT, saves them, and computes with what it reads from the files."""

import peft
import transformers
from common import base_model, made, train
from peft_read import peft_outputs

TASKS = {
    "AutoModelForSequenceClassification": "SEQ_CLS",
    "AutoModelForTokenClassification": "TOKEN_CLS",
    "AutoModelForQuestionAnswering": "QUESTION_ANS",
    "AutoModelForSeq2SeqLM": "SEQ_2_SEQ_LM",
    "AutoModel": "FEATURE_EXTRACTION",
}


def with_tokens(model, job):
    """The model with rows for new tokens, whose tokenizer is saved with the adapter."""
    if "tokens" in job:
        tokenizer = transformers.AutoTokenizer.from_pretrained(job["model"])
        tokenizer.add_tokens(job["tokens"])
        tokenizer.save_pretrained(job["saved"])
        model.resize_token_embeddings(len(tokenizer))
    return model


def work(job):
    config = made(peft, job["config"])
    config.task_type = TASKS[job["class"]]
    model = peft.get_peft_model(with_tokens(base_model(job), job), config)
    train(parameter for parameter in model.parameters() if parameter.requires_grad)
    model.save_pretrained(job["saved"])
    model = peft.PeftModel.from_pretrained(with_tokens(base_model(job), job), job["saved"]).eval()
    return {"outputs": peft_outputs(model, job)}
