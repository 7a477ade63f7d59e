"""The paragraph for a paper: what was scored, on how many independent groups, chosen how, looked at
how often.

In goes an evaluation; out comes a paragraph in English or Korean with every number that a reader
needs to judge the score.
"""

from pathlib import Path

from fertools.errors import unknown
from fertools.evaluate.evaluation import WHOLE, Evaluation
from fertools.measures.intervals import Interval

LANGUAGES = ("en", "ko")


def paragraph(found: Evaluation, language: str = "en") -> str:
    """The paragraph; raises `FerError` for a language that is not known."""
    if language not in LANGUAGES:
        raise unknown("language", language, list(LANGUAGES))
    return " ".join(_english(found) if language == "en" else _korean(found))


def _english(found: Evaluation) -> list[str]:
    s = found.scores
    text = [
        f"Accuracy on {_where(found)} was {_value(s.accuracy)} % "
        f"(95 % interval {_range(s.accuracy)}; n = {s.rows:,} images in {s.accuracy.groups:,} "
        "independent groups, percentile bootstrap over groups), "
        f"macro-F1 {_value(s.macro_f1)} % ({_range(s.macro_f1)}), "
        f"balanced accuracy {_value(s.balanced_accuracy)} % ({_range(s.balanced_accuracy)})."
    ]
    if not s.accuracy.is_reliable:
        text.append(f"With {s.accuracy.groups} groups these intervals are not reliable.")
    text += _marks(found)
    if found.members:
        low, high = _spread(found)
        text.append(f"It is the mean of {len(found.members)} runs ({low:.2f} .. {high:.2f} %).")
    if s.per_sequence is not None:
        text.append(
            f"Per recording (mean of its frames) it was {_value(s.per_sequence)} % "
            f"({_range(s.per_sequence)})."
        )
    free = found.leak_free
    if free is not None and free.rows == s.rows:
        text.append("None of them has a copy or near-twin in the other parts.")
    elif free is not None and free.accuracy is not None:
        text.append(
            f"On the {free.rows:,} images that have no copy, near-twin (upright or mirrored, at "
            f"{_thresholds(found)}) or frame of the same recording in the other parts it was "
            f"{_value(free.accuracy)} % ({_range(free.accuracy)})."
        )
    elif free is not None:
        text.append(
            f"Of these, {free.rows:,} have no copy, near-twin or frame of the same recording in "
            "the other parts: too few for a score."
        )
    mirror = ", averaged with the mirror image" if found.tta == "flip" else ""
    text.append(f"Checkpoint: {_chosen(found)}{mirror}.")
    if found.looks:
        text.append(f"Looks at the test set: {', '.join(found.looks)}.")
    if found.protocol:
        text.append(f"Protocol: {found.protocol}.")
    text.append(f"Split manifest sha256 {found.digest}.")
    return text


def _korean(found: Evaluation) -> list[str]:
    s = found.scores
    text = [
        f"{_where_ko(found)}에 대한 정확도는 {_value(s.accuracy)} %이다"
        f"(95 % 신뢰구간 {_range(s.accuracy)}; 독립 그룹 {s.accuracy.groups:,}개의 영상 "
        f"{s.rows:,}장, 그룹 단위 부트스트랩). "
        f"macro-F1은 {_value(s.macro_f1)} %({_range(s.macro_f1)}), "
        f"균형 정확도는 {_value(s.balanced_accuracy)} %({_range(s.balanced_accuracy)})이다."
    ]
    if not s.accuracy.is_reliable:
        text.append(f"그룹이 {s.accuracy.groups}개뿐이므로 신뢰구간은 믿을 만하지 않다.")
    text += _marks_ko(found)
    if found.members:
        low, high = _spread(found)
        text.append(f"{len(found.members)}회 실행의 평균이며 범위는 {low:.2f} .. {high:.2f} %이다.")
    if s.per_sequence is not None:
        text.append(
            f"시퀀스 단위(프레임 확률의 평균) 정확도는 {_value(s.per_sequence)} %"
            f"({_range(s.per_sequence)})이다."
        )
    free = found.leak_free
    if free is not None and free.rows == s.rows:
        text.append("다른 부분에 사본이나 유사 영상이 있는 영상은 없다.")
    elif free is not None and free.accuracy is not None:
        text.append(
            f"다른 부분에 사본, 유사 영상(좌우 반전 포함, {_thresholds(found)}), 같은 시퀀스의 "
            f"프레임이 없는 {free.rows:,}장에서는 {_value(free.accuracy)} %"
            f"({_range(free.accuracy)})이다."
        )
    elif free is not None:
        text.append(
            f"이 가운데 다른 부분에 사본, 유사 영상, 같은 시퀀스의 프레임이 없는 영상은 "
            f"{free.rows:,}장으로, 점수를 내기에 너무 적다."
        )
    mirror = ", 좌우 반전 영상과 평균" if found.tta == "flip" else ""
    text.append(f"모델 선택: {_chosen_ko(found)}{mirror}.")
    if found.looks:
        text.append(f"테스트 집합 확인 횟수: {', '.join(found.looks)}.")
    if found.protocol:
        text.append(f"프로토콜: {found.protocol}.")
    text.append(f"분할 매니페스트 sha256 {found.digest}.")
    return text


