"""The images that gave no face, read again from where the data set lies, if it still does.

In goes the folder or archive that was ingested and the `path` of a row; out come pixels, or None
where the image is gone, cannot be decoded, or lies outside that folder. Plain files and zip
archives are read; what lies in a tar or a table is not looked for.
"""

import lzma
import unicodedata
import zipfile
import zlib
from pathlib import Path

from fertools.errors import FerError
from fertools.faces import Pixels
from fertools.image import ImageFault, decode, fit

SIDE = 384  # pixels: large enough to see whether there is a face
LARGEST = 64 << 20  # bytes of one image


class Originals:
    """Reads below one folder, or in one archive."""

    def __init__(self, raw: Path) -> None:
        if not raw.exists():
            raise FerError(f"--raw {raw}: there is no such folder; give what was ingested")
        self._raw = raw.resolve()
        self._names: dict[Path, dict[str, str]] = {}

    def read(self, path: str) -> Pixels | None:
        """The upright image of a row, its longer side `SIDE` pixels; None where there is none."""
        outer, bang, member = path.partition("!")
        file = self._inside(outer)
        if file is None:
            return None
        data = self._packed(file, member) if bang else self._plain(file)
        if data is None:
            return None
        try:
            pixels = decode(data).pixels
        except ImageFault:
            return None
        return fit(pixels, SIDE)

    def _inside(self, path: str) -> Path | None:
        """The file of a relative path; None where it is not there, or not below the folder."""
        if self._raw.is_file():
            return self._raw if path == unicodedata.normalize("NFC", self._raw.name) else None
        for form in ("NFC", "NFD"):
            file = (self._raw / unicodedata.normalize(form, path)).resolve()
            if file.is_relative_to(self._raw) and file.is_file():
                return file
        return None

    def _plain(self, file: Path) -> bytes | None:
        try:
            return file.read_bytes() if file.stat().st_size <= LARGEST else None
        except OSError:
            return None  # a file without permission, or gone: shown without a picture

    def _packed(self, file: Path, member: str) -> bytes | None:
        try:
            with zipfile.ZipFile(file) as archive:
                if file not in self._names:
                    names = archive.namelist()
                    self._names[file] = {unicodedata.normalize("NFC", n): n for n in names}
                name = self._names[file].get(member)
                if name is None or archive.getinfo(name).file_size > LARGEST:
                    return None
                with archive.open(name) as stream:
                    return stream.read(LARGEST)
        except (OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError,
                NotImplementedError, RuntimeError):  # fmt: skip
            return None  # not an archive that can be read: shown without a picture
