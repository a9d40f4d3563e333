"""Layouts of tables, one record each: `show` in a table's file is the name of one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from detection.measures import AUC, MEASURES
from experiments.summary import (
    Entry,
    Values,
    difference_entry,
    mean_and_spread,
    mean_seconds,
    range_entry,
    same_entry,
    size_entry,
    text_entry,
)


@dataclass(frozen=True)
class Column:
    """A column: a value of a cell's record or of its measures, summarised over a row's cells.

    `untrained` is the entry of a method without training.
    """

    heading: str
    value: str
    summarise: Callable[[Values], Entry] = mean_and_spread
    untrained: str | None = None


@dataclass(frozen=True)
class Layout:
    """The rows and columns of a table, and what its title, notes and pictures need.

    A row stands for all cells of the same `rows`, and is labelled by the last of them; a layout
    without methods in its rows is of one method. `measure` has a column per scene, ranked, and one
    of their average; AUCs from the literature are listed below those measured. `columns` follow.
    `averages` adds the average over scenes, `compares` is True where AUCs from the literature stand
    next to the measured ones, with their sources below, `seconds` is a value that depends on the
    device, and `note` explains the columns.
    """

    name: str
    rows: tuple[Literal["scene", "method"], ...]
    measure: str | None = None
    columns: tuple[Column, ...] = ()
    title: str = "{title}"
    note: str | None = None
    seconds: str | None = None
    averages: bool = True
    compares: bool = False
    pictures: bool = True

    @property
    def of_one_method(self) -> bool:
        """True where the table has no place for a second method."""
        return "method" not in self.rows

    @property
    def values(self) -> list[str]:
        """The values of a cell that the table needs."""
        return [*([self.measure] if self.measure else []), *(one.value for one in self.columns)]


LAYOUTS: Mapping[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout("auc", rows=("method",), measure=AUC),
        Layout(
            "auc_and_cost",
            rows=("method",),
            measure=AUC,
            columns=(
                Column("Epochs", "epochs_done", range_entry, untrained="none"),
                Column("Training (s)", "training_seconds", mean_seconds, untrained="none"),
                Column("CPU (s)", "cpu_seconds", mean_seconds),
                Column("Parameters", "parameters", range_entry, untrained="none"),
            ),
            note=(
                "Epochs, seconds and Parameters are those of the finished cells: for seconds the "
                "mean over scenes and seeds, for the others the smallest and the largest where "
                "they differ, as parameters do with the number of bands. CPU (s) are the processor "
                "seconds of training and prediction, of all threads together: they depend less on "
                "what else the machine does"
            ),
            seconds="training_seconds",
        ),
        Layout(
            "measures",
            rows=("scene",),
            columns=tuple(Column(one.symbol, one.name) for one in MEASURES.values()),
            title="{title}: {method}",
        ),
        Layout(
            "printed",
            rows=("scene", "method"),
            columns=(
                Column("Setting", "setting", text_entry),
                Column("Chosen", "chosen", text_entry),
                Column("AUC", AUC),
                Column("Printed", "printed", same_entry),
                Column("Difference", "difference", difference_entry),
            ),
            note=(
                "settings that are chosen per scene, with labels, are those with the best AUC on "
                "the scene, as the authors of the printed tables took them: they reproduce a "
                "number, and say nothing about a scene without labels. AUC is the mean ± standard "
                "deviation over the seeds of methods that draw random numbers, Difference is AUC − "
                "Printed"
            ),
            averages=False,
            compares=True,
            pictures=False,
        ),
        Layout(
            "runtime",
            rows=("scene", "method"),
            columns=(
                Column("Size", "shape", size_entry),
                Column("Parameters", "parameters", partial(mean_and_spread, digits=0)),
                Column(
                    "GFLOPs of a reconstruction",
                    "flops",
                    partial(mean_and_spread, digits=2, unit=1e9),
                ),
                Column("Epochs", "epochs_done", partial(mean_and_spread, digits=0)),
                Column("Training (s)", "training_seconds", partial(mean_and_spread, digits=2)),
                Column("Inference (s)", "inference_seconds", partial(mean_and_spread, digits=3)),
                Column("Peak memory (MiB)", "peak_memory_mib", partial(mean_and_spread, digits=0)),
            ),
            seconds="inference_seconds",
            averages=False,
            pictures=False,
        ),
    )
}
