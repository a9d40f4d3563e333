"""Measure the receptive fields of blind-spot networks, and what they are blind to."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from experiments.blindspot_figure import ReceptiveField, View, format_power, leak_notes
from model.build import build_network, check_image_size
from model.methods import METHODS
from model.networks.blind_spot import BlindSpotNetwork
from model.networks.network import require
from model.progress import reporting
from options.parse import resolve
from utils.errors import as_input_error
from utils.progress_bar import phase
from utils.seeds import seed_everything
from utils.text_table import NONE, text_table

NETWORKS = tuple(
    name for name, method in METHODS.items() if method.blind_spot and not method.variant_of
)
FAMILY = tuple(name for name in NETWORKS if not METHODS[name].arguments)  # not the ablations
SIDE = 41  # pixels of the measured square; odd, and no multiple of a network's strides
BANDS = 2  # the fewest above one: each costs a gradient


def receptive_fields(given: Mapping[str, Any]) -> list[ReceptiveField]:
    """Measure the receptive fields of the given method, or of the family, with the given options.

    Options apply to the methods that have them. Raises InputError for a method that is not a
    blind-spot network, and for options that it cannot be built with.
    """
    names = [given["method"]] if "method" in given else FAMILY
    with phase("differentiating") as show:
        return [field_of(name, given) for name in reporting(names, show)]


def field_of(name: str, given: Mapping[str, Any]) -> ReceptiveField:
    """Measure the receptive field of a method with the given options; raise as above."""
    own = {option: value for option, value in given.items() if METHODS[name].has(option)}
    with as_input_error(f"--method {name}"):
        method, options = resolve({"method": name, **own})
        require(method in NETWORKS, f"not a blind-spot network (available: {', '.join(NETWORKS)})")
        return receptive_field(method=method, options=options)


def receptive_field(*, method: str, options: Mapping[str, Any]) -> ReceptiveField:
    """Measure the receptive field of a network at its initial weights, as it predicts.

    `options` are all of the method. Raises ValueError where the network cannot be built with them,
    and where its reconstruction depends on none of the measured pixels.
    """
    seed = options["seed"]
    seed_everything(seed)
    network = build_network(method, bands=BANDS, options=options)
    network.double().eval().requires_grad_(False)
    factors = None
    if METHODS[method].has("factor"):
        factors = network.factor_train, network.factor_test
        check_image_size(options, *[image_side(max(factors))] * 2)
    with_pd = network.factor_test > 1
    return ReceptiveField(
        title=METHODS[method].title,
        factors=factors,
        without_pd=view_of(network, factor=1, seed=seed),
        predicting=view_of(network, factor=network.factor_test, seed=seed) if with_pd else None,
        leak=describe_leak(method, options),
    )


def image_side(factor: int) -> int:
    """Return the side of the image whose central pixel is measured."""
    # every sub-image of PD is as large as the measured square, so that the pixels beyond its
    # border, which belong to other sub-images, are outside; above 3 that would take too long
    return SIDE * min(factor, 3)


def view_of(network: BlindSpotNetwork, *, factor: int, seed: int) -> View:
    """Differentiate the central pixel of a reconstruction with respect to the input around it.

    The influence of a pixel is the sum of |gradient| over the bands of both. Raises ValueError
    where it is zero everywhere.
    """
    side = image_side(factor)
    random = torch.Generator().manual_seed(seed)
    image = torch.rand(1, BANDS, side, side, generator=random, dtype=torch.float64)
    image.requires_grad_()
    centre, reach = side // 2, SIDE // 2
    outputs = network(image, factor)[0, :, centre, centre]
    gradients = [torch.autograd.grad(value, image, retain_graph=True)[0] for value in outputs]
    seen = torch.cat(gradients).abs().sum(dim=(0, 1))  # (side, side)
    window = slice(centre - reach, centre + reach + 1)
    influence = seen[window, window].numpy()
    largest = float(np.max(influence))
    require(
        0 < largest < math.inf,
        f"the network sees none of the {SIDE}×{SIDE} pixels around a pixel: "
        f"give a smaller window or factor, or more channels; or another seed",
    )
    return View(influence / largest)


def describe_leak(method: str, options: Mapping[str, Any]) -> str:
    """Explain the influence of a pixel on its own reconstruction; empty if there is none."""
    if options.get("refinement"):
        return "random replacing (R3) lets a pixel see itself"
    if "ss" in options.get("mode", ()):
        return "attention sees the whole image; its layer norm averages over all of it"
    return METHODS[method].leak


def fields_table(fields: Sequence[ReceptiveField]) -> str:
    """Format blind spots and self-influences, one line per method, then their explanation."""
    head = ("method", "PD train/predict", "blind", "itself", "blind with PD", "itself with PD")
    legend = (
        "blind: the largest square around a pixel that is exactly without influence; "
        "itself: the pixel's own influence, relative to the largest; with PD: in the centre of a "
        "sub-image"
    )
    return "\n".join([text_table(head, list(map(table_row, fields))), legend, *leak_notes(fields)])


def table_row(field: ReceptiveField) -> tuple[str, ...]:
    """Format a method's line of the table."""
    factors = f"{field.factors[0]} / {field.factors[1]}" if field.factors else "none"
    views = [field.without_pd, field.predicting]
    cells = [text for view in views for text in (describe_view(view) if view else ("", ""))]
    return (field.title, factors, *cells)


def describe_view(view: View) -> tuple[str, str]:
    """Format the blind square and the self-influence of a view."""
    side, influence = view.blind_side, view.self_influence
    return f"{side}×{side}" if side else NONE, format_power(influence) if influence else "0"
