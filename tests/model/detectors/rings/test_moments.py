"""Moments of rings, against NumPy's of every ring."""

import numpy as np
import pytest
import torch

import model.detectors.rings.moments
from detection.memory_estimate import LiveTensors
from model.detectors.rings.mirrored import mirrored_rings
from model.detectors.rings.moments import ring_moments, tile_sides
from model.detectors.rings.moved import moved_rings
from model.detectors.rings.rings import BATCH_VALUES
from tests.model.detectors.reference import with_no_data


@pytest.mark.parametrize("batch_values", [1, 500, 2**21])
@pytest.mark.parametrize("window", [{"inner": 1, "outer": 3}, {"inner": 3, "outer": 9}])
@pytest.mark.parametrize("rings_of", [moved_rings, mirrored_rings])
def test_moments_are_those_of_every_ring(
    monkeypatch: pytest.MonkeyPatch,
    rings_of: type,
    window: dict[str, int],
    batch_values: int,
) -> None:
    monkeypatch.setattr(model.detectors.rings.moments, "BATCH_VALUES", batch_values)
    generator = np.random.default_rng(0)
    cube, _ = with_no_data(generator.normal(size=(11, 9, 3)) + [0, 100, -1e4])
    rings, shares = rings_of(torch.from_numpy(cube), **window), list[float]()
    whole = {int(n): rings.spectra[p[i]] for ns, p, i in rings.batches(BATCH_VALUES) for n in ns}
    seen = []
    for chosen, moments in ring_moments(rings, **window, progress=shares.append):
        for place, number in enumerate(chosen.tolist()):
            ring = whole[number].numpy()
            mean = ring.sum(axis=0) / max(len(ring), 1)  # the corner has a ring without pixels
            centred = ring - mean
            assert moments.count[place] == len(ring)
            np.testing.assert_allclose(moments.mean[place], mean, rtol=1e-12)
            scatter = moments.scatter[place]
            np.testing.assert_allclose(scatter, centred.T @ centred, rtol=1e-9, atol=1e-9)
        about_zero = moments.about_zero()
        for place, number in enumerate(chosen.tolist()):
            ring = whole[number].numpy()
            np.testing.assert_allclose(about_zero[place], ring.T @ ring, rtol=1e-9, atol=1e-7)
        seen += chosen.tolist()
    assert sorted(seen) == list(range(11 * 9))
    assert shares == sorted(shares) and shares[-1] == 1


@pytest.mark.parametrize("bands", [2, 40])
def test_a_batch_takes_a_few_times_its_values(monkeypatch: pytest.MonkeyPatch, bands: int) -> None:
    """Whatever the number of bands: for few of them the rings' places are larger than moments."""
    values = 2**17
    monkeypatch.setattr(model.detectors.rings.moments, "BATCH_VALUES", values)
    rings = mirrored_rings(torch.rand(60, 50, bands), inner=7, outer=21)
    with LiveTensors() as live:
        for _ in ring_moments(rings, inner=7, outer=21):
            pass
    assert live.peak < 5 * 8 * values


def test_a_ring_without_pixels_has_no_moments() -> None:
    cube = torch.full((5, 6, 2), torch.nan)
    cube[0, 0] = 3
    rings = moved_rings(cube, inner=1, outer=3)
    (chosen, moments), *_ = ring_moments(rings, inner=1, outer=3)
    alone = int((chosen == 0).nonzero())
    assert moments.count[alone] == 0
    assert not moments.mean[alone].any() and not moments.scatter[alone].any()


@pytest.mark.parametrize(
    ("outer", "inner", "most", "sides"),
    [
        (21, 7, 100, (4, 8)),
        (21, 7, 16, (4, 4)),
        (15, 7, 100, (4, 4)),
        (9, 7, 100, (1, 2)),
        (99, 1, 10, (2, 4)),
    ],
)
def test_boxes_are_as_large_as_their_rings_allow(
    outer: int, inner: int, most: int, sides: tuple[int, int]
) -> None:
    assert tile_sides(outer=outer, inner=inner, most=most) == sides
