"""EnMAP's and DESIS' products, as they are delivered."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import SceneError
from data.reading.from_file import read_scene
from data.scene import Scene

rasterio = pytest.importorskip("rasterio")

CUBE = np.random.default_rng(0).integers(1, 9000, (6, 5, 4)).astype(np.int16)
CUBE[0, 1] = -32768
CENTRES = [418.4, 423.9, 902.3, 2445.5]
ENMAP = "ENMAP01-____L2A-DT0000001280_20220627T104012Z_002_V010303_20230922T131826Z"
DESIS = "DESIS-HSI-L2A-DT0483531728_001-20200720T090803-V0210"
DETECTORS = """<vnirProductQuality><expectedChannelsList>1,2</expectedChannelsList>
</vnirProductQuality><swirProductQuality><expectedChannelsList>3, 4</expectedChannelsList>
</swirProductQuality>"""


def write_image(path: Path, cube: np.ndarray = CUBE, **options: Any) -> Path:
    """Write an image, by default without no-data value and wavelengths."""
    height, width, count = cube.shape
    layout = {"height": height, "width": width, "count": count, "dtype": cube.dtype}
    transform = rasterio.Affine(30, 0, 5e5, 0, -30, 4e6)
    with rasterio.open(path, "w", driver="GTiff", transform=transform, **layout, **options) as file:
        file.write(cube.transpose(2, 0, 1))
    return path


def enmap_xml(gains: Sequence[float] = (1e-4,) * 4, more: str = "") -> str:
    """Write the metadata of an EnMAP product."""
    bands = "".join(
        f"<bandID number='{index}'><wavelengthCenterOfBand>{centre}</wavelengthCenterOfBand>"
        f"<FWHMOfBand>{centre / 50}</FWHMOfBand><GainOfBand>{gain}</GainOfBand>"
        f"<OffsetOfBand>{0 if gain == 1e-4 else 2}</OffsetOfBand></bandID>"
        for index, (centre, gain) in enumerate(zip(CENTRES, gains, strict=True), 1)
    )
    return (
        f"<?xml version='1.0'?><level_X xmlns='http://dlr.example'><specific>{more}"
        f"<bandCharacterisation>{bands}</bandCharacterisation></specific></level_X>"
    )


def desis_xml() -> str:
    """Write the metadata of a DESIS product."""
    bands = "".join(
        f"<band><bandNumber>{index}</bandNumber><gainOfBand>0.0001</gainOfBand>"
        f"<offsetOfBand>0</offsetOfBand><wavelengthCenterOfBand>{centre}</wavelengthCenterOfBand>"
        f"<wavelengthWidthOfBand>{centre / 50}</wavelengthWidthOfBand></band>"
        for index, centre in enumerate(CENTRES, 1)
    )
    return f"<hsi_doc><bandCharacterisation>{bands}</bandCharacterisation></hsi_doc>"


def check(scene: Scene, centres: Sequence[float] = CENTRES) -> None:
    """Check the lists of a scene."""
    assert scene.metadata.wavelengths is not None and scene.metadata.fwhm is not None
    assert scene.metadata.wavelengths.tolist() == list(centres)
    np.testing.assert_allclose(scene.metadata.fwhm, np.array(centres) / 50)


@pytest.mark.parametrize(
    ("name", "ending", "xml"),
    [(ENMAP, ".TIF", enmap_xml()), (ENMAP, "_COG.tiff", enmap_xml()), (DESIS, ".tif", desis_xml())],
)
def test_metadata_next_to_the_image(tmp_path: Path, name: str, ending: str, xml: str) -> None:
    path = write_image(tmp_path / f"{name}-SPECTRAL_IMAGE{ending}")
    (tmp_path / f"{name}-METADATA.{'xml' if name == DESIS else 'XML'}").write_text(xml)
    scene = read_scene(path, name="x")
    check(scene)
    np.testing.assert_array_equal(scene.cube, CUBE)
    assert scene.metadata.gain == 1e-4 and scene.metadata.fill == -32768
    assert scene.masked is not None and np.argwhere(scene.masked).tolist() == [[0, 1]]
    assert any("METADATA" in note for note in scene.notes)


def test_gains_that_differ_are_applied(tmp_path: Path) -> None:
    path = write_image(tmp_path / f"{ENMAP}-SPECTRAL_IMAGE.TIF")
    xml = enmap_xml((0.5, 0.25, 2, 4), "<backgroundValue>-32768</backgroundValue>")
    (tmp_path / f"{ENMAP}-METADATA.XML").write_text(xml)
    scene = read_scene(path, name="x")
    valid = CUBE[..., 0] != -32768
    expected = CUBE[valid] * np.array([0.5, 0.25, 2, 4], np.float32) + 2
    np.testing.assert_allclose(scene.cube[valid], expected, rtol=1e-6)
    assert scene.masked is not None
    np.testing.assert_array_equal(scene.masked, ~valid)


@pytest.mark.parametrize(("detector", "bands"), [("VNIR", slice(2)), ("SWIR", slice(2, 4))])
def test_images_of_one_detector(tmp_path: Path, detector: str, bands: slice) -> None:
    path = write_image(tmp_path / f"{ENMAP}-SPECTRAL_IMAGE_{detector}.TIF", CUBE[..., bands])
    (tmp_path / f"{ENMAP}-METADATA.XML").write_text(enmap_xml(more=DETECTORS))
    check(read_scene(path, name="x"), CENTRES[bands])


def test_channels_that_are_left_out(tmp_path: Path) -> None:
    path = write_image(tmp_path / f"{ENMAP}-SPECTRAL_IMAGE.TIF", CUBE[..., [0, 2, 3]])
    (tmp_path / f"{ENMAP}-METADATA.XML").write_text(enmap_xml(more=DETECTORS.replace("1,2", "1")))
    check(read_scene(path, name="x"), [CENTRES[0], *CENTRES[2:]])


def test_metadata_that_do_not_fit_are_named(tmp_path: Path) -> None:
    path = write_image(tmp_path / f"{ENMAP}-SPECTRAL_IMAGE.TIF", CUBE[..., :3])
    scene = read_scene(path, name="x")
    assert any("no '-METADATA.XML' next to it" in note for note in scene.notes)
    (tmp_path / f"{ENMAP}-METADATA.XML").write_text(enmap_xml())
    scene = read_scene(path, name="x")
    assert scene.metadata.wavelengths is None
    assert any("does not describe as many bands" in note for note in scene.notes)


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        ("<level_X><specific>", r"METADATA\.XML' is damaged or no XML file"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", r"METADATA\.XML' defines entities"),
    ],
)
def test_damaged_and_hostile_metadata_are_refused(tmp_path: Path, xml: str, message: str) -> None:
    path = write_image(tmp_path / f"{ENMAP}-SPECTRAL_IMAGE.TIF")
    (tmp_path / f"{ENMAP}-METADATA.XML").write_text(xml)
    with pytest.raises(SceneError, match=message):
        read_scene(path, name="x")


def test_the_image_s_own_scale_and_no_data_value_win(tmp_path: Path) -> None:
    path = write_image(tmp_path / f"{ENMAP}-SPECTRAL_IMAGE.TIF", nodata=-32768)
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = (0.5,) * 4, (1.0,) * 4
    (tmp_path / f"{ENMAP}-METADATA.XML").write_text(
        enmap_xml(more="<backgroundValue>7</backgroundValue>")
    )
    metadata = read_scene(path, name="x").metadata
    assert (metadata.gain, metadata.offset, metadata.fill) == (0.5, 1, -32768)
