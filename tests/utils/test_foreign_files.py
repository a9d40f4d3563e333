"""Files that are not the data themselves are named as what they are."""

import gzip
import io
import os
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest

from utils.foreign_files import foreign_kind, reason_of_absence

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'ab' * 32}\nsize 76\n"
PAGE = "\n\n<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>"


def tar() -> bytes:
    """Return a tar archive of one file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("scene.mat"))
    return packed.getvalue()


FOREIGN: dict[str, tuple[bytes, str]] = {
    "Git LFS": (POINTER.encode(), "a pointer of Git LFS, not the data: git lfs pull"),
    "Git LFS of Windows": (POINTER.replace("\n", "\r\n").encode(), "a pointer of Git LFS"),
    "git-annex": (b"/annex/objects/SHA256E-s76--ab.mat\n", "a pointer of git-annex"),
    "page": (PAGE.encode(), "a web page, not data: download the file itself"),
    "page with BOM": (b"\xef\xbb\xbf" + PAGE.encode(), "a web page"),
    "page in UTF-16": (PAGE.encode("utf-16"), "a web page"),
    "page in Latin-1": (PAGE.replace("Sign in", "Entrée").encode("latin-1"), "a web page"),
    "page of XHTML": (b'<?xml version="1.0"?><html xmlns="x">', "a web page"),
    "error of a bucket": (
        b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
        "an XML text, the error message of a server",
    ),
    "XML": (b"<?xml version='1.0'?><metadata/>", "an XML text, not data"),
    "JSON": (b'{"error": "not found"}', "a JSON text, the error message of a server"),
    "JSON of another kind": (b'{\n  "type": "FeatureCollection"}', "a JSON text, not data"),
    "text": (b"wavelength,1,2\n400,0.1,0.2\n", "of no supported format but a text"),
    "text with accents": ("réflectance\n".encode() * 99, "of no supported format but a text"),
    "gzip": (gzip.compress(b"values"), "compressed with gzip: unpack it"),
    "7-Zip": (b"7z\xbc\xaf\x27\x1c" + bytes(9), "a 7-Zip archive: unpack it"),
    "RAR": (b"Rar!\x1a\x07\x01\0", "a RAR archive: unpack it"),
    "tar": (tar(), "a tar archive: unpack it"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document, not data"),
    "Office": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "an Office document, not data"),
    "macOS": (b"\0\x05\x16\x07\0\2\0\0Mac OS X" + bytes(99), "a file of attributes by macOS"),
    "iCloud": (b"bplist00\xd3\1\2\3", "a property list of macOS, as iCloud"),
    "zeros": (bytes(5000), "a file of zeros at least at its beginning"),
    "HDF4": (b"\x0e\x03\x13\x01" + bytes(99), "an HDF4 file, not supported: `gdal_translate"),
    "ERDAS": (b"EHFA_HEADER_TAG\0" + bytes(99), "an ERDAS Imagine file, not supported"),
    **{
        f"pickle {protocol}": (
            pickle.dumps(np.arange(3), protocol),
            "a pickle of Python, which could run code and is not read",
        )
        for protocol in (2, 3, 4, 5)
    },
}


@pytest.mark.parametrize(("content", "kind"), FOREIGN.values(), ids=FOREIGN)
def test_foreign_files_are_named(tmp_path: Path, content: bytes, kind: str) -> None:
    (tmp_path / "x.mat").write_bytes(content)
    assert foreign_kind(tmp_path / "x.mat").startswith(kind)


@pytest.mark.parametrize("seed", range(20))
def test_numbers_are_not_foreign(tmp_path: Path, seed: int) -> None:
    values = np.random.default_rng(seed)
    for array in (values.normal(size=300), values.integers(0, 4000, 300).astype(np.uint16)):
        (tmp_path / "x").write_bytes(array.tobytes())
        assert foreign_kind(tmp_path / "x") == ""


def test_the_reason_of_an_absence_is_found(tmp_path: Path) -> None:
    scene = tmp_path / "scene.mat"
    assert reason_of_absence(scene) == ""
    packed = tmp_path / "scene.mat.gz"
    packed.touch()
    assert reason_of_absence(scene) == f"'{packed}' has to be unpacked first"
    (tmp_path / "scene.mat.part").touch()
    assert "scene.mat.part' was not downloaded to its end" in reason_of_absence(scene)
    (tmp_path / ".scene.mat.icloud").touch()
    assert reason_of_absence(scene).endswith("is in iCloud only: download it there first")
    scene.symlink_to(tmp_path / "moved.mat")
    assert "is a link to '" in reason_of_absence(scene) and "moved.mat'" in reason_of_absence(scene)
    os.mkfifo(tmp_path / "pipe.mat")
    assert "is no regular file" in reason_of_absence(tmp_path / "pipe.mat")
