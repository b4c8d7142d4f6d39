"""Changes that would falsify results, each with the test that must notice it: `python tests/mutants.py` tries them all.

A copy of the library and its tests is changed in one place, and the test is run there in a fork of this process, which
has imported the libraries. Prints a line for each change; the status is 1 if one of them goes unnoticed.
"""

import os
import shutil
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
COPIED = ("workflow_scripts", "tests", "studies", "config.yaml", "pyproject.toml")
LIBRARIES = ("torch", "transformers", "sentence_transformers", "faiss", "sklearn.metrics", "scipy.spatial", "pyarrow")


class Mutant(NamedTuple):
    """`old` stands once in the module; with `new` in its place, `test` must fail."""

    module: str
    old: str
    new: str
    test: str


MUTANTS = (
    Mutant(
        "training/loop.py",
        "objective.parameters(), 1.0)",
        "objective.parameters(), 2.0)",
        "training/test_loop.py::test_gradients_are_clipped_at_a_norm_of_one_and_smaller_ones_left_alone",
    ),
    Mutant(
        "training/loop.py",
        "optimizer.found_inf = 1 -",
        "optimizer.found_inf = 0 *",
        "training/test_bad_input.py::test_a_gradient_that_is_not_finite_stops_before_it_reaches_weights_or_checkpoints",
    ),
    Mutant(
        "training/batches.py",
        "seed * 1_000_003 + epoch",
        "seed * 1_000_003",
        "training/test_batches.py::test_an_epochs_order_is_a_permutation_and_a_function_of_seed_and_epoch",
    ),
    Mutant(
        "training/checkpoint.py",
        '    torch.set_rng_state(parts["random"]["cpu"])\n',
        "",
        "training/test_checkpoint.py::test_a_restored_run_goes_on_exactly_as_the_saved_one",
    ),
    Mutant(
        "training/optimiser.py",
        "parameter.ndim > 1",
        "parameter.ndim > 0",
        "training/test_objectives.py::test_biases_and_layer_norms_are_not_decayed_and_heads_have_their_own_rate",
    ),
    Mutant(
        "training/momentum.py",
        "1.0 - momentum)",
        "momentum)",
        "training/test_momentum.py::test_momentum_zero_copies_one_freezes_and_between_is_the_weighted_mean",
    ),
    Mutant(
        "training/contrastive.py",
        "self.momentum_head(forward(self.momentum_encoder, batch))",
        "self.head(forward(self.encoder, batch))",
        "training/test_contrastive_objective.py::test_the_queue_holds_the_keys_of_the_batch_only_after_the_step",
    ),
    Mutant(
        "losses/contrastive.py",
        "(1.0 if prototypes else 0.0)",
        "0.0",
        "losses/test_contrastive.py::test_msc_equals_the_loop_over_labels_and_positives",
    ),
    Mutant(
        "evaluation/linear_probe.py",
        "(weight, bias, validation, validation_labels)",
        "(weight, bias, train, labels)",
        "evaluation/test_linear_probe.py::test_equals_separate_fits_and_keeps_the_best_point_of_each_label",
    ),
    Mutant(
        "evaluation/scoring.py",
        'for split in ("train", "validation") for part in',
        'for split in ("train", "train") for part in',
        "evaluation/test_scoring.py::test_the_grid_points_of_the_linear_probes_are_chosen_on_validation",
    ),
    Mutant(
        "evaluation/models/checkpoint_choice.py",
        "vectors[1], labels[1], seed",
        "vectors[0], labels[0], seed",
        "evaluation/test_checkpoint_choice.py::test_the_probes_of_an_epoch_are_chosen_on_validation",
    ),
    Mutant(
        "evaluation/scoring.py",
        'dbc.decide(validation, run.labels["validation"], test)',
        'dbc.decide(cosines(run.embeddings["train"], vectors), run.labels["train"], test)',
        "evaluation/test_scoring.py::test_thresholds_on_cosines_are_chosen_on_validation",
    ),
    Mutant(
        "evaluation/metrics.py",
        "return f1(tp, 2 * tp + fp + fn)",
        "return f1(tp, 2 * tp + fp)",
        "evaluation/test_metrics.py::test_scores_equal_scikit_learn",
    ),
)


def status_of(tests: list[str], folder: Path) -> int:
    """Exit status of pytest in a copy: 0 passed, 1 failed."""
    if process := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    os.chdir(folder)
    sys.path.remove(str(ROOT / "tests"))  # where this script lies
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os._exit(pytest.main(["-q", "-n0", "-x", "-p", "no:cacheprovider", *(f"tests/{test}" for test in tests)]))


def main() -> int:
    """Try every mutant; 1 if a test does not notice its own, or fails without it."""
    os.environ["OMP_NUM_THREADS"] = "1"
    sys.dont_write_bytecode = True  # a changed file may have the size and the second of the one before it
    for library in LIBRARIES:
        import_module(library)
    with TemporaryDirectory() as name:
        folder = Path(name)
        for part in COPIED:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, folder / part)
        for cached in folder.rglob("__pycache__"):
            shutil.rmtree(cached)
        if status := status_of(sorted({mutant.test for mutant in MUTANTS}), folder):
            print(f"tests do not pass without any mutant: status {status}")
            return 1
        noticed = [_noticed(mutant, folder) for mutant in MUTANTS]
    return int(not all(noticed))


def _noticed(mutant: Mutant, folder: Path) -> bool:
    path = folder / "workflow_scripts/pushpull" / mutant.module
    whole = path.read_text(encoding="utf-8")
    if whole.count(mutant.old) != 1:
        print(f"not there once: {mutant.old!r} in {mutant.module}")
        return False
    path.write_text(whole.replace(mutant.old, mutant.new), encoding="utf-8")
    status = status_of([mutant.test], folder)
    path.write_text(whole, encoding="utf-8")
    print(f"{'noticed' if status == 1 else f'status {status}'}: {mutant.new!r} in {mutant.module}", flush=True)
    return status == 1


if __name__ == "__main__":
    sys.exit(main())
