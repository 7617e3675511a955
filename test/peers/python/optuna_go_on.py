"""Reads a study of a journal with Optuna, runs trials of its own in it, and queues one: what Optuna says of it before."""

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend


def work(job):
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.load_study(study_name=job["study"], storage=JournalStorage(JournalFileBackend(job["journal"])))
    frame = study.trials_dataframe(attrs=("number", "value", "params", "state"))
    told = {
        "best": study.best_trial.number,
        "direction": study.direction.name.lower(),
        "metrics": study.metric_names,
        "trials": frame.astype(object).where(frame.notna(), None).to_dict("records"),
    }

    def objective(trial):
        rate = trial.suggest_float("learningRate", 1e-4, 1e-1, log=True)
        trial.suggest_categorical("sparsity", [0.2, 0.4, 0.8])
        trial.report(rate, 1)
        return rate

    study.optimize(objective, n_trials=job["own"])
    study.enqueue_trial(job["queued"])
    return {"told": told}
