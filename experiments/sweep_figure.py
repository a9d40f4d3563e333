"""The curve of a sweep: AUC over the values of an option, for a table with one such option."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from detection.figures.curves import line_styles
from detection.figures.figure_text import figure_text
from detection.figures.style import COLUMN, print_style
from detection.measures import AUC
from experiments.captions import Drawn, file_stem
from experiments.grid import AVERAGE, cell_frame
from experiments.plan import Plan
from experiments.summary import Entry, mean_and_spread, scene_average
from experiments.table import Row

WIDE = 30  # the ratio of the largest to the smallest value from which their axis is logarithmic
MOST_TICKS = 8
AVERAGE_STYLE = {"color": "black", "linestyle": "-", "linewidth": 2.4}


@dataclass(frozen=True)
class Curve:
    """The AUC over the values of an option, mean and standard deviation over the seeds."""

    values: Sequence[float]
    entries: Sequence[Entry]


def figures_of_sweep(plan: Plan) -> Iterator[tuple[Drawn, Figure]]:
    """Draw the AUC over the one swept option, where it is numeric.

    Of one method a figure has a curve per scene, of several a curve per method, and there is a
    figure for each scene and for their average.
    """
    option = swept_option(plan.table.rows)
    scenes = plan.averaged
    if option is None or not scenes:
        return
    curves = {name: curves_on(plan, [name]) for name in scenes}
    if len(scenes) > 1:
        curves[AVERAGE] = curves_on(plan, scenes)
    if len({row.name for row in plan.table.rows}) == 1:
        curves = {plan.table.rows[0].name: by_scene(curves)}
    for name, found in curves.items():
        if found:
            scene = name if name in scenes else None
            figure = sweep_figure(found, option=option)
            yield Drawn(f"{file_stem(name)}_{option}", "sweep", scene, COLUMN), figure


def swept_option(rows: Sequence[Row]) -> str | None:
    """Return the option that makes the rows of a table; None for none, several, or words."""
    options = {option for row in rows for option in row.swept}
    values = [value for row in rows for value in row.swept.values()]
    numeric = all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in values)
    return options.pop() if len(options) == 1 and numeric else None


def curves_on(plan: Plan, scenes: Sequence[str]) -> dict[str, Curve]:
    """Collect the curve of each method, averaged over these scenes; of finished values alone.

    A method without the option has one value, which is not a number.
    """
    cells = cell_frame(plan.table, scenes, plan.records, (), values=[AUC])[AUC]
    points: dict[str, list[tuple[float, Entry]]] = {}
    for row in plan.table.rows:
        of_row = cells[cells.index.isin([row.label], level="method")]
        entry = mean_and_spread(scene_average(of_row, scenes))
        if entry.value is not None:
            value = float(next(iter(row.swept.values()), float("nan")))
            points.setdefault(row.name, []).append((value, entry))
            points[row.name].sort(key=lambda point: point[0])
    return {
        name: Curve([value for value, _ in found], [entry for _, entry in found])
        for name, found in points.items()
    }


def by_scene(curves: Mapping[str, Mapping[str, Curve]]) -> dict[str, Curve]:
    """Label the curves of one method by their scenes."""
    return {scene: curve for scene, found in curves.items() for curve in found.values()}


@print_style
def sweep_figure(curves: Mapping[str, Curve], *, option: str) -> Figure:
    """Draw curves with their labels; a method without the option is a horizontal line."""
    rows = (len(curves) + 1) // 2
    figure = Figure(figsize=(COLUMN, 2.3 + 0.16 * rows), layout="constrained")
    axes = figure.subplots()
    for (label, curve), style in zip(curves.items(), line_styles(), strict=False):
        style |= AVERAGE_STYLE if label == AVERAGE else {}
        draw_curve(axes, curve, label=figure_text(label), style=style)
    values = {value for curve in curves.values() for value in curve.values}
    scale_values(axes, sorted(value for value in values if not math.isnan(value)))
    spread = any(map(has_spread, curves.values()))
    axes.set(xlabel=option, ylabel="AUC(D,F), mean ± sd of seeds" if spread else "AUC(D,F)")
    axes.grid(alpha=0.3, linewidth=0.5)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def draw_curve(axes: Axes, curve: Curve, *, label: str, style: Mapping[str, Any]) -> None:
    """Draw means with bars of the standard deviation, or a level without the option."""
    means = [entry.value or 0.0 for entry in curve.entries]  # of finished cells, so never missing
    if math.isnan(curve.values[0]):
        axes.axhline(means[0], label=label, **style)
        return
    bars = [entry.deviation or 0.0 for entry in curve.entries] if has_spread(curve) else None
    axes.errorbar(
        curve.values, means, bars, label=label, marker="o", markersize=3, capsize=2, **style
    )


def has_spread(curve: Curve) -> bool:
    """Return True where a curve has standard deviations over seeds."""
    return any(entry.deviation is not None for entry in curve.entries)


def scale_values(axes: Axes, values: Sequence[float]) -> None:
    """Scale the axis of the values: logarithmic where they span decades, ticks at few values."""
    positive = [value for value in values if value > 0]
    if positive and max(positive) >= WIDE * min(positive):
        if values[0] > 0:
            axes.set_xscale("log")
        else:
            axes.set_xscale("symlog", linthresh=min(positive))
    if len(values) <= MOST_TICKS:
        axes.set_xticks(values, [f"{value:g}" for value in values])
        axes.set_xticks([], minor=True)
