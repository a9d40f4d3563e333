"""Scenes in MATLAB files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat
from scipy.sparse import csc_array

from data.matfile import read_scene, write_scene
from data.scene import Scene, SceneError


def test_a_scene_comes_back(tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any]) -> None:
    path = tmp_path / "x.mat"
    write_scene(Scene("x", cube, truth, source="test"), path)
    scene = read_scene(path, name="other")
    assert scene.name == "other"
    assert scene.cube.dtype == cube.dtype
    np.testing.assert_array_equal(scene.cube, cube)
    np.testing.assert_array_equal(scene.truth, truth)


@pytest.mark.parametrize("compressed", [False, True])
def test_other_variables_do_not_matter(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any], compressed: bool
) -> None:
    variables = {"note": "text", "data": cube, "map": truth.astype(bool), "cells": [1, "a"]}
    savemat(tmp_path / "x.mat", variables, do_compression=compressed)
    np.testing.assert_array_equal(read_scene(tmp_path / "x.mat", name="x").anomalous, truth == 1)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("data", "GT"), r"no variable 'map' \(found: data 13×11×5, GT 13×11\)"),
        (("hsi", "map"), r"no variable 'data' \(found: hsi 13×11×5, map 13×11\)"),
        (("hsi", "GT"), r"no variable 'data' and no 'map' \(found: hsi"),
    ],
)
def test_missing_variables_are_named_and_those_found_listed(
    tmp_path: Path,
    cube: NDArray[Any],
    truth: NDArray[Any],
    names: tuple[str, str],
    message: str,
) -> None:
    savemat(tmp_path / "x.mat", dict(zip(names, (cube, truth), strict=True)))
    with pytest.raises(SceneError, match=message):
        read_scene(tmp_path / "x.mat", name="x")


@pytest.mark.parametrize("content", [b"", b"no MATLAB file, but long enough to be one " * 20])
def test_what_is_no_matlab_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.mat").write_bytes(content)
    with pytest.raises(SceneError, match=r"x\.mat' is damaged or no MATLAB file") as error:
        read_scene(tmp_path / "x.mat", name="x")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("compressed", [False, True])
def test_wherever_a_file_is_cut_off_it_is_refused(
    tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any], compressed: bool
) -> None:
    path = tmp_path / "x.mat"
    savemat(path, {"data": cube, "map": truth}, do_compression=compressed)
    content = path.read_bytes()
    for length in range(0, len(content) - 8, 23):
        path.write_bytes(content[:length])
        with pytest.raises(SceneError, match=r"x\.mat'"):
            read_scene(path, name="x")


def test_a_file_of_version_7_3_says_how_to_convert_it(tmp_path: Path) -> None:
    header = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    (tmp_path / "x.mat").write_bytes(header.ljust(512, b"\0"))
    with pytest.raises(SceneError, match=r"version 7\.3.*'-v7'"):
        read_scene(tmp_path / "x.mat", name="x")


def test_a_sparse_map_is_a_map(tmp_path: Path, cube: NDArray[Any], truth: NDArray[Any]) -> None:
    savemat(tmp_path / "x.mat", {"data": cube, "map": csc_array(truth.astype(float))})
    np.testing.assert_array_equal(read_scene(tmp_path / "x.mat", name="x").truth, truth)


def test_structures_are_no_numbers(tmp_path: Path, truth: NDArray[Any]) -> None:
    savemat(tmp_path / "x.mat", {"data": {"cube": 1}, "map": truth})
    with pytest.raises(SceneError, match="expected real numbers"):
        read_scene(tmp_path / "x.mat", name="x")
