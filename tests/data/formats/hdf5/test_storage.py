"""HDF5 arrays stored elsewhere, in parts, in chunks, packed: read, or refused before memory is."""

import os
import resource
import struct
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from data.errors import SceneError
from data.formats.hdf5.chunks import unpacks_within
from data.reading.from_file import read_scene
from data.reading.settings import ReadSettings
from data.scene import Scene

CUBE = np.random.default_rng(0).integers(1, 4000, (6, 5, 4)).astype(np.uint16)
Write = Callable[[h5py.File], Any]


def scene_of(path: Path, write: Write, **reading: Any) -> Scene:
    """Write a file and read it as a scene."""
    with h5py.File(path, "w") as file:
        write(file)
    return read_scene(path, name="x", reading=ReadSettings(**reading))


def virtual(file: h5py.File, name: str, target: str, source: str, *, rows: int = 6) -> None:
    """Put together the first rows of a cube from an array in a file."""
    layout = h5py.VirtualLayout(CUBE.shape, CUBE.dtype)
    layout[:rows] = h5py.VirtualSource(target, source, CUBE.shape)[:rows]
    file.create_virtual_dataset(name, layout)


def external(file: h5py.File, name: str, target: str, shape: tuple[int, ...] = CUBE.shape) -> None:
    """Make an array whose values are in another file."""
    created = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    created.set_external(target.encode(), 0, 2 * int(np.prod(shape)))
    space = h5py.h5s.create_simple(shape)
    h5py.h5d.create(file.id, name.encode(), h5py.h5t.NATIVE_UINT16, space, created)


def without_end(file: h5py.File, name: str, target: str) -> None:
    """Put together an array whose height is that of an array in another file."""
    layout = h5py.VirtualLayout(CUBE.shape, CUBE.dtype, maxshape=(None, 5, 4))
    source = h5py.VirtualSource(target, "data", CUBE.shape, maxshape=(None, 5, 4))
    end = h5py.h5s.UNLIMITED
    layout[:end] = source[:end]
    file.create_virtual_dataset(name, layout)


def filtered(
    file: h5py.File, filters: list[tuple[int, tuple[int, ...]]], packed: bytes = b"", **options: Any
) -> None:
    """Make a cube of one chunk, whose packed bytes may be given."""
    created = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    created.set_chunk(options.get("chunk", CUBE.shape))
    for code, values in filters:
        created.set_filter(code, h5py.h5z.FLAG_OPTIONAL, values)
    shape = options.get("shape", CUBE.shape)
    space = h5py.h5s.create_simple(shape, (h5py.h5s.UNLIMITED,) * 3)
    cube = h5py.h5d.create(file.id, b"data", h5py.h5t.NATIVE_UINT16, space, created)
    if packed:
        cube.write_direct_chunk((0, 0, 0), packed)


def test_an_array_put_together_from_others_of_the_file_is_read(tmp_path: Path) -> None:
    def write(file: h5py.File) -> None:
        file["parts/a"] = CUBE
        virtual(file, "data", ".", "parts/a", rows=4)

    scene = scene_of(tmp_path / "x.h5", write)
    np.testing.assert_array_equal(scene.cube[:4], CUBE[:4])
    assert "40 values were never written: they are 0" in scene.notes


@pytest.mark.parametrize("target", ["other.h5", "pipe", "x.h5", "none.h5", "/dev/zero"])
@pytest.mark.parametrize("write", [external, without_end, virtual])
def test_values_of_other_files_are_not_read(
    tmp_path: Path, target: str, write: Callable[..., None]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "other.h5").write_bytes(bytes(range(240)))
    more = ("data",) if write is virtual else ()
    for key in (None, "data"):
        with pytest.raises(SceneError, match=rf"'data'.*values are in .*'{target}': copy them int"):
            scene_of(
                tmp_path / "x.h5", lambda file: write(file, "data", target, *more), data_key=key
            )


@pytest.mark.parametrize("name", ["map", "wavelength"])
def test_nor_are_those_of_the_ground_truth_or_the_wavelengths(tmp_path: Path, name: str) -> None:
    def write(file: h5py.File) -> None:
        file["data"] = CUBE
        external(file, name, "/etc/hostname", (6, 5) if name == "map" else (4,))

    with pytest.raises(SceneError, match=rf"'{name}' is not read: its values are in another file"):
        scene_of(tmp_path / "x.h5", write)


