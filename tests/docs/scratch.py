"""A scratch folder in which the commands of the documentation can run: small scenes."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat

from data.synthetic import synthetic_scene
from tests.docs.pages import ROOT

HEADER = """ENVI
samples = 16
lines = 16
bands = 6
data type = 12
interleave = bsq
byte order = 0
wavelength units = Nanometers
wavelength = {450, 550, 650, 800, 1600, 2200}
map info = {UTM, 1, 1, 500000, 4000000, 10, 10, 33, North, WGS-84, units=Meters}
"""
# with a file of this name, the synthetic scene is small as well
NAMES = (
    *("HSI-II", "HYDICE-II", "abu-airport-1", "abu-airport-4", "abu-beach-4_crop100"),
    *("abu-urban-1", "abu-urban-3", "synthetic"),
)


def make_scenes(folder: Path) -> None:
    """Write the scenes that the documentation names, 16×16×30, and link the program."""
    scene = synthetic_scene(16, 16, 30)
    truth = np.asarray(scene.truth)
    (folder / "data").mkdir()
    for name in NAMES:
        savemat(folder / "data" / f"{name}.mat", {"data": scene.cube, "map": truth})
    write_flight_line(folder, np.asarray(scene.cube)[..., ::5], truth)
    for name in ("main.py", "benchmarks"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "scenes").mkdir()
    for name in ("scene2", "scene10"):
        shutil.copy(folder / "data" / "HSI-II.mat", folder / "scenes" / f"{name}.mat")
    shutil.copy(ROOT / "experiments" / "tables" / "measures.toml", folder / "mine.toml")


def write_flight_line(folder: Path, cube: NDArray[Any], truth: NDArray[Any]) -> None:
    """Write an ENVI image, files that are not right, others with several cubes, ground truths."""
    cube.transpose(2, 0, 1).astype("<u2").tofile(folder / "flight_line.img")
    (folder / "cut.img").write_bytes((folder / "flight_line.img").read_bytes()[:1000])
    for name in ("flight_line", "cut"):
        (folder / f"{name}.hdr").write_text(HEADER, encoding="ascii")
    five = HEADER.replace("bands = 6", "bands = 5").replace(", 2200}", "}")
    (folder / "long.hdr").write_text(five, encoding="ascii")
    shutil.copy(folder / "flight_line.img", folder / "long.img")
    elsewhere = HEADER.replace("bands = 6", "bands = 1").replace("500000", "500003")
    (folder / "truth_of_2020.hdr").write_text(elsewhere, encoding="ascii")
    (truth > 0).astype("<u2").tofile(folder / "truth_of_2020.img")
    Image.fromarray((truth > 0).astype(np.uint8) * 255).save(folder / "truth.png")
    savemat(folder / "two_cubes.mat", {"first": cube, "second": cube})
    savemat(folder / "struct.mat", {"S": {"first": cube, "second": cube}})
    (folder / "bands").mkdir()
    for number, band in enumerate(np.moveaxis(cube, 2, 0), start=1):
        np.save(folder / "bands" / f"B{number:02}.npy", band)
    holes = cube.astype(np.float32)
    holes[2, 3, :2] = np.nan
    np.save(folder / "holes.npy", holes)
