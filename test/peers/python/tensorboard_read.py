"""Reads the scalars of a folder of TensorBoard's files: [step, value] of each, by tag."""

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def work(job):
    events = EventAccumulator(job["folder"])
    events.Reload()
    return {"scalars": {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}}
