"""Cubes that stay in their files are, but for that, what they are in memory."""

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.io import savemat

from data import lazy_cube
from data.errors import SceneError
from data.formats import memmap
from data.known_scenes.catalogue import checksum
from data.lazy_cube import LazyCube, row_blocks
from data.reading.by_name import load_scene
from data.reading.from_file import read_scene
from data.reading.settings import ReadSettings
from data.scene import Scene
from tests.data.formats.envi.test_image import write as write_envi
from tests.data.formats.matlab.test_file import write_73

HEIGHT, WIDTH, BANDS = SHAPE = (13, 11, 23)
AXES = ("hwb", "bhw", "bwh", "hbw", "wbh", "whb")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have scenes that are this small gone through in several blocks, of other sizes on disk."""
    monkeypatch.setattr(lazy_cube, "BLOCK", 5 * WIDTH * BANDS * 4)
    monkeypatch.setattr(lazy_cube, "CACHED", 3 * WIDTH * BANDS * 4)
    monkeypatch.setattr(memmap, "PART", 2 * WIDTH * BANDS * 4)


def counts(dtype: str = "f4", seed: int = 0) -> NDArray[Any]:
    """A cube of random counts from 1, (13, 11, 23)."""
    return np.random.default_rng(seed).integers(1, 120, SHAPE).astype(dtype)


def in_order(cube: NDArray[Any], axes: str) -> NDArray[Any]:
    """A cube (H, W, B) with its axes as "bhw" and the like name them."""
    return cube.transpose(["hwb".index(axis) for axis in axes])


def in_envi(folder: Path, cube: NDArray[Any], **layout: Any) -> Path:
    return write_envi(folder / "x.img", cube, **layout)


def in_numpy(folder: Path, cube: NDArray[Any], *, order: Any = "C", axes: str = "hwb") -> Path:
    np.save(folder / "x.npy", np.asarray(in_order(cube, axes), order=order))
    return folder / "x.npy"


def in_matlab(folder: Path, cube: NDArray[Any], *, axes: str = "hwb", **chunks: Any) -> Path:
    """Write version 7.3; `chunks` are how h5py stores the array, whose axes are reversed there."""
    path = write_73(folder / "x.mat", {"data": in_order(cube, axes)})
    if chunks:
        with h5py.File(path, "r+") as file:
            stored = file.pop("data")[()]
            kept = file.create_dataset("data", data=stored, **chunks)
            kept.attrs["MATLAB_class"] = np.bytes_("double")
    return path


def both(path: Path, **reading: Any) -> tuple[Scene, Scene]:
    """A scene on disk and the same in memory."""
    asked = ReadSettings(**reading)
    stays = read_scene(path, name="x", reading=asked, on_disk=True)
    assert isinstance(stays.cube, LazyCube)
    read = read_scene(path, name="x", reading=asked)
    assert isinstance(read.cube, np.ndarray)
    return stays, read


def assert_same(stays: Scene, read: Scene) -> None:
    """All properties of a scene are the same on disk, bit for bit."""
    for name in ("shape", "dtype", "ndim", "size", "nbytes"):
        assert getattr(stays.cube, name) == getattr(read.cube, name), name
    cube = stays.cube[:]
    assert cube.dtype == read.cube.dtype and cube.dtype.isnative and cube.flags.c_contiguous
    np.testing.assert_array_equal(cube, read.cube[:])
    assert (stays.range, stays.notes, stays.digest) == (read.range, read.notes, read.digest)
    assert checksum(stays.cube) == checksum(read.cube)
    np.testing.assert_array_equal(stays.evaluated, read.evaluated)
    np.testing.assert_array_equal(stays.metadata.numbers, read.metadata.numbers)
    scaled = read.scaled_cube()
    assert stays.scaled_cube().tobytes() == scaled.tobytes()
    part = slice(2, 9), slice(3, None)
    for scene in (stays, read):
        assert scene.window(*part).dtype == np.float32
        np.testing.assert_array_equal(scene.window(*part), scaled[part])
        np.testing.assert_array_equal(scene.scaled_bands([2, 0, 2]), scaled[..., [2, 0, 2]])


@pytest.mark.parametrize("interleave", ["bsq", "bil", "bip"])
@pytest.mark.parametrize(
    ("dtype", "order", "offset"), [("f4", 0, 0), ("i2", 1, 7), ("f8", 1, 5000)]
)
def test_envi(tmp_path: Path, interleave: str, order: int, dtype: str, offset: int) -> None:
    layout = {"interleave": interleave, "order": order, "offset": offset}
    path = in_envi(tmp_path, counts(dtype), **layout)
    for reading in ({}, {"axes": "whb"}, {"bands": "2-5,7,20-"}, {"axes": "bhw", "bands": "1-4"}):
        assert_same(*both(path, map="none", **reading))


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize(("dtype", "order"), [("<f4", "C"), (">u2", "F")])
def test_numpy(tmp_path: Path, axes: str, dtype: str, order: str) -> None:
    cube = counts(dtype)
    for bands in (None, "1,3,9-"):
        stays, read = both(in_numpy(tmp_path, cube, order=order, axes=axes), axes=axes, bands=bands)
        assert_same(stays, read)


@pytest.mark.parametrize("dtype", ["?", "u1", "<f2", ">i8", ">f8"])
def test_types(tmp_path: Path, dtype: str) -> None:
    assert_same(*both(in_numpy(tmp_path, (counts() // 60).astype(dtype), order="F")))


@pytest.mark.parametrize("axes", ["hwb", "bwh", "wbh"])
@pytest.mark.parametrize(
    "chunks", [{}, {"chunks": (4, 5, 6), "compression": "gzip"}, {"dtype": ">f8"}], ids=str
)
def test_matlab_73(tmp_path: Path, axes: str, chunks: dict[str, Any]) -> None:
    path = in_matlab(tmp_path, counts("f8"), axes=axes, **chunks)
    for bands in (None, "1,3,9-"):
        assert_same(*both(path, axes=axes, bands=bands))


def test_the_map_lies_next_to_the_cube(tmp_path: Path) -> None:
    truth = np.eye(HEIGHT, WIDTH)
    path = write_73(tmp_path / "x.mat", {"data": counts(), "map": truth, "wl": np.arange(400, 423)})
    stays, read = both(path)
    assert_same(stays, read)
    assert stays.truth is not None and stays.anomalies == read.anomalies == WIDTH
    assert stays.metadata.wavelengths is not None


def test_bad_bands_are_not_read(tmp_path: Path) -> None:
    good = (np.arange(BANDS) % 9 > 2).astype(int)
    path = in_envi(tmp_path, counts(), extra=f"bbl = {{{', '.join(map(str, good))}}}")
    stays, read = both(path)
    assert stays.cube.shape[2] == good.sum() < BANDS
    assert_same(stays, read)


def with_gaps(fill: float) -> NDArray[Any]:
    """A cube with pixels of no data, in several blocks: one row, and two single pixels."""
    cube = counts()
    cube[4] = cube[8, 3] = cube[12, 10] = fill
    return cube


@pytest.mark.parametrize("fill", [np.nan, -9999, 0])
@pytest.mark.parametrize("write", [in_envi, in_numpy, in_matlab])
def test_pixels_of_no_data(tmp_path: Path, write: Callable[..., Path], fill: float) -> None:
    cube = with_gaps(fill)
    nodata = None if np.isnan(fill) else fill
    stays, read = both(write(tmp_path, cube), nodata=nodata)
    assert stays.masked is not None and np.count_nonzero(stays.masked) == WIDTH + 2
    assert_same(stays, read)
    if nodata is not None:  # and what may be such is metadata
        stays, read = both(write(tmp_path, cube))
        assert any("--nodata" in note for note in stays.notes)
        assert_same(stays, read)


def test_scattered_gaps_are_masked_where_asked_for(tmp_path: Path) -> None:
    cube = with_gaps(np.nan)
    cube[0, 0, 3] = cube[11, 2, 22] = np.inf
    stays, read = both(in_envi(tmp_path, cube), nan="mask")
    assert stays.pixels == cube[..., 0].size - WIDTH - 4
    assert_same(stays, read)


def blank_band(cube: NDArray[Any]) -> None:
    cube[..., 6] = np.nan


def scattered(cube: NDArray[Any]) -> None:
    cube[6, 2, 4] = cube[6, 2, 3] = cube[11, 0, 0] = np.nan


def scattered_fill(cube: NDArray[Any]) -> None:
    cube[7, 5, 2] = -9999


def constant(cube: NDArray[Any]) -> None:
    cube[:] = 7


def nothing(cube: NDArray[Any]) -> None:
    cube[:] = np.nan


@pytest.mark.parametrize("spoil", [blank_band, scattered, scattered_fill, constant, nothing])
@pytest.mark.parametrize("write", [in_envi, in_numpy, in_matlab])
def test_what_is_no_scene_is_refused_in_the_same_words(
    tmp_path: Path, write: Callable[..., Path], spoil: Callable[[NDArray[Any]], None]
) -> None:
    cube = counts()
    spoil(cube)
    path, metadata = write(tmp_path, cube), []
    for on_disk in (True, False):
        with pytest.raises(SceneError) as error:
            read_scene(path, name="x", reading=ReadSettings(nodata=-9999), on_disk=on_disk)
        metadata.append(str(error.value))
    assert metadata[0] == metadata[1]


@pytest.mark.parametrize(
    "values", [counts("c16"), np.zeros((0, 3, 4)), np.zeros((3, 4, 0)), np.zeros((4, 5))]
)
@pytest.mark.parametrize("write", [in_numpy, in_matlab])
def test_arrays_that_are_no_cubes_are_refused_in_the_same_words(
    tmp_path: Path, write: Callable[..., Path], values: NDArray[Any]
) -> None:
    path, metadata = write(tmp_path, values, axes="hwb"[: values.ndim]), []
    for on_disk in (True, False):
        with pytest.raises(SceneError) as error:
            read_scene(path, name="x", on_disk=on_disk)
        metadata.append(str(error.value))
    assert metadata[0] == metadata[1]


def test_a_file_that_was_cut_off_since_is_damaged(tmp_path: Path) -> None:
    for path in (in_numpy(tmp_path, counts()), in_envi(tmp_path, counts()).with_suffix(".img")):
        scene = read_scene(path, name="x", on_disk=True)
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(SceneError, match=f"{path.name}' is damaged"):
            scene.window(slice(0, 1), slice(0, 1))


def test_other_formats_are_read_whole_which_is_noted(tmp_path: Path) -> None:
    savemat(tmp_path / "x.mat", {"data": counts()})
    np.savez(tmp_path / "x.npz", data=counts())
    whole = "the whole cube is read: only MATLAB 7.3, .npy and ENVI files are read in blocks"
    for name in ("x.mat", "x.npz"):
        scene = load_scene(name, data_dir=tmp_path, on_disk=True)
        assert isinstance(scene.cube, np.ndarray) and whole in scene.notes
        assert whole not in load_scene(name, data_dir=tmp_path).notes


def test_scenes_are_loaded_by_their_names(tmp_path: Path) -> None:
    in_numpy(tmp_path, counts())
    assert isinstance(load_scene("x", data_dir=tmp_path, on_disk=True).cube, LazyCube)
    assert isinstance(load_scene("x", data_dir=tmp_path).cube, np.ndarray)


LAYOUTS: dict[str, Callable[[Path, NDArray[Any]], Path]] = {
    "bsq": lambda folder, cube: in_envi(folder, cube, interleave="bsq", order=1),
    "bil": lambda folder, cube: in_envi(folder, cube, interleave="bil"),
    "bip": lambda folder, cube: in_envi(folder, cube, interleave="bip", offset=3),
    "C": lambda folder, cube: in_numpy(folder, cube),
    "F": lambda folder, cube: in_numpy(folder, cube, order="F"),
    "chunks": lambda folder, cube: in_matlab(folder, cube, chunks=(5, 4, 3), compression="gzip"),
}


def parts(length: int) -> st.SearchStrategy[slice]:
    """Slices of an axis, open and closed, from its end and beyond it."""
    ends = st.none() | st.integers(-length - 2, length + 2)
    return st.builds(slice, ends, ends, st.none() | st.integers(1, 4))


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    layout=st.sampled_from(sorted(LAYOUTS)),
    rows=parts(HEIGHT),
    columns=parts(WIDTH),
    bands=parts(12) | st.lists(st.integers(-12, 11), max_size=6),
    chosen=st.lists(st.integers(0, BANDS - 1), min_size=12, max_size=12, unique=True).map(sorted),
)
def test_a_block_is_what_numpy_cuts_out(
    tmp_path: Path, layout: str, rows: slice, columns: slice, bands: Any, chosen: list[int]
) -> None:
    cube = counts("f8")[..., chosen]
    selection = ",".join(str(band + 1) for band in chosen)
    path = LAYOUTS[layout](tmp_path, counts("f8"))
    stays = read_scene(path, name="x", reading=ReadSettings(bands=selection), on_disk=True)
    block = stays.cube[rows, columns, bands if isinstance(bands, slice) else list(bands)]
    empty_list = bands == []  # which NumPy takes for places of no type
    wanted = cube[rows, columns][..., :0] if empty_list else cube[rows, columns, bands]
    assert block.dtype == wanted.dtype and block.flags.c_contiguous
    np.testing.assert_array_equal(block, wanted)
    np.testing.assert_array_equal(stays.cube[rows, columns], cube[rows, columns])


def test_blocks_are_not_read_backwards(tmp_path: Path) -> None:
    stays = read_scene(in_numpy(tmp_path, counts()), name="x", on_disk=True)
    with pytest.raises(ValueError, match="a step of -1: blocks are read forwards"):
        stays.cube[::-1]


def counting(cube: LazyCube) -> tuple[LazyCube, list[tuple[slice, ...]]]:
    """A cube that records the blocks read from it."""
    asked: list[tuple[slice, ...]] = []

    def window(where: tuple[slice, ...]) -> NDArray[Any]:
        asked.append(where)
        return cube.window(where)

    return LazyCube(window, cube.stored, cube.dtype, cube.axes, cube.bands), asked


@given(
    st.lists(st.tuples(st.integers(0, HEIGHT - 1), st.integers(0, WIDTH - 1)), max_size=40),
    st.sampled_from(sorted(LAYOUTS)),
)
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_spectra_of_pixels_in_few_reads(
    tmp_path: Path, pixels: list[tuple[int, int]], layout: str
) -> None:
    stays, read = both(LAYOUTS[layout](tmp_path, counts("f8")))
    rows, columns = np.array(pixels, int).reshape(-1, 2).T
    for scene in (stays, read):
        spectra = scene.spectra(rows, columns)
        assert spectra.dtype == read.cube.dtype and spectra.shape == (len(rows), BANDS)
        np.testing.assert_array_equal(spectra, counts("f8")[rows, columns])
    assert isinstance(stays.cube, LazyCube)
    cube, asked = counting(stays.cube)
    lazy_cube.read_pixels(cube, rows, columns)
    assert len(asked) <= len(list(row_blocks(cube)))


def test_a_window_reads_no_more_than_itself(tmp_path: Path) -> None:
    stays = read_scene(in_numpy(tmp_path, counts()), name="x", on_disk=True)
    assert isinstance(stays.cube, LazyCube)
    cube, asked = counting(stays.cube)
    cube[2:4, 1:3]
    assert asked == [(slice(2, 4, 1), slice(1, 3, 1), slice(0, BANDS))]
    asked.clear()
    cube[:1, :, [20, 3, 5]]  # two reads, of neighbours and of what lies far from them
    assert [where[2] for where in asked] == [slice(3, 6), slice(20, 21)]


@given(st.tuples(*[st.integers(1, 40)] * 3), st.sampled_from(["u1", "f8"]))
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_blocks_of_rows_part_a_cube(shape: tuple[int, ...], dtype: str) -> None:
    cube = np.zeros(shape, dtype)
    blocks = list(row_blocks(cube))
    assert np.concatenate([np.arange(shape[0])[rows] for rows in blocks]).tolist() == list(
        range(shape[0])
    )
    assert all(len(cube[rows]) == 1 or cube[rows].nbytes <= lazy_cube.CACHED for rows in blocks)


MEMORY = """
import re, sys
from pathlib import Path
import numpy as np
from data import lazy_cube
from data.reading.by_name import load_scene

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

