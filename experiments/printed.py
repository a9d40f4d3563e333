"""Comparison of cells with printed AUCs: the setting of each, and the difference."""

from collections.abc import Mapping, Sequence
from typing import Any

from data.known_scenes.catalogue import canonical_name
from data.published import PublishedRow
from detection.measures import auc_of
from experiments.settings import chosen_options, describe_settings
from experiments.table import Row

WITH_LABELS, ONE_FOR_ALL = "per scene, with labels", "one for all scenes"


def compare(
    row: Row, scene: str, record: Mapping[str, Any], published: Sequence[PublishedRow]
) -> dict[str, Any]:
    """Return the setting of a row on a scene, the AUC that is printed of it, and the difference.

    The printed AUC is that of the method which is called as the row.
    """
    here, chosen = row.on(scene), chosen_options(row)
    auc = auc_of(record.get("measures"))
    printed = printed_auc(row.label, scene, published)
    return {
        "setting": here and (", ".join(describe_settings(here, chosen=chosen)) or "its defaults"),
        "chosen": here and (WITH_LABELS if row.per_scene else ONE_FOR_ALL),
        "printed": printed,
        "difference": None if auc is None or printed is None else auc - printed,
    }


def printed_auc(method: str, scene: str, published: Sequence[PublishedRow]) -> float | None:
    """Look up the AUC that the first source prints of a method on a scene."""
    name = canonical_name(scene)
    aucs = (row.auc[name] for row in published if row.method == method and name in row.auc)
    return next(aucs, None)
