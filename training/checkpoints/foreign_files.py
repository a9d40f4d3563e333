"""Recognise files of other programs that are given as weights, by what only weights are."""

import re
from collections.abc import Sequence

from utils.foreign_files import foreign_bytes

HEAD = 4096  # bytes that are enough to recognise a file

BEGINNINGS = {
    b"\x89HDF": "an HDF5 file, as Keras and MATLAB 7.3 write",
    b"MATLAB 5.0": "a MATLAB file",
    b"\x93NUMPY": "a NumPy array (.npy)",
    b"CDF": "a NetCDF file",
    b"ENVI": "an ENVI header",
    b"II*\0": "a TIFF picture",
    b"MM\0*": "a TIFF picture",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GGUF": "a GGUF file",
}
ZIP = b"PK"  # which files of torch.save are

TAR, TAR_PLACE = b"ustar", 257
TFLITE, TFLITE_PLACE = b"TFL3", 4
# version of the format, then the tag of one of the fields that may follow
ONNX = re.compile(rb"\x08[\x03-\x0f][\x12\x1a\x22\x2a\x32\x3a\x42]")
TEXT = "a text"  # what any other text is


class ForeignFile(ValueError):
    """A file of another kind, which the message names."""


def foreign_kind(head: bytes) -> str:
    """Name the kind of a file by its first bytes; empty where it may be one of `torch.save`."""
    for beginning, kind in BEGINNINGS.items():
        if head.startswith(beginning):
            return kind
    if head[TAR_PLACE:].startswith(TAR):
        return "a TAR archive, as PyTorch wrote until 2017: load it there and save it again"
    if head[TFLITE_PLACE:].startswith(TFLITE):
        return "a TensorFlow Lite file"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 27:
        return "a safetensors file: load it with safetensors.torch.load_file and save it again"
    if ONNX.match(head):
        return "an ONNX file"
    return "" if head.startswith(ZIP) else foreign_bytes(head, TEXT)


def foreign_archive(names: Sequence[str]) -> str:
    """Name the kind of a ZIP archive by its parts; empty where it may be one of `torch.save`."""
    if any(name.endswith("constants.pkl") for name in names):
        return "a TorchScript archive: load it with torch.jit.load and save its state_dict()"
    if names and all(name.endswith(".npy") for name in names):
        return "a NumPy archive (.npz)"
    return ""