lazy_cube.BLOCK = 1 << 24
before = peak()
scene = load_scene(sys.argv[1], data_dir=Path(), on_disk=True)
scene.digest
for row in range(0, scene.cube.shape[0], 64):
    scene.window(slice(row, row + 64), slice(100, 164))
scene.scaled_bands([90, 40, 3])
print(peak() - before, scene.cube.nbytes, "torch" in sys.modules)
"""


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="needs Linux's /proc")
@pytest.mark.parametrize("layout", ["bsq", "npy"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, layout: str) -> None:
    """The peak beyond what the libraries take, of a scene of 200 MB; no torch is needed for it."""
    height, width, bands = 500, 500, 200
    shape, path = (height, width, bands), tmp_path / "x.img"
    with path.open("wb") as file:
        if layout == "npy":
            header = {"descr": "<f4", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
        file.write(np.arange(1000, dtype="<f4").data)
        file.truncate(file.tell() - 4000 + 4 * math.prod(shape))  # zeros that fill no disk
    if layout != "npy":
        (tmp_path / "x.hdr").write_text(
            f"ENVI\nsamples = {width}\nlines = {height}\nbands = {bands}\ndata type = 4\n"
            f"interleave = {layout}\n"
        )
    command = [sys.executable, "-c", MEMORY, str(path)]
    folder = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    peak, size, torch = done.stdout.split()
    assert (size, torch) == ("200000000", "False")
    assert int(peak) < int(size) / 2