def _marks(found: Evaluation) -> list[str]:
    """What sets the score apart from one of a data set's own training rows alone."""
    text = []
    if found.trained_on:
        text.append(f"The network was trained on another data set ({Path(found.trained_on).name}).")
    if found.masked:
        words = ", ".join(found.masked)
        text.append(f"Words that only one side knows were left out: {words}.")
    if found.prior == "uniform":
        text.append("The outputs were divided by the class shares of the training rows.")
    if found.extra_data:
        names = ", ".join(Path(path).name for path in found.extra_data)
        text.append(f"Other data took part in training: {names}.")
    if found.init_weights:
        text.append(f"Training started from other weights: {Path(found.init_weights).name}.")
    return text


def _marks_ko(found: Evaluation) -> list[str]:
    text = []
    if found.trained_on:
        text.append(f"모델은 다른 데이터 집합({Path(found.trained_on).name})으로 학습하였다.")
    if found.masked:
        text.append(f"한쪽에만 있는 표정({', '.join(found.masked)})은 제외하였다.")
    if found.prior == "uniform":
        text.append("출력 확률은 학습 집합의 클래스 비율로 나누었다.")
    if found.extra_data:
        names = ", ".join(Path(path).name for path in found.extra_data)
        text.append(f"다른 데이터({names})도 학습에 사용하였다.")
    if found.init_weights:
        text.append(f"학습은 기존 가중치({Path(found.init_weights).name})에서 시작하였다.")
    return text


def _value(interval: Interval) -> str:
    return f"{100 * interval.value:.2f}"


def _range(interval: Interval) -> str:
    return f"{100 * interval.low:.2f} .. {100 * interval.high:.2f}"


def _spread(found: Evaluation) -> tuple[float, float]:
    values = [100 * member.accuracy for member in found.members]
    return min(values), max(values)


def _chosen(found: Evaluation) -> str:
    if not found.select:
        return "not known, the predictions came from a file"
    if found.select == "last":
        return "the last epoch"
    which = "twin-free " if found.select_rows == "twin-free" else ""
    return f"the epoch with the best {found.select} on {which}validation rows"


def _chosen_ko(found: Evaluation) -> str:
    if not found.select:
        return "알 수 없음(파일에서 읽은 예측)"
    if found.select == "last":
        return "마지막 에폭"
    which = "유사 영상이 없는 " if found.select_rows == "twin-free" else ""
    return f"{which}검증 영상에서 {found.select}이 가장 좋은 에폭"


def _thresholds(found: Evaluation) -> str:
    named = ", ".join(f"{name} {value:.3g}" for name, value in sorted(found.thresholds.items()))
    return f"NCC >= {named}" if named else "NCC"


def _where(found: Evaluation) -> str:
    part = "all labelled faces" if found.split == WHOLE else f"the {found.split} part"
    return f"{part} of {_named(found)}" if found.trained_on else part


def _where_ko(found: Evaluation) -> str:
    parts = {"train": "학습 집합", "val": "검증 집합", "test": "테스트 집합", WHOLE: "전체 영상"}
    return f"{_named(found)}의 {parts[found.split]}" if found.trained_on else parts[found.split]


def _named(found: Evaluation) -> str:
    """The other data set: its folder's name, or its manifest's."""
    file = Path(found.manifest)
    return file.parent.name if file.name == "manifest.parquet" else file.stem
