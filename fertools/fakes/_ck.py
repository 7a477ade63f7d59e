"""Who sat for CK+ and what they showed: the same in the `ckplus` fake and in its extract `ck48`."""

from dataclasses import dataclass

import numpy as np

from fertools.fakes._face import Person, person

CLASSES = ("anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")
WORDS = {"happy": "happiness"}


@dataclass(frozen=True, slots=True)
class Take:
    """One sequence: `label` as the folders of CK+48 say it, `last` the number of its peak frame."""

    who: Person
    subject: str
    sequence: str
    label: str
    word: str
    last: int


def subject(place: int, people: int) -> str:
    """Ids as CK+ has them: from S010 on with gaps, the last two far away."""
    return f"S{895 if place == people - 2 else 999 if place == people - 1 else 10 + 7 * place:03d}"


def takes(place: int, people: int, seed: int) -> list[Take]:
    """One to six sequences of a person, none twice in a class."""
    who, name = person(1000 * seed + place), subject(place, people)
    rng = np.random.default_rng([seed, place])
    shown = sorted(rng.permutation(len(CLASSES))[: 1 + (3 * place + 2) % 6].tolist())
    return [
        Take(
            who,
            name,
            f"{name}_{number:03d}",
            CLASSES[index],
            WORDS.get(CLASSES[index], CLASSES[index]),
            int(rng.integers(4, 8)),
        )
        for number, index in enumerate(shown, start=1)
    ]
