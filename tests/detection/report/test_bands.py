"""The axis of spectra."""

import numpy as np

from data.metadata import Metadata
from detection.report.bands import band_axis, band_titles


def test_a_scene_without_metadata_has_band_numbers() -> None:
    axis = band_axis(Metadata(), 4)
    assert (axis["title"], axis["positions"], axis["runs"]) == ("Band", [1, 2, 3, 4], [(0, 4)])
    assert band_axis(Metadata(), 1)["runs"] == [(0, 1)]


def test_bad_and_omitted_bands_interrupt_lines() -> None:
    wavelengths = np.array([400.0, 410, 420, 500, 510, 520, 530])
    good = np.array([True, True, True, True, True, False, True])
    numbers = np.array([1, 2, 3, 11, 12, 13, 14])
    axis = band_axis(Metadata(wavelengths=wavelengths, good=good, numbers=numbers), 7)
    assert axis["title"] == "Wavelength (nm)" and axis["positions"] == wavelengths.tolist()
    assert axis["runs"] == [(0, 3), (3, 5), (6, 7)]
    assert band_axis(Metadata(good=np.zeros(7, bool)), 7)["runs"] == [(0, 7)]  # is ignored


def test_every_second_band_is_connected() -> None:
    assert band_axis(Metadata(numbers=np.array([1, 3, 5, 9, 11])), 5)["runs"] == [(0, 3), (3, 5)]


def test_wavelengths_that_turn_back_interrupt_lines() -> None:
    two_detectors = np.array([400.0, 500, 600, 550, 650])
    assert band_axis(Metadata(wavelengths=two_detectors), 5)["runs"] == [(0, 3), (3, 5)]
    assert band_axis(Metadata(wavelengths=two_detectors[2::-1]), 3)["runs"] == [(0, 3)]


def test_wavelengths_far_apart_interrupt_lines() -> None:
    wavelengths = np.array([1300.0, 1310, 1320, 1430, 1440, 1450])  # without those of water vapour
    assert band_axis(Metadata(wavelengths=wavelengths), 6)["runs"] == [(0, 3), (3, 6)]


def test_bands_are_named_by_wavelength_and_number() -> None:
    metadata = Metadata(wavelengths=np.array([645.539978, 1000]), numbers=np.array([3, 70]))
    assert band_titles(metadata, 2) == ["645.54 nm (3)", "1000 nm (70)"]
    assert band_titles(Metadata(), 2) == ["band 1", "band 2"]


def test_an_unknown_wavelength_leaves_band_numbers() -> None:
    metadata = Metadata(wavelengths=np.array([400.0, np.nan]), numbers=np.array([7, 8]))
    axis = band_axis(metadata, 2)
    assert (axis["title"], axis["positions"]) == ("Band", [7, 8])
