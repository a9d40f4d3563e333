"""Files from anywhere are safe to open: each is a scene, or is refused in one line."""

import io
import pickle
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat
from scipy.sparse import csc_array

from data.errors import SceneError
from data.formats.envi import image as envi
from data.formats.format import Raster, first_bytes
from data.formats.guards import check_room
from data.formats.registry import FORMATS, read_contents, recognised
from data.georeference import Georeference
from data.reading.by_name import scene_name
from data.reading.from_file import read_scene
from data.reading.settings import ReadSettings
from tests.data.formats.hdf5 import test_neon as neon
from tests.data.formats.hdf5 import test_prisma as prisma
from tests.data.formats.matlab.test_file import write_73
from tests.training.checkpoints.test_save_and_load import Malicious

CUBE = np.random.default_rng(0).integers(0, 4000, (6, 5, 4)).astype(np.uint16)
TRUTH = np.eye(6, 5, dtype=np.uint8)
WAVELENGTHS = np.array([450.0, 550.0, 650.0, 850.0])
HELD: dict[str, Any] = {"data": CUBE, "map": TRUTH, "wavelength": WAVELENGTHS}
SPARSE = {"data": CUBE, "map": csc_array(TRUTH.astype(float))}
PLACE = Georeference((30.0, 0.0, 5e5, 0.0, -30.0, 4e6))
HUGE = (1_000_000, 1_000_000, 10)


def saved(path: Path, write: Callable[[Any], Any]) -> None:
    """Write to an open file."""
    with path.open("wb") as file:
        write(file)


def write_netcdf(path: Path, **options: Any) -> None:
    """Write the cube with coordinates along its dimensions."""
    with h5py.File(path, "w", **options) as file:
        chunks = {"chunks": (3, 5, 2), "compression": "gzip"}
        data = file.create_dataset("reflectance", data=CUBE.astype(np.float32), **chunks)
        data.attrs["_FillValue"] = np.float32(-9999)
        data.attrs["missing_value"] = [-9999.0, 1e30]
        data.attrs["valid_min"], data.attrs["scale_factor"] = "-10000", np.float32(0.5)
        middles = {"y": np.arange(6) * -30.0, "x": np.arange(5) * 30.0, "wavelength": WAVELENGTHS}
        for axis, (name, values) in enumerate(middles.items()):
            file[name] = values
            file[name].make_scale(name)
            file[name].attrs["units"] = "nm" if name == "wavelength" else "m"
            data.dims[axis].attach_scale(file[name])
        file["map"] = TRUTH


def write_geotiff(path: Path, **options: Any) -> None:
    """Write the cube as rasterio does."""
    rasterio = pytest.importorskip("rasterio")
    layout = {"driver": "GTiff", "height": 6, "width": 5, "count": 4, "dtype": "uint16"}
    transform = rasterio.Affine(*PLACE.transform)
    with rasterio.open(path, "w", **layout, transform=transform, **options) as file:
        file.update_tags(1, wavelength="450", wavelength_units="nm")
        file.write(CUBE.transpose(2, 0, 1))


