"""Recognise files that are given as weights and are none of `torch.save`."""

import re
from collections.abc import Sequence

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
    b"%PDF": "a PDF document",
    b"\0\5\x16\7": "a file of macOS about another one, whose name lacks the '._'",
    b"GGUF": "a GGUF file",
    b"\x1f\x8b": "compressed by gzip: extract it first",
    b"BZh": "compressed by bzip2: extract it first",
    b"\xfd7zXZ": "compressed by xz: extract it first",
    b"\x28\xb5\x2f\xfd": "compressed by zstd: extract it first",
    b"7z\xbc\xaf": "a 7z archive: extract it first",
    b"Rar!": "a RAR archive: extract it first",
    b"version https://git-lfs": "a pointer of Git LFS in place of the file: run git lfs pull",
}
TAR, TAR_PLACE = b"ustar", 257
TFLITE, TFLITE_PLACE = b"TFL3", 4
# version of the format, then the tag of one of the fields that may follow
ONNX = re.compile(rb"\x08[\x03-\x0f][\x12\x1a\x22\x2a\x32\x3a\x42]")
TEXT = 16  # bytes from which on a file without control characters is called a text


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
    return foreign_text(head)


def foreign_text(head: bytes) -> str:
    """Name the kind of a text; empty for other files."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page or XML, perhaps in place of a download that failed"
    if len(head) >= TEXT and all(byte >= 32 or byte in b"\t\r\n\f" for byte in head):
        return "a text file"
    return ""


def foreign_archive(names: Sequence[str]) -> str:
    """Name the kind of a ZIP archive by its parts; empty where it may be one of `torch.save`."""
    if any(name.endswith("constants.pkl") for name in names):
        return "a TorchScript archive: load it with torch.jit.load and save its state_dict()"
    if names and all(name.endswith(".npy") for name in names):
        return "a NumPy archive (.npz)"
    return ""
