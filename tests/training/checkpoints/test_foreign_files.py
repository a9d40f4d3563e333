"""Files given as weights that are none of `torch.save`, recognised by their first bytes."""

import gzip
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from scipy.io import savemat

from tests.training.checkpoints.weights import read_weights
from training.checkpoints.checkpoint_file import CheckpointError
from training.checkpoints.foreign_files import foreign_kind


def write_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["a"] = [1.0]


def write_npz(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, a=np.ones(3))


def write_npy(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.ones(3))


def write_matlab(path: Path) -> None:
    with path.open("wb") as file:
        savemat(file, {"a": 1})


def write_tar(path: Path) -> None:
    with tarfile.open(path, "w") as file:
        file.addfile(tarfile.TarInfo("storages"))


def write_safetensors(path: Path) -> None:
    heading = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    path.write_bytes(struct.pack("<Q", len(heading)) + heading + bytes(4))


def with_contents(contents: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(contents)


WRITERS: dict[str, Callable[[Path], object]] = {
    "an HDF5 file": write_hdf5,
    r"a NumPy archive \(\.npz\)": write_npz,
    r"a NumPy array \(\.npy\)": write_npy,
    "a MATLAB file": write_matlab,
    "a TAR archive": write_tar,
    "a safetensors file: load it with": write_safetensors,
    "an ONNX file": with_contents(b"\x08\x07\x12\x07pytorch\x1a\x031.9:"),
    "compressed with gzip: unpack it": lambda path: path.write_bytes(gzip.compress(b"PK")),
    "a pointer of Git LFS": with_contents(b"version https://git-lfs.github.com/spec/v1\noid"),
    "a web page": with_contents(b"\r\n<!DOCTYPE html><html>"),
    "a text: download the file itself": with_contents(b"404: the file was not found\n"),
    "a file of attributes by macOS": with_contents(b"\0\5\x16\7\0\2\0\0Mac OS X        \0\0\0"),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_the_kind_of_a_file_is_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "w.pkl"
    WRITERS[kind](path)
    with pytest.raises(CheckpointError, match=rf"w\.pkl' is no checkpoint but {kind}"):
        read_weights(path)


def test_files_of_torch_are_no_foreign_ones(tmp_path: Path) -> None:
    for zipped in (True, False):
        torch.save({"a": torch.ones(3)}, tmp_path / "w", _use_new_zipfile_serialization=zipped)
        assert foreign_kind((tmp_path / "w").read_bytes()) == ""


def test_a_large_file_of_another_kind_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "scene.h5"
    with path.open("wb") as file:
        file.write(b"\x89HDF\r\n\x1a\n")
        file.truncate(1 << 40)  # sparse: more than any memory
    with pytest.raises(CheckpointError, match="an HDF5 file"):
        read_weights(path)