TILED = {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "lzw", "BIGTIFF": "YES"}
WRITERS: dict[str, Callable[[Path], Any]] = {
    "MATLAB 5": lambda path: savemat(path, HELD, appendmat=False),
    "MATLAB 5, compressed": lambda path: savemat(path, HELD, appendmat=False, do_compression=True),
    "MATLAB 5, sparse": lambda path: savemat(path, SPARSE, appendmat=False),
    "MATLAB 5, struct": lambda path: savemat(path, {"S": HELD, "C": [HELD]}, appendmat=False),
    "MATLAB 4": lambda path: savemat(path, {"map": TRUTH * 1.0}, appendmat=False, format="4"),
    "MATLAB 7.3": lambda path: write_73(path, SPARSE),
    "npy": lambda path: saved(path, lambda file: np.save(file, CUBE)),
    "npz": lambda path: saved(path, lambda file: np.savez(file, **HELD)),
    "npz, compressed": lambda path: saved(path, lambda file: np.savez_compressed(file, **HELD)),
    "GeoTIFF": lambda path: write_geotiff(path, nodata=7),
    "GeoTIFF, tiled": lambda path: write_geotiff(path, **TILED),
    "NetCDF": write_netcdf,
    "NetCDF, latest": lambda path: write_netcdf(path, libver="latest"),
    "PRISMA": lambda path: prisma.write(path, attributes={"Epsg_Code": 32633}),
    "NEON": lambda path: neon.write(path, Map_Info=neon.MAP_INFO, EPSG_Code=b"32613"),
    "PNG": lambda path: Image.fromarray(TRUTH).save(path, format="PNG"),
    "BMP": lambda path: Image.fromarray(TRUTH).convert("P").save(path, format="BMP"),
    "ENVI": lambda path: envi.write_image(
        path.with_suffix(".img"),
        Raster(
            values=CUBE,
            georeference=PLACE,
            wavelengths=WAVELENGTHS,
            header={"bbl": "{1, 1, 0, 1}", "data ignore value": "7"},
        ),
    ),
}
MAPS = ("MATLAB 4", "PNG", "BMP")  # which hold no cube


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sound cube for maps."""
    path = tmp_path_factory.mktemp("fuzz")
    np.save(path / "cube.npy", CUBE)
    return path


def open_all(path: Path, reading: ReadSettings) -> None:
    """Use a scene, read whole and in windows, or be refused in a line that names the file."""
    for on_disk in (False, True):
        try:
            scene = read_scene(path, name="x", reading=reading, on_disk=on_disk)
            assert scene.scaled_cube().shape == scene.cube.shape
        except SceneError as error:
            message = str(error)
            assert "damaged." in message or "cube.npy" in message
            assert message.isprintable() and len(message) < 1000


EXTREMES = (b"\0", b"\xff", b"\0" * 4, b"\xff" * 4, b"\x80", b"\0\0\0\x80", b"\xff" * 7 + b"\x7f")
places = st.integers(0, 1 << 20) | st.integers(0, 200)
edits = st.lists(
    st.tuples(places, st.sampled_from(EXTREMES) | st.binary(min_size=1, max_size=8)), max_size=4
)


def damaged(content: bytes, changes: list[tuple[int, bytes]], length: int | None) -> bytes:
    """Overwrite bytes at places, and cut the rest off."""
    spoilt = bytearray(content)
    for place, values in changes:
        place %= len(content)
        spoilt[place : place + len(values)] = values
    return bytes(spoilt[: None if length is None else length % len(content)])


@pytest.mark.parametrize("examples", [80, pytest.param(500, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", WRITERS)
def test_whatever_is_damaged_it_is_a_scene_or_refused(
    folder: Path, kind: str, examples: int
) -> None:
    path = folder / "damaged.hdr"
    path.unlink(missing_ok=True)  # rasterio opens what it is to replace
    WRITERS[kind](path)
    content = path.read_bytes()

    @settings(derandomize=True, deadline=None, max_examples=examples, database=None)
    @given(edits, st.none() | places)
    def check(changes: list[tuple[int, bytes]], length: int | None) -> None:
        path.write_bytes(damaged(content, changes, length))
        if kind in MAPS:
            open_all(folder / "cube.npy", ReadSettings(map=str(path)))
        else:
            open_all(path, ReadSettings(nan="mask"))

    check()


def test_files_of_every_format_are_damaged(folder: Path) -> None:
    pytest.importorskip("rasterio")
    path, formats = folder / "sound.hdr", set()
    for write in WRITERS.values():
        path.unlink(missing_ok=True)
        write(path)
        formats.add(recognised(path, first_bytes(path)))
    assert formats == set(FORMATS)


@settings(derandomize=True, database=None)
@given(st.text() | st.text("./\\~ \n\0-amt", max_size=8))
def test_no_name_of_a_scene_leaves_the_folder_of_its_runs(dataset: str) -> None:
    try:
        name = scene_name(dataset)
    except SceneError as error:
        assert str(error).isprintable()
    else:
        assert (Path("runs") / name).parent == Path("runs")
        assert name.isprintable() and name.strip(".")


def numpy_header(shape: tuple[int, ...]) -> bytes:
    """Build the header of an `.npy` file."""
    file = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


def zipped(path: Path, content: bytes) -> None:
    """Write an `.npz` file of one entry."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.npy", content)


