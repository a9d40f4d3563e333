"""Recognise files that are not the data themselves: pointers, web pages, archives, documents."""

from pathlib import Path

FIRST_BYTES = 1024  # enough for all kinds below
SHORTEST = 6  # letters of a text
CONVERT = "not supported: `gdal_translate -of GTiff` converts it"
UNPACK = "unpack it, and give the file in it"
AGAIN = "download the file itself"
LFS = "a pointer of Git LFS, not the data: git lfs pull gets it"
POINTERS = {  # first words of texts that stand for a file elsewhere
    "version https://git-lfs.github.com": LFS,
    "version https://hawser.github.com": LFS,
    "/annex/objects": "a pointer of git-annex, not the data: git annex get gets it",
    "outs:": "a pointer of DVC, not the data: dvc pull gets it",
    "[internetshortcut]": f"a shortcut to a web page, not the data: {AGAIN}",
}
STARTS: dict[bytes, str] = {
    b"\x1f\x8b": f"compressed with gzip: {UNPACK}",
    b"BZh": f"compressed with bzip2: {UNPACK}",
    b"\xfd7zXZ\0": f"compressed with xz: {UNPACK}",
    b"\x28\xb5\x2f\xfd": f"compressed with Zstandard: {UNPACK}",
    b"\x04\x22\x4d\x18": f"compressed with LZ4: {UNPACK}",
    b"LZIP": f"compressed with lzip: {UNPACK}",
    b"7z\xbc\xaf\x27\x1c": f"a 7-Zip archive: {UNPACK}",
    b"Rar!\x1a\x07": f"a RAR archive: {UNPACK}",
    b"PK\x03\x04": f"a ZIP archive: {UNPACK}",
    b"PK\x05\x06": "an empty ZIP archive",
    b"%PDF-": "a PDF document, not data",
    b"{\\rtf": "an RTF document, not data",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an Office document, not data: export its numbers",
    b"\0\x05\x16\x07": "a file of attributes by macOS: the data are in the file without '._'",
    b"\0\x05\x16\0": "a file of attributes by macOS: the data are in the file without '._'",
    b"bplist00": "a property list of macOS, as iCloud leaves it in place of a file: download it",
    b"L\0\0\0\x01\x14\x02\0": "a shortcut of Windows, not the data: give the file it leads to",
    b"SQLite format 3\0": "an SQLite database, which is not supported",
    b"PAR1": "a Parquet table, not an array: save a cube as .npy",
    b"ARROW1": "an Arrow table, not an array: save a cube as .npy",
    b"RDX": "a file of R, which is not supported: save a cube as .npy or HDF5",
    b"\x0e\x03\x13\x01": f"an HDF4 file, {CONVERT}",
    b"EHFA_HEADER_TAG": f"an ERDAS Imagine file, {CONVERT}",
    b"\0\0\0\x0cjP  ": f"a JPEG 2000 picture, {CONVERT}",
    b"\xff\x4f\xff\x51": f"a JPEG 2000 picture, {CONVERT}",
    b"SIMPLE  =": f"a FITS file, {CONVERT}",
    b"NITF": f"a NITF file, {CONVERT}",
    b"NSIF": f"a NITF file, {CONVERT}",
    b"GRIB": f"a GRIB file, {CONVERT}",
    b"\x7fELF": "a program, not data",
    b"MZ\x90": "a program, not data",
}
PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04\x95", b"\x80\x05\x95")
PICKLE = "a pickle of Python, which could run code and is not read: save the array as .npy"
PAGES = ("<!doctype html", "<html", "<head", "<body", "<script")
PARTIAL = (".part", ".crdownload", ".download", ".partial", ".opdownload", ".aria2", ".filepart")
PACKED = (".gz", ".zip", ".7z", ".rar", ".xz", ".bz2", ".zst", ".tar", ".tgz")


def foreign_kind(path: Path, *, text_is: str = "of no supported format but a text") -> str:
    """Describe a file that cannot be the data, and what to do; empty for any other.

    `text_is` describes any other text; where it is empty, texts may be data, and so may zeros.
    """
    with path.open("rb") as file:
        start = file.read(FIRST_BYTES)
    if start.startswith(PICKLES):
        return PICKLE
    return foreign_bytes(start, text_is) or (empty_kind(start) if text_is else "")


def foreign_bytes(start: bytes, text_is: str) -> str:
    """Describe a file by its first bytes, as `foreign_kind`; pickles and zeros may be data."""
    if start[257:262] == b"ustar":
        return f"a tar archive: {UNPACK}"
    kind = next((kind for begin, kind in STARTS.items() if start.startswith(begin)), "")
    return kind or text_kind(decoded(start), text_is)


def decoded(start: bytes) -> str:
    """Decode the first bytes of a file as text, with marks for bytes that are none."""
    encoding = "utf-16" if start.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    # a letter may be cut off at the end
    return start.decode(encoding, "replace").removesuffix("\N{REPLACEMENT CHARACTER}")


def is_readable(text: str) -> bool:
    """Return True for letters, digits, signs and white space alone."""
    marks = text.count("\N{REPLACEMENT CHARACTER}")
    return not marks and all(letter.isprintable() or letter.isspace() for letter in text)


def text_kind(text: str, text_is: str) -> str:
    """Describe a text in the place of data; empty for any other, and for bytes that are no text."""
    words = text.strip().lower()
    for begin, kind in POINTERS.items():
        if words.startswith(begin):
            return kind
    if words.startswith(PAGES) or (words.startswith("<") and "<html" in words):
        return f"a web page, not data: {AGAIN}"
    if words.startswith("<"):
        error = ", the error message of a server" if "<error" in words else ""
        return f"an XML text{error}, not data: {AGAIN}"
    if words.startswith(('{"', "{\n", "{\r", "{ ", "[{")):
        error = ", the error message of a server" if "error" in words else ""
        return f"a JSON text{error}, not data: {AGAIN}"
    if text_is and len(words) >= SHORTEST and is_readable(text):
        return f"{text_is}: {AGAIN}"
    return ""


def empty_kind(start: bytes) -> str:
    """Describe a file that begins with zeros alone, as one does that was not written to its end."""
    if start.strip(b"\0") or len(start) < FIRST_BYTES:
        return ""
    return "a file of zeros at least at its beginning: copy or download it again"


def reason_of_absence(path: Path) -> str:
    """Describe what lies in the place of a file that is not there; empty for nothing."""
    if path.is_symlink() and not path.exists():
        return f"'{path}' is a link to '{path.readlink()}', which does not exist"
    if path.exists() and not (path.is_file() or path.is_dir()):
        return f"'{path}' is no regular file but a device, a pipe or a socket"
    if (path.parent / f".{path.name}.icloud").exists():
        return f"'{path}' is in iCloud only: download it there first"
    for kinds, reason in (
        (PARTIAL, "was not downloaded to its end"),
        (PACKED, "has to be unpacked first"),
        ((".dvc",), "is a pointer of DVC: dvc pull gets the data"),
    ):
        for ending in kinds:
            other = path.with_name(path.name + ending)
            if other.is_file():
                return f"'{other}' {reason}"
    return ""
