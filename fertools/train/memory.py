"""Memory: which batch fits where one does not.

In goes a trainer; what it runs out of comes back as one sentence with the batch that fits.
"""

import contextlib
import traceback
from collections.abc import Iterator

import torch

from fertools.errors import FerError
from fertools.train.trainer import Trainer


@contextlib.contextmanager
def memory(trainer: Trainer) -> Iterator[None]:
    """Say which batch fits where one does not."""
    try:
        yield
    except RuntimeError as error:  # torch.OutOfMemoryError is one; the CPU's has no class
        if not _is_memory(error):
            raise
        # what was under way is held by the frames of the error, and would be in the way
        traceback.clear_frames(error.__traceback__)
        trainer.optimiser.zero_grad()
        batch, of = trainer.recipe.train.batch, trainer.process.of
        fits = next((n for n in _halves(batch) if n % of == 0 and _fits(trainer, n // of)), 0)
        cure = f"{fits} fits: --set train.batch={fits}" if fits else "not even one image fits"
        raise FerError(
            f"train.batch = {batch} does not fit into the memory of {trainer.process.device}: "
            f"{cure}"
        ) from error


def _halves(batch: int) -> list[int]:
    return [batch >> k for k in range(1, batch.bit_length())]


def _fits(trainer: Trainer, batch: int) -> bool:
    if trainer.process.device.type == "cuda":
        torch.cuda.empty_cache()
    try:
        trainer.probe(batch)
    except RuntimeError as error:
        if _is_memory(error):
            return False
        raise
    return True


def _is_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error)