def test_nor_are_those_of_coordinates(tmp_path: Path) -> None:
    def write(file: h5py.File) -> None:
        cube = file.create_dataset("data", data=CUBE)
        file["y"] = 5 - np.arange(6)
        layout = h5py.VirtualLayout((5,), CUBE.dtype)
        layout[:] = h5py.VirtualSource(".", "x", (5,))
        file.create_virtual_dataset("x", layout)
        for axis, name in enumerate("yx"):
            file[name].make_scale(name)
            file[name].attrs["units"] = "m"
            cube.dims[axis].attach_scale(file[name])

    assert scene_of(tmp_path / "x.h5", write).metadata.georeference is None


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"data": "data"}, "in 'data', itself virtual"),
        ({"data": "b", "b": "data"}, "in 'b', itself virtual"),
        ({"data": "none"}, "in 'none', which is missing"),
        ({"data": "soft"}, "in 'soft', which is missing or a link"),
        ({"data": "elsewhere/data"}, "in 'elsewhere/data', which is missing or a link"),
        ({"data": "outside"}, "in 'outside', itself virtual or elsewhere"),
    ],
)
def test_virtual_arrays_of_virtual_ones_are_not_read(
    tmp_path: Path, parts: dict[str, str], reason: str
) -> None:
    def write(file: h5py.File) -> None:
        file["soft"] = h5py.SoftLink("/data")
        file["elsewhere"] = h5py.ExternalLink("other.h5", "/")
        external(file, "outside", "/dev/zero")
        for name, source in parts.items():
            virtual(file, name, ".", source)

    with pytest.raises(SceneError, match=f"'data' is not read: its values are {reason}"):
        scene_of(tmp_path / "x.h5", write)


def test_parts_that_overlap_are_not_read(tmp_path: Path) -> None:
    def write(file: h5py.File) -> None:
        file["a"] = CUBE
        layout = h5py.VirtualLayout(CUBE.shape, CUBE.dtype)
        for _ in range(3):
            layout[:] = h5py.VirtualSource(".", "a", CUBE.shape)
        file.create_virtual_dataset("data", layout)

    with pytest.raises(SceneError, match="parts that overlap"):
        scene_of(tmp_path / "x.h5", write)


@cache
def zeros() -> bytes:
    """Pack 128 MiB of zeros, which are never in memory together."""
    packer = zlib.compressobj(1)
    parts = [packer.compress(bytes(1 << 20)) for _ in range(1 << 7)]
    return b"".join([*parts, packer.flush()])


@cache
def packed_twice() -> bytes:
    """Pack 16 MiB of zeros twice."""
    return zlib.compress(zlib.compress(bytes(1 << 24), 9), 9)


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (
            lambda file: filtered(file, [(1, (6,))], zeros(), chunk=(1 << 19, 32, 32)),
            "declares",
        ),
        (lambda file: filtered(file, [(1, (6,))], zeros() * 3), "its chunks are longer than they"),
        (
            lambda file: filtered(
                file, [(1, (6,))], zeros(), chunk=(64, 64, 64), shape=(64, 64, 64)
            ),
            "a chunk unpacks to more than its size",
        ),
        (
            lambda file: filtered(file, [(1, (6,)), (1, (6,))], packed_twice()),
            "no program packs",
        ),
        (lambda file: filtered(file, [(1, (6,)), (2, ())], zeros()), "no program packs"),
        (
            lambda file: filtered(file, [(32000, ()), (1, (6,))], zeros()),
            "no program packs",
        ),
    ],
)
def test_chunks_that_unpack_to_far_too_much_are_refused(
    tmp_path: Path, write: Write, reason: str
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SceneError, match=f"'data' (is damaged: )?{reason}"):
        scene_of(tmp_path / "x.h5", write)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10  # KiB


def test_packed_bytes_are_measured() -> None:
    packed = zlib.compress(bytes(5 << 20))
    assert unpacks_within(packed, 5 << 20) and not unpacks_within(packed, 3 << 20)
    assert unpacks_within(packed[:100], 5 << 20) and unpacks_within(b"no packed bytes", 0)


