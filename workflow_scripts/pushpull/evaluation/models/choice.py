"""The weights that training keeps: those of the best of its candidate epochs, as its kind of method judges them."""

from pushpull.encoders.encoder import pick_device
from pushpull.evaluation.models.checkpoint_choice import choose_epoch, probe_score
from pushpull.evaluation.models.dbc_choice import dbc_score
from pushpull.training.run import Trained, restore_epoch


def keep_best_epoch(trained: Trained, settings: dict, seed: int) -> tuple[int, dict[int, float]]:
    """Put the weights of the best candidate epoch back into the objective; return it, and the scores of all.

    Args:
        settings: resolved settings of the run, `kind` among them.
    """
    judge = dbc_score if settings["kind"] == "text_label" else probe_score

    def score(epoch: int) -> float:
        restore_epoch(trained, epoch)
        return judge(*trained[:3], settings, seed, pick_device())

    epoch, scores = choose_epoch(trained.outcome["best"].values(), score)
    restore_epoch(trained, epoch)
    return epoch, scores
