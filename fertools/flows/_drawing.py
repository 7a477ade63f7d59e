"""Pictures with their faces marked: box, word and probability.

In go the bytes of a picture and what was found in it; out goes a file. The pictures show people:
they are made only when asked for.
"""

import io
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from fertools.errors import FerError, disk_faults
from fertools.flows.predict import Face, Picture
from fertools.image import decode, from_gray
from fertools.manifest import write_whole

SURE, UNSURE, INK = (0, 158, 115), (150, 150, 150), (255, 255, 255)
MADE_BY = "fertools predict"
KINDS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


class Drawer:
    """Writes marked pictures to a file, or to a folder where `out` is not called as a picture.

    In a folder they are called as the pictures, with a number where two have one name. Raises
    `FerError` where a file would get several pictures, a picture would be written over itself, or
    one of the folder that is no drawing of ours.
    """

    def __init__(self, out: Path, several: bool) -> None:
        self.out, self.single = out, out.suffix.lower() in KINDS
        self.taken: set[str] = set()
        if self.single and several:
            raise FerError(f"--draw {out}: there are several pictures; give a folder")
        with disk_faults(out):
            (out.parent if self.single else out).mkdir(parents=True, exist_ok=True)

    def __call__(self, data: bytes, picture: Picture) -> None:
        """Write one picture with its faces."""
        place = self.out if self.single else self.out / self._name(picture)
        if place.exists() and Path(picture.image).exists() and place.samefile(picture.image):
            raise FerError(f"--draw {place}: this is the picture itself; give another file")
        if not self.single and place.exists() and not _is_ours(place):
            raise FerError(f"--draw {place}: is there and is no drawing of ours; give a new folder")
        marked, stream = annotated(data, picture.faces), io.BytesIO()
        marked.save(stream, KINDS[place.suffix.lower()], pnginfo=_signed())
        write_whole(place, stream.getvalue(), "--draw")

    def _name(self, picture: Picture) -> str:
        stem = Path(picture.image.replace("!", "/")).stem
        name, number = f"{stem}.png", 1
        while name in self.taken:
            number += 1
            name = f"{stem}-{number}.png"
        self.taken.add(name)
        return name


def _signed() -> PngInfo:
    info = PngInfo()
    info.add_text("Software", MADE_BY)
    return info


def _is_ours(file: Path) -> bool:
    try:
        with Image.open(file) as image:
            return bool(image.info.get("Software") == MADE_BY)
    except OSError:
        return False


def annotated(data: bytes, faces: tuple[Face, ...]) -> Image.Image:
    """The upright picture with a box, a word and a probability at each face."""
    image = Image.fromarray(from_gray(decode(data).pixels))
    draw = ImageDraw.Draw(image)
    line = max(round(min(image.size) / 250), 2)
    font = ImageFont.load_default(max(min(image.size) / 28, 11))
    for face in faces:
        colour = UNSURE if face.abstain else SURE
        draw.rectangle(face.box, outline=colour, width=line)
        word = f"{face.best}{'?' if face.abstain else ''} {face.probabilities[face.best]:.2f}"
        right, bottom = draw.textbbox((0, 0), word, font=font)[2:]
        wide, tall = right + 2 * line, bottom + 2 * line
        left = min(max(face.box[0], 0), max(image.width - wide, 0))
        top = face.box[1] - tall if face.box[1] >= tall else min(face.box[3], image.height - tall)
        draw.rectangle((left, top, left + wide, top + tall), fill=colour)
        draw.text((left + line, top + line), word, fill=INK, font=font)
    return image