def huge_matlab_5(path: Path, *, compressed: bool) -> None:
    """Write a file of which the header claims far more values."""
    savemat(path, {"data": CUBE}, appendmat=False)
    claim = path.read_bytes().replace(struct.pack("<3i", 6, 5, 4), struct.pack("<3i", *HUGE))
    packed = zlib.compress(claim[128:])
    element = struct.pack("<2I", 15, len(packed)) + packed
    path.write_bytes(claim[:128] + element if compressed else claim)


def huge_hdf5(path: Path, name: str, shape: tuple[int, ...], **options: Any) -> None:
    """Write a file with a sound cube in which an array claims values that were never written."""
    with h5py.File(path, "w") as file:
        file.create_dataset(name, shape, np.float64, **options)
        if name != "data":
            file["data"] = CUBE


def huge_envi(path: Path) -> None:
    """Write a header that claims far more than there is."""
    envi.write_image(path.with_suffix(".img"), Raster(values=CUBE))
    path.write_text(path.read_text().replace("lines = 6", "lines = 600000000000"))


def huge_picture(path: Path) -> None:
    """Write a PNG that claims as many pixels as Pillow takes."""
    Image.fromarray(TRUTH).convert("RGBA").save(path, format="PNG")
    content = path.read_bytes()
    claim = b"IHDR" + struct.pack(">2I", 12_000, 12_000) + content[24:29]
    path.write_bytes(content[:12] + claim + zlib.crc32(claim).to_bytes(4, "big") + content[33:])


SPARSE_TIFF = {"SPARSE_OK": True, "BIGTIFF": "YES", "compress": "deflate", "tiled": True}
CLAIMS: dict[str, Callable[[Path], Any]] = {
    "npy": lambda path: path.write_bytes(numpy_header(HUGE) + bytes(99)),
    "npz": lambda path: zipped(path, numpy_header(HUGE) + bytes(99)),
    "npz header": lambda path: zipped(path, b"\x93NUMPY\2\0\0\0\0\x10" + b" " * (1 << 28)),
    "MATLAB 5": lambda path: huge_matlab_5(path, compressed=False),
    "MATLAB 5, compressed": lambda path: huge_matlab_5(path, compressed=True),
    "MATLAB 4": lambda path: path.write_bytes(
        struct.pack("<5i", 0, 10**6, 10**6, 0, 5) + b"data\0" + bytes(99)
    ),
    "HDF5": lambda path: huge_hdf5(path, "data", HUGE),
    "HDF5, in chunks": lambda path: huge_hdf5(path, "data", HUGE, chunks=(100, 100, 10)),
    "HDF5, one chunk": lambda path: huge_hdf5(
        path, "data", (6, 5, 4), chunks=(1 << 10,) * 3, maxshape=(None,) * 3
    ),
    "HDF5, list": lambda path: huge_hdf5(path, "wavelength", (10**12,), chunks=(100,)),
    "ENVI": huge_envi,
    "PNG": huge_picture,
}


def refused_claim(path: Path, reading: ReadSettings, memory: int = 64 << 20) -> None:
    """Have a scene refused, whole and on disk, without much memory for it."""
    for on_disk in (False, True):
        tracemalloc.start()
        try:
            with pytest.raises(SceneError, match="declares|needs|is damaged"):
                read_scene(path, name="x", reading=reading, on_disk=on_disk)
            assert tracemalloc.get_traced_memory()[1] < memory
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("kind", CLAIMS)
def test_a_claim_of_far_too_much_is_refused_before_memory_is_taken(folder: Path, kind: str) -> None:
    path = folder / "huge.hdr"
    CLAIMS[kind](path)
    if kind == "PNG":
        refused_claim(folder / "cube.npy", ReadSettings(map=str(path)))
    else:
        refused_claim(path, ReadSettings())


