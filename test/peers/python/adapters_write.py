"""Makes adapters with AdapterHub's library, saves them and computes."""

import adapters
from adapters_read import flexible
from common import base_model, made, outputs, train

NAME = "theirs"


def work(job):
    if "head" in job:
        model = flexible(job)
        method, options = job["head"]
        getattr(model, method)(NAME, **options)
    else:
        model = base_model(job)
        adapters.init(model)
    before = {name for name, _ in base_model({**job, "class": "AutoModel", "options": {}}).named_parameters()}
    model.add_adapter(NAME, config=made(adapters, job["config"]))
    model.set_active_adapters(NAME)
    prefix = f"{model.base_model_prefix}."
    # A BART has the output layer of its backbone.
    own = [p for name, p in model.named_parameters() if name.removeprefix(prefix) not in before and "lm_head" not in name]
    train(own)
    # The library cannot save everything but in pickles.
    model.save_adapter(job["saved"], NAME)
    return {"outputs": outputs(model.eval(), job)}
