"""Transforms of others: what would silently do nothing is refused.

In goes what a user gave as `transform`; out comes nothing, or one sentence.
"""

from typing import Any

from fertools.errors import FerError

V2 = "torchvision.transforms.v2"
TAKE_ARRAYS = ("Lambda", "ToImage", "ToPILImage", "ToTensor")


def check_transform(transform: Any) -> None:
    """Raise `FerError` for what cannot be called, and for transforms of torchvision's v2 that do
    not begin by making an image: they give NumPy arrays back as they are, without a word.
    """
    if transform is not None and not callable(transform):
        raise FerError(f"transform {transform!r:.80}: give a function, or an albumentations one")
    first = transform
    while type(first).__name__ == "Compose" and getattr(first, "transforms", None):
        first = first.transforms[0]
    kind = type(first)
    if kind.__module__.startswith(V2) and kind.__name__ not in TAKE_ARRAYS:
        raise FerError(
            f"transform v2.{kind.__name__}: torchvision's v2 leaves arrays as they are; give "
            f"v2.Compose([v2.ToImage(), v2.{kind.__name__}(..)])"
        )