def test_a_geotiff_that_claims_far_too_much_is_refused(folder: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    path = folder / "huge.tif"
    layout = {"driver": "GTiff", "height": 300_000, "width": 300_000, "count": 4}
    transform = rasterio.Affine(*PLACE.transform)
    with rasterio.open(path, "w", dtype="float64", transform=transform, **layout, **SPARSE_TIFF):
        pass
    refused_claim(path, ReadSettings())


@pytest.mark.parametrize(
    ("rows", "starts"),
    [
        ([10**9], [0, 0, 0, 0, 0, 1]),
        ([-1], [0, 0, 0, 0, 0, 1]),
        ([0], [0, 0, 0, -65535, 0, 0]),
        ([0], [0, 0, 65535, 0, 0, 0]),
    ],
)
def test_places_outside_of_a_sparse_matrix_are_refused(
    tmp_path: Path, rows: list[int], starts: list[int]
) -> None:
    """SciPy would write there, whatever that memory is."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("data", data=CUBE.T).attrs["MATLAB_class"] = np.bytes_("uint16")
        group = file.create_group("map")
        group.attrs["MATLAB_sparse"] = 6
        group["data"], group["ir"], group["jc"] = [1.0], rows, starts
    with pytest.raises(SceneError, match="is damaged or no MATLAB file"):
        read_scene(tmp_path / "x.h5", name="x")


def test_a_part_of_no_length_among_the_attributes_is_refused(tmp_path: Path) -> None:
    """HDF5 would look at it for ever."""
    path = tmp_path / "x.nc"
    write_netcdf(path)
    content = bytearray(path.read_bytes())
    first = content.index(b"GCOL") + 16
    content[first : first + 16] = bytes(16)
    path.write_bytes(content)
    with pytest.raises(SceneError, match=r"x\.nc' is damaged: a part of no length at byte"):
        read_scene(path, name="x")


def test_values_that_do_not_fit_into_the_memory_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.npy"
    np.save(path, CUBE)
    variable = read_contents(path).variables["x"]
    monkeypatch.setattr("data.formats.guards.available_memory", lambda: 2 * CUBE.nbytes - 1)
    with pytest.raises(SceneError, match=r"x\.npy' holds 0\.0 GiB of values"):
        variable.read()
    monkeypatch.setattr("data.formats.guards.available_memory", lambda: None)
    check_room(1 << 62, path)
    np.testing.assert_array_equal(variable.read(), CUBE)


@pytest.mark.parametrize("kind", ["npy", "npz"])
def test_objects_are_not_unpickled(tmp_path: Path, kind: str) -> None:
    trace, path = tmp_path / "trace", tmp_path / f"x.{kind}"
    cube = np.full((3, 3, 3), Malicious(trace), object)
    saved(path, lambda file: np.save(file, cube) if kind == "npy" else np.savez(file, data=cube))
    with pytest.raises(SceneError, match=rf"x\.{kind}' (is damaged|has no cube)"):
        read_scene(path, name="x")
    with pytest.raises(SceneError):
        read_scene(path, name="x", reading=ReadSettings(data_key="x" if kind == "npy" else "data"))
    assert not trace.exists()


@pytest.mark.parametrize("ending", [".mat", ".npy", ".npz", ".hdr", ".h5", ".tif", ""])
def test_a_pickle_is_no_scene_whatever_its_name(tmp_path: Path, ending: str) -> None:
    trace, path = tmp_path / "trace", tmp_path / f"x{ending}"
    path.write_bytes(pickle.dumps({"data": Malicious(trace)}))
    with pytest.raises(SceneError):
        read_scene(path, name="x")
    assert not trace.exists()


def test_names_of_arrays_do_not_reach_the_terminal_as_they_are(tmp_path: Path) -> None:
    array: NDArray[Any] = np.zeros((2, 2))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["\x1b[2J\n"] = array
    with pytest.raises(SceneError) as error:
        read_scene(tmp_path / "x.h5", name="x")
    assert str(error.value).isprintable() and "�[2J� 2×2" in str(error.value)
