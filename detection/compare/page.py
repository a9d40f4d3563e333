"""Write the page of a comparison, a single HTML file without network."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from detection.compare.comparison import Comparison
from detection.figures.stretch import stretched
from detection.measures import MEASURES, measure_text, ranks
from detection.report.page_template import page_template
from detection.report.pictures import data_address, png
from options.stretch import Stretch
from utils.files import write_text
from utils.json_text import json_value


@dataclass(frozen=True)
class PageColumn:
    """A prediction in the table; `measures` are texts, and whether each is the best."""

    label: str
    report: str
    measures: list[tuple[str, bool]]
    threshold: str
    detected: str


def write_page(
    path: Path, comparison: Comparison, *, stretch: Stretch, kinds: Sequence[str]
) -> Path:
    """Write the page of a comparison, with its figures of these kinds, PNG files next to it."""
    pictures = {kind: path.with_name(f"{kind}.png").read_bytes() for kind in kinds}
    scene = comparison.scene
    page = page_template("compare.html", Path(__file__).parent / "template").render(
        title=scene.name,
        shape=scene.cube.shape,
        labels=comparison.labels,
        compared=scene.has_both_classes,
        reason="" if scene.has_both_classes else scene.no_auc_reason,
        heads=[MEASURES[name].symbol for name in shown_measures(comparison)],
        columns=list(page_columns(comparison)),
        threshold=comparison.threshold,
        figures={kind: data_address(picture) for kind, picture in pictures.items()},
        maps=[png(stretched(one.scores, stretch), "viridis") for one in comparison.predictions],
        correlations=json_value(comparison.correlations.tolist()),
        overlaps=json_value(comparison.overlaps.tolist()),
    )
    return write_text(path, page)


def shown_measures(comparison: Comparison) -> list[str]:
    """List the measures in the table, none without a ground truth of both classes."""
    return list(MEASURES) if comparison.scene.has_both_classes else []


def page_columns(comparison: Comparison) -> Iterator[PageColumn]:
    """Make the columns of the table."""
    best = best_of(comparison)
    decided = zip(comparison.predictions, comparison.thresholds, comparison.masks, strict=True)
    for number, (one, score, mask) in enumerate(decided):
        values = comparison.measures[one.label] or {}
        yield PageColumn(
            label=one.label,
            report=f"../{one.folder.name}/report.html",
            measures=[(measure_text(value), best[name][number]) for name, value in values.items()],
            threshold=f"{score:.6g}",
            detected=f"{int(mask.sum()):,}",
        )


def best_of(comparison: Comparison) -> Mapping[str, list[bool]]:
    """Return for each measure which of the predictions are the best."""
    found = [values or {} for values in comparison.measures.values()]
    return {
        name: [
            rank == 1
            for rank in ranks(
                [values.get(name) for values in found],
                larger_is_better=MEASURES[name].larger_is_better,
            )
        ]
        for name in shown_measures(comparison)
    }
