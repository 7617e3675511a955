"""Makes adapters with AdapterHub's library, saves them with their composition and computes."""

import adapters
from adapters.composition import AdapterCompositionBlock, Fuse
from common import base_model, made, outputs, train


def work(job):
    model = base_model(job)
    adapters.init(model)
    before = {id(parameter) for parameter in model.base_model.parameters()}
    for name, config in job["adapters"].items():
        model.add_adapter(name, config=made(adapters, config))
    setup = AdapterCompositionBlock.from_dict(job["setup"])
    for block in [setup, *setup.children]:
        if isinstance(block, Fuse):
            model.add_adapter_fusion(block)
    model.set_active_adapters(setup)
    train([parameter for parameter in model.parameters() if id(parameter) not in before])
    model.save_adapter_setup(job["saved"], setup)
    return {"outputs": outputs(model.eval(), job)}
