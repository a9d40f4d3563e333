"""Scenes that are folders: one file per band, or a product with several files."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from data.errors import SceneError
from data.formats.contents import Contents, Variable
from data.formats.geotiff.dlr import IMAGE
from data.formats.guards import guarded_variable
from data.formats.registry import ENDINGS, OWN_ENDINGS, TRUTH_FORMATS, endings_of, read_contents
from data.reading.band_names import FEWEST, Bands, find_bands
from data.reading.band_stack import by_wavelength, plane, stack
from data.reading.usual_names import is_truth_name, is_truth_of
from data.reading.variables import numeric
from utils.text import first_few

PICTURES = endings_of(TRUTH_FORMATS)
HEADER = ".hdr"
COMPLETE = tuple(ending for ending in OWN_ENDINGS if ending != HEADER)
MOST_NAMED = 3  # files in a note
HINT = (
    "a folder is a scene where its files hold one band each and their names differ in the band's "
    "number only (scene_B01.tif, scene_B02.tif)"
)


def scene_contents(path: Path) -> Contents:
    """List the variables of a file, or the cube of a folder."""
    if not path.is_dir():
        return read_contents(path)
    image = product_image(path)
    if image is not None:
        return with_note(read_contents(image), f"the image is '{image.name}'")
    sets = band_sets(path)
    if len(sets) > 1:
        listed = ", ".join(f"'{bands.pattern}' ({len(bands.names)} files)" for bands in sets)
        raise SceneError(
            f"'{path}' has several sets of bands: {listed}; put each into a folder of its own"
        )
    return stacked(path, sets[0] if sets else None)


def is_scene(folder: Path) -> bool:
    """Return True for a folder that holds one band per file, or a known product.

    Where it holds as many cubes as bands, it is a folder of scenes.
    """
    if product_image(folder) is not None:
        return True
    sets = band_sets(folder)
    if not sets:
        return declared_bands(folder) is not None
    bands = {name for found in sets for name in found.names}
    others = [path for path in image_files(folder) if path.name not in bands]
    return sum(map(holds_cube, others)) < len(bands)


def holds_cube(path: Path) -> bool:
    """Return True for a file that can be read and holds a cube."""
    try:
        return path.suffix.lower() not in PICTURES and bool(cubes(read_contents(path)))
    except SceneError:
        return False


def cubes(contents: Contents) -> list[Variable]:
    """List the arrays of three axes with more than one band; bands are last if nothing says so."""
    found = [one for one in numeric(contents).values() if len(one.shape) == 3]
    return [
        one for one in found if dict(zip(one.axes or "hwb", one.shape, strict=True)).get("b", 1) > 1
    ]


def product_image(folder: Path) -> Path | None:
    """Find the image of EnMAP's or DESIS' product; None where there is none, or several."""
    found = [path for path in image_files(folder) if IMAGE.search(path.stem)]
    return found[0] if len(found) == 1 else None


def image_files(folder: Path) -> list[Path]:
    """List the files that may be bands; of a header and what it describes, the header.

    Headers of files that describe themselves, as GeoTIFF, are left out.
    """
    paths = [
        path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in (*ENDINGS, *PICTURES)
        and not path.name.startswith(".")
        and path.is_file()
    ]
    complete = {path.stem for path in paths if path.suffix.lower() in COMPLETE}
    headers = {path for path in paths if path.suffix.lower() == HEADER}
    used = {path.stem for path in headers if path.stem not in complete}
    described = {path for path in paths if {path.stem, path.name} & used} - headers
    sidecars = {path for path in headers if path.stem in complete}
    return [path for path in paths if path not in described | sidecars]


def band_sets(folder: Path) -> list[Bands]:
    """Find the sets of files that hold one band each, by their names.

    Pictures count only where no other files do.
    """
    images = image_files(folder)
    stems = {path.stem for path in images}
    files = [
        path
        for path in images
        if not is_truth_name(path.stem.rstrip("0123456789"))
        and not any(is_truth_of(path.stem, stem) for stem in stems)
    ]
    for pictures in (False, True):
        names = [path.name for path in files if (path.suffix.lower() in PICTURES) == pictures]
        found = [bands for bands in find_bands(names) if holds_band(folder / bands.names[0])]
        if found:
            return found
    return []


def holds_band(path: Path) -> bool:
    """Return True for a file that can be read and holds one band."""
    try:
        return band_in(path) is not None
    except SceneError:
        return False


def band_in(path: Path) -> Variable | None:
    """Find the one band (H, W) in a file; None where there is none, or more."""
    variables = numeric(read_contents(path)).values()
    planes = [found for found in map(plane, variables) if found is not None]
    others = [variable for variable in variables if len(variable.shape) > 2 and not plane(variable)]
    return planes[0] if len(planes) == 1 and not others else None


def declared_bands(folder: Path) -> Bands | None:
    """Sort the files by the wavelengths that they declare; None where one declares none."""
    files = [path for path in image_files(folder) if path.suffix.lower() not in PICTURES]
    if len(files) < FEWEST or not all(map(holds_band, files)):
        return None
    return by_wavelength({path.name: band for path, band in bands_in(files)})


def bands_in(files: list[Path]) -> Iterator[tuple[Path, Variable]]:
    """Yield files and their bands; raise SceneError for one that holds more or less."""
    for path in files:
        band = band_in(path)
        if band is None:
            raise SceneError(
                f"'{path}' does not hold one band, as the other files of its folder do"
            )
        yield path, band


def stacked(folder: Path, bands: Bands | None) -> Contents:
    """Stack the bands of a folder, in the order of their names or else of their wavelengths."""
    bands = bands or declared_bands(folder)
    if bands is None:
        raise SceneError(f"'{folder}' is a folder, not a scene; {HINT}")
    members = [folder / name for name in bands.names]
    planes = {path.name: band for path, band in bands_in(members)}
    first = read_contents(members[0])
    cube = guarded_variable(stack(bands, planes, f"'{folder}'"), folder, first.format)
    contents = Contents(
        {bands.pattern: cube},
        format=first.format,
        variant=f"folder of {len(members)} files ({first.format})",
    )
    unused = [f"'{path.name}'" for path in image_files(folder) if path not in members]
    note = f"not used: {first_few(unused, most=MOST_NAMED)}" if unused else ""
    return with_note(contents, note)


def with_note(contents: Contents, note: str) -> Contents:
    """Add a note to all variables."""
    variables = {name: variable.noted(note) for name, variable in contents.variables.items()}
    return replace(contents, variables=variables)


def one_band_note(path: Path) -> str:
    """Note that one band is odd for a hyperspectral scene, and where the others may be."""
    text = "one band only, which is odd for a hyperspectral scene: no spectra can be compared"
    folder = path.parent
    try:
        others = not path.is_dir() and any(path.name in bands.names for bands in band_sets(folder))
    except OSError:
        others = False
    folder = folder if folder.name else folder.resolve()
    return f"{text}; --dataset '{folder}' stacks the files of its folder" if others else text
