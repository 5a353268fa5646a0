"""The mean of the weights of trainings that went on from one another."""

import pytest

torch = pytest.importorskip("torch")

from pianolab.training.errors import TrainingError  # noqa: E402
from pianolab.training.weights import mean_weights, read_tensors, write_tensors  # noqa: E402


def written(path, value, *, n=2):
    tensors = {"weight": torch.full((n, 3), float(value)), "count": torch.tensor(int(value))}
    write_tensors(path, tensors, {"step": int(value)})
    return path


def test_weights_are_averaged_and_counts_are_those_of_the_last(tmp_path):
    out = tmp_path / "mean.safetensors"
    mean_weights([written(tmp_path / "a", 1), written(tmp_path / "b", 4)], out)
    tensors, about = read_tensors(out)
    assert torch.equal(tensors["weight"], torch.full((2, 3), 2.5))
    assert (int(tensors["count"]), about) == (4, {"step": 4})


@pytest.mark.parametrize("damage", ["size", "bytes", "gone"])
def test_what_does_not_fit_is_refused_and_nothing_is_written(tmp_path, damage):
    other = written(tmp_path / "b", 4, n=5 if damage == "size" else 2)
    if damage == "bytes":
        other.write_bytes(b"no weights")
    if damage == "gone":
        other.unlink()
    with pytest.raises(TrainingError, match="holds no weights for a mean"):
        mean_weights([written(tmp_path / "a", 1), other], tmp_path / "mean.safetensors")
    assert not (tmp_path / "mean.safetensors").exists()


def test_a_mean_of_nothing_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="name at least one file"):
        mean_weights([], tmp_path / "mean.safetensors")
