"""Which format a file has: told by how it begins, whatever its name ends in."""

import struct
from collections.abc import Callable
from pathlib import Path

import h5py

from data.errors import SceneError
from data.formats import numpy_file, picture
from data.formats.contents import Contents
from data.formats.envi import image as envi
from data.formats.geotiff import image as geotiff
from data.formats.guards import bounded
from data.formats.hdf5 import netcdf
from data.formats.matlab import file as matfile

# how the files of a format begin
NUMPY, ZIP, HDF5 = b"\x93NUMPY", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
BITMAP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # bytes
NETCDF_3 = (b"CDF\x01", b"CDF\x02", b"CDF\x05")
MATLAB_73, MATLAB_5 = b"MATLAB 7.3", (b"\0\x01IM", b"\x01\0MI")  # the latter end the first 128

OWN_ENDINGS = (
    *(".mat", ".npy", ".npz", ".hdr", ".tif", ".tiff"),
    *(".nc", ".nc4", ".h5", ".hdf5", ".he5"),
)
ENDINGS = (*OWN_ENDINGS, *filter(None, envi.DATA_ENDINGS))
PICTURE_ENDINGS = (".png", ".bmp")
READ_HERE = "MATLAB, NumPy, ENVI, GeoTIFF and NetCDF/HDF5 files, and maps as PNG or BMP,"


def read_contents(path: Path) -> Contents:
    """List what a file holds; raise SceneError where it has no format that is read here.

    A header of ENVI that lies beside a file of another format, as programs put it there, leaves
    that file what it is, whichever of the two is named.
    """
    start = beginning(path)
    reader = reader_for(path, start)
    if reader is not None:
        return bounded(reader(path), path)
    if not start:
        raise SceneError(f"'{path}' is empty")
    if start.startswith(NETCDF_3):
        raise SceneError(f"'{path}' is a NetCDF 3 file: convert it with nccopy -k nc4")
    header = path if start.startswith(b"ENVI") else envi.header_of(path)
    if header is None and start.startswith(JPEG):
        raise SceneError(f"'{path}' is a JPEG, whose values are not those of a map: save it as PNG")
    if header is None:
        raise SceneError(
            f"'{path}' has no format that is known here, and no ENVI header (.hdr) beside it; "
            f"{READ_HERE} are read"
        )
    data = envi.data_of(header) if header == path else path
    other = None if data is None else reader_for(data, beginning(data))
    contents = other(data) if data and other else envi.read_contents(header, data)
    return bounded(contents, data or header)


def beginning(path: Path) -> bytes:
    """The first bytes of a file."""
    with path.open("rb") as file:
        return file.read(128)


def reader_for(path: Path, start: bytes) -> Callable[[Path], Contents] | None:
    """What reads a file whose beginning tells its format; None where it does not."""
    if start.startswith((NUMPY, ZIP)):
        return numpy_file.read_contents
    if start.startswith(PNG) or is_bitmap(start):
        return picture.read_contents
    if start.startswith(TIFF):
        return geotiff.read_contents
    if start.startswith(MATLAB_73):
        return matfile.read_contents_73
    if start.startswith(HDF5) or h5py.is_hdf5(path):
        return matfile.read_contents_73 if is_matlab_73(path) else netcdf.read_contents
    if start.startswith(b"MATLAB") or start[124:] in MATLAB_5 or is_matlab_4(start):
        return matfile.read_contents
    return matfile.read_contents if path.suffix.lower() == ".mat" else None


def is_bitmap(start: bytes) -> bool:
    """Whether a file is a BMP: its two letters alone could be pixels of plain numbers."""
    return start.startswith(b"BM") and int.from_bytes(start[14:18], "little") in BITMAP_HEADERS


def is_matlab_4(start: bytes) -> bool:
    """Whether a file begins with a matrix of MATLAB 4: its type, rows, columns, and its name."""
    if len(start) < 22:
        return False
    for order, machine in (("<", 0), (">", 1)):
        kind, rows, columns, imaginary, length = struct.unpack(f"{order}5i", start[:20])
        name = start[20 : 20 + length - 1] if 1 < length < 64 else b""
        if (
            (kind // 1000, kind // 100 % 10) == (machine, 0)
            and min(rows, columns) > 0
            and imaginary in (0, 1)
            and name.replace(b"_", b"").isalnum()
        ):
            return True
    return False


def is_matlab_73(path: Path) -> bool:
    """Whether arrays of an HDF5 file bear the marks of MATLAB, which stores columns first."""
    try:
        with h5py.File(path, "r") as file:
            return any("MATLAB_class" in item.attrs for item in file.values())
    except Exception:  # damaged, which the reader will say
        return False


def without_ending(name: str) -> str:
    """A file's name without the endings of formats: `scene.img.hdr` is `scene`."""
    path = Path(name)
    while path.suffix.lower() in (*ENDINGS, *PICTURE_ENDINGS):
        path = path.with_suffix("")
    return path.name


def has_ending(path: Path) -> bool:
    """Whether a file's name ends as those of scenes do."""
    return path.suffix.lower() in ENDINGS
