"""Enlarge the pictures of a training, and write their titles into them."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

WIDTH = 240  # pixels that a panel is enlarged to, by a whole factor
HEIGHT, SIZE = 24, 14  # pixels of the titles
PADDING = 2  # pixels around the panels of a picture, before it is enlarged


def with_titles(picture: Tensor, titles: Sequence[str]) -> Tensor:
    """Enlarge a row of panels (3, H, W), in [0, 1], and write their titles above them.

    Pixels stay squares of one colour; large panels stay as they are.
    """
    panel = (picture.shape[2] - PADDING) // len(titles)  # with its padding
    factor = enlargement(panel - PADDING)
    large = picture.repeat_interleave(factor, dim=1).repeat_interleave(factor, dim=2)
    strip = Image.new("RGB", (large.shape[2], HEIGHT), "white")
    font = ImageFont.truetype(findfont("DejaVu Sans"), SIZE)
    for place, title in enumerate(titles):
        left = factor * (PADDING + place * panel)
        ImageDraw.Draw(strip).text((left, 3), title, fill="black", font=font)
    heading = torch.from_numpy(np.asarray(strip) / np.float32(255)).permute(2, 0, 1)
    return torch.cat([heading.to(large.dtype), large], dim=1)


def enlargement(width: int) -> int:
    """Return the whole factor by which a panel of a width in pixels is enlarged."""
    return max(1, round(WIDTH / width))