@pytest.mark.parametrize(
    "options",
    [
        {"chunks": (3, 5, 2), "compression": "gzip", "shuffle": True, "fletcher32": True},
        {"chunks": (3, 5, 2), "compression": "lzf"},
        {"chunks": (6, 5, 4), "scaleoffset": 0, "compression": "gzip"},
        {"chunks": (1024, 5, 4), "maxshape": (None, 5, 4)},
        {"chunks": (512, 512, 8), "maxshape": (None,) * 3, "compression": "gzip"},
    ],
)
def test_usual_chunks_are_read(tmp_path: Path, options: dict[str, Any]) -> None:
    scene = scene_of(
        tmp_path / "x.h5", lambda file: file.create_dataset("data", data=CUBE, **options)
    )
    np.testing.assert_array_equal(scene.cube[:], CUBE)


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        (32015, r"Zstandard \(32015\): pip install hdf5plugin"),
        (32001, r"Blosc \(32001\): pip install hdf5plugin"),
        (32008, r"bitshuffle \(32008\): pip install hdf5plugin"),
        (32004, r"LZ4 \(32004\): pip install hdf5plugin"),
        (40001, r"number 40001: install its plugin for HDF5"),
    ],
)
def test_a_missing_filter_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, hint: str
) -> None:
    monkeypatch.setattr("data.formats.hdf5.storage.load_filters", lambda: None)
    if h5py.h5z.filter_avail(code):
        pytest.skip("the filter is installed")
    with pytest.raises(SceneError, match=rf"'data' is packed by a filter .*, {hint}, or unpack"):
        scene_of(tmp_path / "x.h5", lambda file: filtered(file, [(code, (1, 2))], bytes(99)))


def test_a_missing_filter_that_was_not_used_is_not_missed(tmp_path: Path) -> None:
    def write(file: h5py.File) -> None:
        filtered(file, [(40001, (1, 2))])
        file["data"][...] = CUBE

    np.testing.assert_array_equal(scene_of(tmp_path / "x.h5", write).cube[:], CUBE)


def test_tables_and_arrays_as_elements(tmp_path: Path) -> None:
    table = np.zeros((6, 5), [(f"band{index}", "f4") for index in range(4)])
    with pytest.raises(SceneError, match="'data': it is a table of band0, band1, band2, … 4 fie"):
        scene_of(tmp_path / "x.h5", lambda file: file.create_dataset("data", data=table))
    cubes = np.zeros(CUBE.shape, [("a", "f4"), ("b", "f4")])
    with pytest.raises(SceneError, match="'data' is no array of numbers here; it is a table of a"):
        read = {"data_key": "data"}
        scene_of(tmp_path / "x.h5", lambda file: file.create_dataset("data", data=cubes), **read)

    def write(file: h5py.File) -> None:
        file.create_dataset("data", (6, 5), np.dtype(("u2", (4,))))[...] = CUBE

    np.testing.assert_array_equal(scene_of(tmp_path / "x.h5", write).cube[:], CUBE)


def claim(path: Path, length: int, claimed: int) -> None:
    """Change the lengths of the lists and texts of a length among a file's attributes."""
    content = bytearray(path.read_bytes())
    heap = struct.pack("<Q", content.index(b"GCOL"))
    place = content.find(heap)
    while place >= 0:
        if struct.unpack_from("<I", content, place - 4)[0] == length:
            struct.pack_into("<I", content, place - 4, claimed)
        place = content.find(heap, place + 1)
    path.write_bytes(content)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("claimed", [0xFFFFFFFF, 0x10000])
@pytest.mark.parametrize(("length", "kind"), [(1, "dimensions"), (17, "text")])
def test_a_list_or_text_longer_than_the_file_is_refused(
    tmp_path: Path, libver: str, claimed: int, length: int, kind: str
) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w", libver=libver) as file:
        cube = file.create_dataset("data", data=CUBE)
        cube.attrs["units"] = "radiance in µW"  # 15 letters
        cube.attrs["long_name"] = "seventeen letters"
        for axis, name in enumerate("yxb"):
            file[name] = np.arange(CUBE.shape[axis])
            file[name].make_scale(name)
            cube.dims[axis].attach_scale(file[name])
    read_scene(path, name="x")
    claim(path, length, claimed)
    with pytest.raises(SceneError, match=r"x\.h5' is damaged: a list at byte [\d,]+ is longer"):
        read_scene(path, name="x")


def test_lists_in_lists_are_not_read(tmp_path: Path) -> None:
    values: NDArray[Any] = np.empty(1, object)
    values[0] = np.array([1.0, 2.0])
    with h5py.File(tmp_path / "x.h5", "w") as file:
        cube = file.create_dataset("data", data=CUBE)
        pair = np.dtype([("a", h5py.vlen_dtype("f8")), ("b", "i4")])
        cube.attrs.create("scale_factor", np.zeros(1, [("a", "i4")]))
        space = h5py.h5s.create_simple((1,))
        h5py.h5a.create(cube.id, b"_FillValue", h5py.h5t.py_create(pair, logical=True), space)
    scene = read_scene(tmp_path / "x.h5", name="x")
    assert (scene.metadata.gain, scene.metadata.fill) == (1, None)
