"""Weights on disk."""

import os
import pickle
from pathlib import Path

import pytest
import torch

from training.checkpoints import CheckpointError, read_weights, save_weights

WEIGHTS = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.zeros(2)}


def test_weights_come_back_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "w.pkl"
    save_weights(path, WEIGHTS)
    assert [entry.name for entry in tmp_path.iterdir()] == ["w.pkl"]
    loaded = read_weights(path)
    assert list(loaded) == list(WEIGHTS)
    assert all(torch.equal(loaded[name], value) for name, value in WEIGHTS.items())


def test_plain_torch_reads_them(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.pkl", WEIGHTS)
    assert list(torch.load(tmp_path / "w.pkl", weights_only=True)) == list(WEIGHTS)


@pytest.mark.parametrize("legacy", [False, True])
def test_both_formats_of_torch_are_read(tmp_path: Path, legacy: bool) -> None:
    torch.save(WEIGHTS, tmp_path / "w.pkl", _use_new_zipfile_serialization=not legacy)
    assert list(read_weights(tmp_path / "w.pkl")) == list(WEIGHTS)


class Malicious:
    """Runs a command when it is unpickled without care."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.trace}",)


@pytest.mark.parametrize("ending", [".pkl", ".pt", ".mat", ""])
@pytest.mark.parametrize("writer", ["torch", "old torch", "pickle"])
def test_a_malicious_file_runs_nothing(tmp_path: Path, writer: str, ending: str) -> None:
    path, trace = tmp_path / f"w{ending}", tmp_path / "trace"
    payload = {"a": Malicious(trace)}
    if "torch" in writer:
        torch.save(payload, path, _use_new_zipfile_serialization=writer == "torch")
    else:
        path.write_bytes(pickle.dumps(payload))
    with pytest.raises(CheckpointError, match="damaged or holds more than weights"):
        read_weights(path)
    assert not trace.exists()
    if writer == "pickle":  # the payload is live: this is what the safe reader prevents
        pickle.loads(path.read_bytes())
        assert trace.exists()


@pytest.mark.parametrize("length", [0, 1, 100, -100])
def test_a_truncated_file_is_named(tmp_path: Path, length: int) -> None:
    path = tmp_path / "w.pkl"
    save_weights(path, WEIGHTS)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(CheckpointError, match=r"w\.pkl' is damaged") as error:
        read_weights(path)
    assert "\n" not in str(error.value)


def test_what_is_no_state_dict_is_named(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "list.pkl")
    with pytest.raises(CheckpointError, match="no state dict but holds a list"):
        read_weights(tmp_path / "list.pkl")
    for entry in ("text", 1.5, torch.arange(3), torch.zeros(2, device="meta")):
        torch.save({"a": entry}, tmp_path / "entry.pkl")
        with pytest.raises(CheckpointError, match="its entry 'a' is no weight"):
            read_weights(tmp_path / "entry.pkl")
    with pytest.raises(CheckpointError, match=r"no checkpoint '.*missing\.pkl'"):
        read_weights(tmp_path / "missing.pkl")


def test_a_flipped_bit_never_changes_weights_unnoticed(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.pkl", WEIGHTS)
    whole = (tmp_path / "w.pkl").read_bytes()
    told = 0
    for place in range(0, len(whole), 3):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        (tmp_path / "w.pkl").write_bytes(damaged)
        try:
            loaded = read_weights(tmp_path / "w.pkl")
        except CheckpointError as error:
            assert "w.pkl' is damaged" in str(error)
            told += 1
        else:
            assert all(torch.equal(loaded[name], value) for name, value in WEIGHTS.items())
    assert told > 100
