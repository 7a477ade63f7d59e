"""AI-Hub's names: what a photograph's file name, its folders and its background string say."""

import re
import unicodedata
from dataclasses import dataclass

EMOTIONS = {
    "기쁨": "happiness",
    "당황": "embarrassment",
    "분노": "anger",
    "불안": "anxiety",
    "상처": "hurt",
    "슬픔": "sadness",
    "중립": "neutral",
}
GENDERS = {"남": "male", "여": "female"}
# The order of the publisher's table; the number is the first counter of a file name. 3, 5 and 6
# are not evidenced as files spell them.
BACKGROUNDS = {
    "001": "공공시설&종교&의료시설",
    "002": "교통&이동수단(엘리베이터 포함)",
    "003": "상업시설&점포&시장",
    "004": "스포츠 관람 및 레저시설",
    "005": "오락&공연시설",
    "006": "행사&사무공간",
    "007": "실외 자연환경",
    "008": "도심 환경",
    "009": "문화재 및 유적지",
    "010": "숙박 및 거주공간",
}
PERSON = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
TOKEN = re.compile(r"(?P<stamp>\d{14})-(?P<place>\d{3})-(?P<number>\d+)")
NAME = re.compile(
    rf"^(?P<person>[0-9a-f]{{64}})_(?P<gender>남|여)_(?P<age>\d{{2}})_"
    rf"(?P<emotion>{'|'.join(EMOTIONS)})_(?P<background>.+)_{TOKEN.pattern}\.[a-z]+$",
    re.IGNORECASE,
)
ARCHIVE = re.compile(r"EMOIMG_(?P<emotion>[^_]+)_(?P<part>TRAIN|VALID)(?:_(?P<number>\d+))?")
LABEL_FILE = re.compile(r"img_emotion_(training|validation)_data.*\.json$", re.IGNORECASE)
PART = re.compile(r"(?P<train>train)|valid|(?<![a-z])val(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Photo:
    """What a file name says; null where it does not."""

    name: str
    person: str | None = None
    token: str | None = None
    gender: str | None = None
    age: str | None = None
    emotion: str | None = None
    background: str | None = None
    place: str | None = None
    captured_at: str | None = None

    @property
    def stem(self) -> str:
        """The shortest name that is the photograph's own: person and time, or the whole name."""
        suffix = "." + self.name.rpartition(".")[2].lower()
        return f"{self.person}_{self.token}{suffix}" if self.token else plain(self.name)


@dataclass(frozen=True, slots=True)
class Place:
    """What the folders and archives above a file say: emotion's word, train or val, the part."""

    emotion: str | None
    part: str | None
    number: str | None


def nfc(text: str) -> str:
    """The composed form: macOS and its zips decompose Korean names; half a character is a `?`."""
    return unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))


def plain(text: str) -> str:
    """A name as tools leave it that cannot write `&` or `/`."""
    return re.sub(r"[&/]", "_", nfc(text))


def parse(text: str) -> Photo:
    """What a file name says, with a folder before it or without.

    A `/` may be a folder's or a background's, so the name starts at the person's hash.
    """
    text = nfc(text)
    start = max((found.start() for found in PERSON.finditer(text)), default=None)
    if start is None:
        return Photo(text.rsplit("/", 1)[-1])
    name = text[start:]
    token = TOKEN.search(name)
    if token is None:
        return Photo(name, name[:64].lower())
    stamp = token["stamp"]
    date = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}T{stamp[8:10]}:{stamp[10:12]}:{stamp[12:]}"
    known = NAME.match(name)
    said = known.groupdict() if known else {}
    return Photo(
        name=name,
        person=name[:64].lower(),
        token=token[0],
        gender=said.get("gender"),
        age=said.get("age"),
        emotion=said.get("emotion"),
        background=said.get("background"),
        place=token["place"],
        captured_at=date,
    )


def place(path: str, *, own_name: bool = False) -> Place:
    """What stands above a file, the innermost first; `own_name` takes its name along."""
    parts = re.split("[!/]", nfc(path))
    above = parts[::-1] if own_name else parts[-2::-1]
    for text in above:
        if found := ARCHIVE.search(text):
            part = "train" if found["part"] == "TRAIN" else "val"
            return Place(found["emotion"], part, found["number"])
    emotion = next((word for text in above for word in EMOTIONS if word in text), None)
    said = [found for text in above if (found := PART.search(text))]
    return Place(emotion, ("train" if said[0]["train"] else "val") if said else None, None)


def background(said: str | None, photo: Photo) -> str | None:
    """The publisher's word for where a photograph was taken.

    Spelling differs (`&`, `/`, `_`, blanks), and a wrong encoding leaves rubbish: what is damaged
    is read from the number in the file name.
    """
    spelled = [nfc(text) for text in (said, photo.background) if text]
    for text in spelled:
        if (known := _BY_LETTERS.get(_letters(text))) is not None:
            return known
    for text in spelled:
        if re.search(r"[가-힣]", text) and not re.search(r"[\ufffd?]", text):
            return text
    return BACKGROUNDS.get(photo.place or "", spelled[0] if spelled else None)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text)


_BY_LETTERS = {_letters(word): word for word in BACKGROUNDS.values()}
