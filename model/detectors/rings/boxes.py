"""Boxes: rectangles of an image's pixels, many at a time."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Boxes:
    """Rectangles of pixels, (n,) each: first rows and columns, and those after the last."""

    top: Tensor
    bottom: Tensor
    left: Tensor
    right: Tensor

    def __len__(self) -> int:
        return len(self.top)

    def __getitem__(self, chosen: Tensor | slice) -> "Boxes":
        return Boxes(*(side[chosen] for side in self.sides))

    @property
    def sides(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Top, bottom, left and right."""
        return self.top, self.bottom, self.left, self.right

    @property
    def single(self) -> bool:
        """True if every box is one pixel."""
        return bool(((self.bottom - self.top) * (self.right - self.left) == 1).all())

    def halve(self) -> tuple["Boxes", Tensor]:
        """Cut the boxes across their longer sides, but not single pixels.

        Returns the parts, and the number of the box that each is a part of.
        """
        top, bottom, left, right = self.sides
        tall = bottom - top > right - left
        row = torch.where(tall, (top + bottom) // 2, top)
        column = torch.where(tall, left, (left + right) // 2)
        first = torch.where(tall, row, bottom), torch.where(tall, right, column)
        halves = [(top, first[0], left, first[1]), (row, bottom, column, right)]
        parts = torch.stack([torch.stack(half) for half in halves], dim=2).flatten(1)  # (4, 2n)
        parent = torch.arange(len(self), device=top.device).repeat_interleave(2)
        some = (parts[0] < parts[1]) & (parts[2] < parts[3])
        return Boxes(*parts[:, some]), parent[some]

    def pixels(self, tall: int, wide: int) -> "Boxes":
        """Return `tall` × `wide` pixels of each box, one box after the other.

        Smaller boxes have their last rows and columns several times.
        """
        row = self.top[:, None] + torch.arange(tall, device=self.top.device)
        column = self.left[:, None] + torch.arange(wide, device=self.left.device)
        row, column = (
            row.clamp(max=self.bottom[:, None] - 1),
            column.clamp(max=self.right[:, None] - 1),
        )
        row, column = row.repeat_interleave(wide, dim=1).flatten(), column.repeat(1, tall).flatten()
        return Boxes(row, row + 1, column, column + 1)


def tile(height: int, width: int, *, tall: int, wide: int, device: torch.device) -> Boxes:
    """Cut an image into boxes, row by row; the last ones may be smaller."""
    top, left = torch.meshgrid(
        torch.arange(0, height, tall, device=device),
        torch.arange(0, width, wide, device=device),
        indexing="ij",
    )
    top, left = top.flatten(), left.flatten()
    return Boxes(top, (top + tall).clamp(max=height), left, (left + wide).clamp(max=width))
