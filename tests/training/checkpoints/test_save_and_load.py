"""Weights on disk."""

import os
import pickle
from collections.abc import Callable, Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
import torch

import training.checkpoints.checkpoint_file
import training.checkpoints.save_and_load
from tests.training.checkpoints.pickles import PROTOCOL, archive, dict_of
from tests.training.checkpoints.weights import read_weights
from training.checkpoints.checkpoint_file import CheckpointError
from training.checkpoints.checksum import add_checksum
from training.checkpoints.save_and_load import read_state, save_checkpoint

WEIGHTS = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.zeros(2)}


def test_weights_come_back_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "w.pkl"
    save_checkpoint(path, WEIGHTS)
    assert [entry.name for entry in tmp_path.iterdir()] == ["w.pkl"]
    loaded = read_weights(path)
    assert list(loaded) == list(WEIGHTS)
    assert all(torch.equal(loaded[name], value) for name, value in WEIGHTS.items())


def test_plain_torch_reads_them(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "w.pkl", WEIGHTS)
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
    save_checkpoint(path, WEIGHTS)
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


@pytest.mark.skipif(os.name == "nt", reason="Windows has other pipes")
@pytest.mark.parametrize("read", [read_weights, read_state])
def test_what_is_no_file_is_not_read(tmp_path: Path, read: Callable[[Path], object]) -> None:
    os.mkfifo(tmp_path / "pipe")  # reading it would wait for ever
    for path, kind in (
        (tmp_path / "pipe", "a pipe or a device"),
        (Path("/dev/zero"), "a pipe or a device"),
        (tmp_path, "a folder: name a file in it"),
    ):
        with pytest.raises(CheckpointError, match=f"' is {kind}"):
            read(path)


@pytest.mark.parametrize("change", ["longer", "shorter", "other"])
def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    path = tmp_path / "w.pkl"
    torch.save(WEIGHTS, path, _use_new_zipfile_serialization=False)  # it has no checksum
    contents = path.read_bytes()

    def spoil(head: bytes) -> str:
        new = {"longer": contents + b"x", "shorter": contents[:-9], "other": contents[::-1]}[change]
        path.write_bytes(new)
        os.utime(path, (1, 1))
        return ""

    monkeypatch.setattr(training.checkpoints.checkpoint_file, "foreign_kind", spoil)
    with pytest.raises(CheckpointError, match=r"w\.pkl' changed while it was read: try again"):
        read_weights(path)


def test_a_state_that_would_never_end_is_refused(tmp_path: Path) -> None:
    lists = b"]q\0h\0a."  # a list of itself
    for contents, message in (
        (PROTOCOL + lists, "its pickle is nested too deeply"),
        (PROTOCOL + b"N.", "it is no training state"),
        (dict_of({"a": b"ccollections\ndeque\n)R"}), "it holds an object of 'collections.deque'"),
    ):
        (tmp_path / "x.state").write_bytes(add_checksum(archive(contents)))
        with pytest.raises(CheckpointError, match=rf"x\.state' cannot be read \({message}"):
            read_state(tmp_path / "x.state")


def flipped(contents: bytes) -> Iterator[bytes]:
    """Flip one bit in every third byte in turn."""
    for place in range(0, len(contents), 3):
        changed = bytearray(contents)
        changed[place] ^= 1 << place % 8
        yield bytes(changed)


@pytest.mark.parametrize("writer", ["this program", "plain torch"])
def test_a_flipped_bit_never_changes_weights_unnoticed(tmp_path: Path, writer: str) -> None:
    path, refused = tmp_path / "w.pkl", 0
    save_checkpoint(path, WEIGHTS) if writer == "this program" else torch.save(WEIGHTS, path)
    for contents in flipped(path.read_bytes()):
        path.write_bytes(contents)
        try:
            loaded = read_weights(path)
        except CheckpointError as error:
            assert "w.pkl' is damaged" in str(error)
            refused += 1
        else:
            assert all(torch.equal(loaded[name], value) for name, value in WEIGHTS.items())
    assert refused > 100


def test_a_flipped_bit_in_a_state_is_always_found(tmp_path: Path) -> None:
    path = tmp_path / "x.state"
    save_checkpoint(path, {"epoch": 3, **WEIGHTS})
    assert read_state(path)["epoch"] == 3
    for contents in flipped(path.read_bytes()):
        path.write_bytes(contents)
        with pytest.raises(CheckpointError, match=r"x\.state' is damaged"):
            read_state(path)


def test_states_of_before_are_read(tmp_path: Path) -> None:
    serialised, path = BytesIO(), tmp_path / "old.state"
    torch.save({"epoch": 3}, serialised)
    digest = sha256(serialised.getvalue()).hexdigest().encode()
    heading = b"NL2Net training state 1\n"
    path.write_bytes(heading + digest + b"\n" + serialised.getvalue())
    assert read_state(path) == {"epoch": 3}
    path.write_bytes(heading + digest + b"\n" + serialised.getvalue()[:-1])
    with pytest.raises(CheckpointError, match=r"old\.state' is damaged"):
        read_state(path)


def test_a_file_that_does_not_come_back_as_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training.checkpoints.save_and_load, "read_bytes", lambda path: b"")
    with pytest.raises(CheckpointError, match="x' is damaged"):
        save_checkpoint(tmp_path / "x", WEIGHTS)
