"""The sentences of the paragraph for a paper, in the languages that it is written in.

In a sentence `{}` marks what the evaluation fills in.
"""

from fertools.evaluate.evaluation import WHOLE

ENGLISH = {
    "train": "the train part",
    "val": "the val part",
    "test": "the test part",
    WHOLE: "all labelled faces",
    "part_of": "{part} of {of}",
    "accuracy": "Accuracy on {where} was {accuracy} % (95 % interval {accuracy_range}; n = "
    "{images:,} images in {groups:,} independent groups, percentile bootstrap over groups), "
    "macro-F1 {f1} % ({f1_range}), balanced accuracy {balanced} % ({balanced_range}).",
    "left_out": "{rows:,} rows of {names} were left out, for which there are no predictions.",
    "unreliable": "With {groups} groups these intervals are not reliable.",
    "one_sided": "All groups but {unlike} have the same accuracy, so the interval is too narrow.",
    "trained_on": "The network was trained on another manifest ({names}).",
    "seen": "Of the {rows:,} rows, {person:,} show a person and {face:,} a photograph or face that "
    "it was fitted to or chosen on.",
    "not_looked": "Whether it had seen these people, photographs or faces was not looked for.",
    "masked": "Words that only one side knows were left out: {names}.",
    "prior": "The outputs were divided by the class shares of the training rows.",
    "extra_data": "Other data took part in training: {names}.",
    "init_weights": "Training started from other weights: {names}.",
    "averaged": "It is that of an ensemble, the mean of the probabilities of {runs} runs.",
    "members": "It is pooled over {runs} runs ({low:.2f} .. {high:.2f} %), which the interval "
    "holds fixed.",
    "unfinished": "Only {ended} of {whole} runs had ended ({names} had not).",
    "sequences": "Per recording (mean of its frames) it was {value} % ({range}).",
    "all_free": "None of them has a copy or near-twin in the other parts.",
    "free": "On the {images:,} images that have no copy, near-twin (upright or mirrored, at "
    "{thresholds}) or frame of the same recording in the other parts it was {value} % "
    "({range}).",
    "few_free": "Of these, {images:,} have no copy, near-twin or frame of the same recording in "
    "the other parts: too few for a score.",
    "not_compared": "These images were not compared with the other data that took part in "
    "training.",
    "checkpoint": "Checkpoint: {chosen}{mirror}.",
    "mirror": ", averaged with the mirror image",
    "of_file": "not known, the predictions came from a file",
    "last": "the last epoch",
    "best": "the epoch with the best {select} on {which}validation rows",
    "twin_free": "twin-free ",
    "looks": "Looks at the test set: {names}.",
    "protocol": "Protocol: {names}.",
    "manifest": "Split manifest sha256 {digest}.",
}

KOREAN = {
    "train": "학습 집합",
    "val": "검증 집합",
    "test": "테스트 집합",
    WHOLE: "전체 영상",
    "part_of": "{of}의 {part}",
    "accuracy": "{where}에 대한 정확도는 {accuracy} %이다(95 % 신뢰구간 {accuracy_range}; 독립 "
    "그룹 {groups:,}개의 영상 {images:,}장, 그룹 단위 부트스트랩). macro-F1은 {f1} %({f1_range}), "
    "균형 정확도는 {balanced} %({balanced_range})이다.",
    "left_out": "예측이 없는 {names}의 {rows:,}행은 제외하였다.",
    "unreliable": "그룹이 {groups}개뿐이므로 신뢰구간은 믿을 만하지 않다.",
    "one_sided": "{unlike}개를 뺀 모든 그룹의 정확도가 같아 신뢰구간은 실제보다 좁다.",
    "trained_on": "모델은 다른 매니페스트({names})로 학습하였다.",
    "seen": "{rows:,}행 가운데 {person:,}행의 인물과 {face:,}행의 사진이나 얼굴은 학습이나 모델 "
    "선택에 쓰였다.",
    "not_looked": "같은 인물, 사진, 얼굴이 학습에 쓰였는지는 확인하지 않았다.",
    "masked": "한쪽에만 있는 표정({names})은 제외하였다.",
    "prior": "출력 확률은 학습 집합의 클래스 비율로 나누었다.",
    "extra_data": "다른 데이터({names})도 학습에 사용하였다.",
    "init_weights": "학습은 기존 가중치({names})에서 시작하였다.",
    "averaged": "{runs}회 학습한 모델의 확률을 평균한 앙상블의 값이다.",
    "members": "{runs}회 실행을 합한 값이며, 실행별 범위는 {low:.2f} .. {high:.2f} %이다. "
    "신뢰구간은 이 실행들을 고정한 것이다.",
    "unfinished": "{whole}회 실행 가운데 {ended}회만 끝났다(끝나지 않은 실행: {names}).",
    "sequences": "시퀀스 단위(프레임 확률의 평균) 정확도는 {value} %({range})이다.",
    "all_free": "다른 부분에 사본이나 유사 영상이 있는 영상은 없다.",
    "free": "다른 부분에 사본, 유사 영상(좌우 반전 포함, {thresholds}), 같은 시퀀스의 프레임이 "
    "없는 {images:,}장에서는 {value} %({range})이다.",
    "few_free": "이 가운데 다른 부분에 사본, 유사 영상, 같은 시퀀스의 프레임이 없는 영상은 "
    "{images:,}장으로, 점수를 내기에 너무 적다.",
    "not_compared": "이 영상들은 학습에 함께 쓰인 다른 데이터와는 비교하지 않았다.",
    "checkpoint": "모델 선택: {chosen}{mirror}.",
    "mirror": ", 좌우 반전 영상과 평균",
    "of_file": "알 수 없음(파일에서 읽은 예측)",
    "last": "마지막 에폭",
    "best": "{which}검증 영상에서 {select}이 가장 좋은 에폭",
    "twin_free": "유사 영상이 없는 ",
    "looks": "테스트 집합 확인 횟수: {names}.",
    "protocol": "프로토콜: {names}.",
    "manifest": "분할 매니페스트 sha256 {digest}.",
}

WORDS = {"en": ENGLISH, "ko": KOREAN}
