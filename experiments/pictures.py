"""Draw the figures of a table: of each scene, and of all scenes together."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from data.scene import Scene
from detection.figures.curves import auc_figure
from detection.figures.overview import overview_figures
from detection.figures.scene_figures import figures_of_scene
from detection.figures.stretch import stretch_note
from detection.figures.style import save_figure
from experiments.captions import Drawn, file_stem, latex_figures
from experiments.cell import Outcome
from experiments.layouts import LAYOUTS
from experiments.plan import Plan
from experiments.sweep_figure import figures_of_sweep
from experiments.table import CellKey, seeds_of
from options.stretch import DEFAULT_STRETCH, Stretch
from utils.files import ensure_writable, write_text


def draw_pictures(folder: Path, plan: Plan, *, stretch: Stretch = DEFAULT_STRETCH) -> list[Path]:
    """Draw the figures of a table and its curves, and their captions; return the paths."""
    drawn: list[Drawn] = []
    paths = []
    for one, figure in chain(figures_of_table(plan, stretch), figures_of_sweep(plan)):
        paths += save_figure(ensure_writable(folder) / one.name, figure)
        drawn.append(one)
    if not drawn:
        return []
    captions = latex_figures(drawn, plan, stretch_note=stretch_note(stretch))
    return [*paths, write_text(folder / "figures.tex", captions)]


def figures_of_table(plan: Plan, stretch: Stretch) -> Iterator[tuple[Drawn, Figure]]:
    """Draw the figures of each scene, then the maps of all scenes where they are several.

    All are with the first seed; a table whose layout has no pictures has none.
    """
    if not LAYOUTS[plan.table.show].pictures:
        return
    found = []
    for name, scene in plan.scenes.items():
        outcomes = first_outcomes(plan, name)
        scores = {label: one.scores for label, one in outcomes.items() if one.scores is not None}
        if scene is None or not scores:
            continue
        found.append((scene, scores))
        figures = scene_figures(scene, scores, outcomes, stretch=stretch)
        for kind, figure in figures.items():
            file = f"{file_stem(name)}_{kind}"
            yield Drawn(file, kind, name, width=figure.get_figwidth()), figure
    if len(found) > 1:
        labels = [row.label for row in plan.table.rows]
        pages = overview_figures(found, labels, stretch=stretch)
        for number, figure in enumerate(pages, start=1):
            file = "maps" if number == 1 else f"maps_{number}"
            yield Drawn(file, "maps", None, width=figure.get_figwidth()), figure


def scene_figures(
    scene: Scene,
    scores: dict[str, NDArray[np.float32]],
    outcomes: dict[str, Outcome],
    *,
    stretch: Stretch,
) -> dict[str, Figure]:
    """Draw the figures of a scene, by kind: maps, curves, and the AUC over the epochs."""
    figures = figures_of_scene(scene, scores, stretch=stretch)
    curves = {label: one.record.get("auc_over_epochs") for label, one in outcomes.items()}
    known = {label: curve for label, curve in curves.items() if curve}
    return {**figures, "auc": auc_figure(known)} if known else figures


def first_outcomes(plan: Plan, scene: str) -> dict[str, Outcome]:
    """Return the outcomes of the rows on a scene with the first seed, by label."""
    found = {}
    for row in plan.table.rows:
        seed = seeds_of(plan.table, row.on(scene) or row)[0]
        outcome = plan.outcomes.get(CellKey(row.label, scene, seed))
        if outcome is not None:
            found[row.label] = outcome
    return found
