"""Checkpoints come back bit by bit, and damaged or foreign ones are never used."""

import json
import threading
from types import SimpleNamespace

import pytest
import torch
from pushpull.errors import InputError
from pushpull.training import checkpoint
from torch import nn


def trained(seed=0, steps=3):
    """A small model with a buffer and an optimiser that has seen some steps."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, fused=True)
    for _ in range(steps):
        step(model, optimizer)
    return model, optimizer


def step(model, optimizer):
    optimizer.zero_grad()
    model(torch.randn(5, 3)).pow(2).sum().backward()
    optimizer.step()


def state(model, optimizer):
    named = dict(model.state_dict())
    for index, fields in optimizer.state_dict()["state"].items():
        named |= {f"{index}.{name}": value for name, value in fields.items()}
    return [named[name].clone() for name in sorted(named)]


def progress(**changes):
    return {"step": 3, "identity": {"seed": 1, "settings": {"epochs": 2, "learning_rate": 1e-4}}, **changes}


IDENTITY = progress()["identity"]


def save(folder, model, optimizer, progress):
    checkpoint.save(folder, checkpoint.state(model, optimizer, {}), progress)


def load(folder, model, optimizer):
    """The progress of the newest whole checkpoint, which is restored."""
    return checkpoint.load(folder, model, optimizer, IDENTITY)[0]


def test_a_restored_run_goes_on_exactly_as_the_saved_one(tmp_path):
    model, optimizer = trained()
    save(tmp_path, model, optimizer, progress(history=[{"epoch": 1, "training_loss": 0.1 + 0.2}]))
    for _ in range(4):
        step(model, optimizer)
    other, other_optimizer = trained(seed=9, steps=0)
    found = load(tmp_path, other, other_optimizer)
    assert found["history"] == [{"epoch": 1, "training_loss": 0.1 + 0.2}]
    for _ in range(4):
        step(other, other_optimizer)
    assert all(torch.equal(a, b) for a, b in zip(state(model, optimizer), state(other, other_optimizer), strict=True))


def test_only_the_last_two_are_kept(tmp_path):
    model, optimizer = trained()
    for number in (1, 2, 3):
        save(tmp_path, model, optimizer, progress(step=number))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"step-0000000{number}.{ending}" for number in (2, 3) for ending in ("json", "safetensors")
    ]


def damage_by_truncation(path):
    path.write_bytes(path.read_bytes()[:-10])


def damage_by_one_bit(path):
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [damage_by_truncation, damage_by_one_bit, lambda path: path.unlink()])
def test_a_damaged_checkpoint_is_reported_and_the_one_before_it_used(tmp_path, capsys, damage):
    model, optimizer = trained()
    save(tmp_path, model, optimizer, progress(step=1))
    expected = state(model, optimizer)
    step(model, optimizer)
    save(tmp_path, model, optimizer, progress(step=2))
    damage(tmp_path / "step-00000002.safetensors")
    other, other_optimizer = trained(seed=9, steps=0)
    assert load(tmp_path, other, other_optimizer)["step"] == 1
    assert "step-00000002.json is damaged" in capsys.readouterr().out
    assert all(torch.equal(a, b) for a, b in zip(expected, state(other, other_optimizer), strict=True))


def test_checkpoints_of_a_resumed_run_are_as_whole_as_those_of_the_first(tmp_path, capsys):
    model, optimizer = trained()
    save(tmp_path, model, optimizer, progress(step=1))
    for number in (2, 3, 4):  # a run that is killed again and again
        resumed = load(tmp_path, model, optimizer)
        assert resumed["step"] == number - 1
        step(model, optimizer)
        save(tmp_path, model, optimizer, resumed | {"step": number})
    assert "damaged" not in capsys.readouterr().out


def test_a_full_disk_leaves_the_checkpoint_before_it_whole(small_disk, capsys):
    folder, (model, optimizer) = small_disk(256 << 10), trained()
    save(folder, model, optimizer, progress(step=1))
    expected = state(model, optimizer)
    step(model, optimizer)
    (folder / "other").write_bytes(b"x" * (240 << 10))
    with pytest.raises(Exception, match="No space left on device"):
        save(folder, model, optimizer, progress(step=2))
    assert sorted(path.name for path in folder.iterdir()) == [
        "other",
        "step-00000001.json",
        "step-00000001.safetensors",
    ]
    other, other_optimizer = trained(seed=9, steps=0)
    assert load(folder, other, other_optimizer)["step"] == 1
    assert all(torch.equal(a, b) for a, b in zip(expected, state(other, other_optimizer), strict=True))


def test_where_all_are_damaged_training_starts_anew_and_says_so(tmp_path, capsys):
    model, optimizer = trained()
    for number in (1, 2):
        save(tmp_path, model, optimizer, progress(step=number))
        damage_by_one_bit(tmp_path / f"step-0000000{number}.safetensors")
    before = state(model, optimizer)
    assert checkpoint.load(tmp_path, model, optimizer, IDENTITY) is None
    assert capsys.readouterr().out.count("is damaged") == 2
    assert all(torch.equal(a, b) for a, b in zip(before, state(model, optimizer), strict=True))


def test_half_written_json_is_damage_too(tmp_path):
    model, optimizer = trained()
    save(tmp_path, model, optimizer, progress(step=1))
    (tmp_path / "step-00000002.json").write_text('{"step": 2, "sha')
    assert load(tmp_path, model, optimizer)["step"] == 1


def test_without_a_checkpoint_training_starts_anew(tmp_path):
    assert checkpoint.load(tmp_path, *trained(), IDENTITY) is None


def test_a_checkpoint_of_another_run_is_refused_with_the_difference(tmp_path):
    model, optimizer = trained()
    save(tmp_path, model, optimizer, progress())
    other = json.loads(json.dumps(IDENTITY))
    other["settings"]["learning_rate"] = 2e-4
    with pytest.raises(InputError, match=r"settings.learning_rate: checkpoint 0.0001, now 0.0002\nDelete the folder"):
        checkpoint.load(tmp_path, model, optimizer, other)


def test_writing_takes_a_hundredth_of_the_time_at_most_and_two_minutes_are_the_least():
    assert checkpoint.pause(0.0) == checkpoint.pause(1.2) == 120
    assert checkpoint.pause(6.0) == 600


def test_what_changes_while_a_checkpoint_is_written_is_not_in_it(tmp_path, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()

    def slowly(*arguments):
        begun.set()
        assert go_on.wait(60)
        whole_save(*arguments)

    whole_save = checkpoint.save
    monkeypatch.setattr(checkpoint, "save", slowly)
    (model, optimizer), now = trained(), progress(history=[{"epoch": 1}])
    expected, random = state(model, optimizer), torch.get_rng_state()
    with checkpoint.Writer(tmp_path, seconds=None) as writer:
        writer.start(model, optimizer, {4: {"weight": torch.ones(2)}}, now)
        assert begun.wait(60)
        step(model, optimizer)
        now["history"].append({"epoch": 2})
        assert not list(tmp_path.iterdir())
        go_on.set()
        writer.wait()
    other, other_optimizer = trained(seed=9, steps=0)
    found, kept = checkpoint.load(tmp_path, other, other_optimizer, IDENTITY)
    assert found["history"] == [{"epoch": 1}]
    assert {number: weights["weight"].tolist() for number, weights in kept.items()} == {4: [1.0, 1.0]}
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(a, b) for a, b in zip(expected, state(other, other_optimizer), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(expected, state(model, optimizer), strict=True))


def test_the_next_checkpoint_is_due_after_the_pause_that_the_last_write_asks_for(tmp_path, monkeypatch):
    clock = iter([0.0, 119.0, 121.0, 121.0, 123.0, 320.0, 322.0])
    monkeypatch.setattr(checkpoint, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    model, optimizer = trained()
    with checkpoint.Writer(tmp_path, seconds=None) as writer:
        assert [writer.due(), writer.due()] == [False, True]
        writer.start(model, optimizer, {}, progress())  # takes 2 s: 200 s from its beginning
        writer.wait()
        assert [writer.due(), writer.due()] == [False, True]
