"""The words of a datasheet in the languages that it is written in.

Headings follow the sections of Gebru et al., Datasheets for Datasets, Communications of the ACM 64
(12), 2021. In a sentence `{}` marks what the facts fill in.
"""

from fertools.flows._report_words import PLAIN

ENGLISH = {
    "title": "Datasheet: {name}",
    "intro": "Drawn up by fertools {version} from `{file}`, sha256 `{digest}`. Sections follow "
    "Datasheets for Datasets (Gebru et al. 2021). What the manifest does not record is said so.",
    "motivation": "Motivation",
    "purpose_unknown": "The purpose is not recorded (`--purpose` states it).",
    "sources": "Data sets in it",
    "source": "data set",
    "licence": "licence",
    "citation": "citation",
    "homepage": "where to get it",
    "own": "a source of the user's own",
    "composition": "Composition",
    "sums": "{into:,} images in = {ok:,} with a face + {failed:,} with a reason",
    "pending": "{pending:,} records wait for an image that has not been read.",
    "left_out": "{rows:,} faces are left out by curation; their rows stay, with the reason.",
    "what": "An instance is one face of a photograph: {shape}, with a word for its expression.",
    "class": "class",
    "share": "share",
    "imbalance": "The largest class is {ratio:.1f} times the smallest.",
    "people": "People: {people:,} in {rows:,} of {all:,} faces. Recordings: {recordings:,}.",
    "no_people": "People are not recorded: how many there are is not known.",
    "demography": "Who is shown",
    "column": "said of a face",
    "missing": "not said",
    "values": "values",
    "collection": "Collection and labelling",
    "label_rule": "The label is given by the rule `{rule}`.",
    "native": "The label is the word that the data set gives.",
    "agreement": "{rows:,} rows were labelled by several people ({kind}): Fleiss' kappa "
    "{kappa}; {none} have no majority.",
    "undefined": "undefined",
    "one_rater": "The manifest has one word a face, and no votes: how far people agree on it is "
    "not known.",
    "processing": "Preprocessing and cleaning",
    "faces": "How faces were found (`{source}`): {told}.",
    "reason": "reason",
    "images": "images",
    "cleaned": "Checks that ran: {checks}.",
    "not_cleaned": "`fertools curate` has not run: copies, poor faces and doubtful labels are not "
    "marked.",
    "flag": "flag",
    "rows": "rows",
    "leakage": "Leakage between the parts",
    "no_parts": "There are no two parts yet, so nothing was audited.",
    "faults": "Known faults",
    "faults_of": "Of {source}, as its reader documents them: {text}",
    "contradicting": "{count:,} groups of twins bear two labels or more.",
    "no_faults": "None is recorded.",
    "uses": "Recommended use, and limits",
    "distribution": "Distribution",
    "no_faces": "This sheet holds counts and digests, no face.",
    "maintenance": "Maintenance",
    "contact": "Contact: {contact}.",
    "no_contact": "Who keeps this data, and how a person who is shown can ask to be taken out, is "
    "not recorded (`--contact` states it).",
    "use_ok": "Training and comparing recognisers of displayed expression. A label says what "
    "people saw in a face, not what somebody felt.",
    "limit_leak": "Do not publish a score on these parts as it stands: they share {what}. "
    "`fertools evaluate` prints the leak-free subset beside it.",
    "limit_unchecked": "Whether the parts share {what} could not be checked; no claim that people "
    "are apart can be made.",
    "limit_small": "Fewer than 30 test faces in: {classes}. Scores of these classes are not "
    "reliable.",
    "limit_imbalance": "Classes are far from even: report macro-F1 beside accuracy.",
    "limit_people": "Nothing is said of {what}: a recogniser may serve some people worse without "
    "this data showing it.",
    "limit_forbidden": "Do not use it to judge a person's inner state, fitness or intent.",
    "limit_licence": "Follow the licence of each data set above; some must not be passed on.",
    "clean": "clean",
    "leaks": "leaks",
    "not checkable": "not checkable",
    "relation": "relation",
    "verdict": "verdict",
    "worst": "largest share",
}

KOREAN = {
    "title": "데이터시트: {name}",
    "intro": "fertools {version}이(가) `{file}`에서 작성함, sha256 `{digest}`. 구성은 Datasheets "
    "for Datasets(Gebru 외, 2021)를 따름. 매니페스트에 기록이 없는 것은 없다고 적음.",
    "motivation": "목적",
    "purpose_unknown": "목적이 기록되어 있지 않음(`--purpose`로 적음).",
    "sources": "포함된 데이터셋",
    "source": "데이터셋",
    "licence": "이용 조건",
    "citation": "인용",
    "homepage": "구하는 곳",
    "own": "사용자가 만든 소스",
    "composition": "구성",
    "sums": "입력 이미지 {into:,} = 얼굴 있음 {ok:,} + 이유와 함께 제외 {failed:,}",
    "pending": "기록 {pending:,}건은 아직 읽지 않은 이미지를 기다림.",
    "left_out": "얼굴 {rows:,}개는 정제에서 제외됨. 행은 이유와 함께 남음.",
    "what": "한 건은 사진 속 얼굴 하나({shape})와 표정을 나타내는 낱말.",
    "class": "클래스",
    "share": "비율",
    "imbalance": "가장 큰 클래스는 가장 작은 클래스의 {ratio:.1f}배.",
    "people": "사람: 얼굴 {all:,}개 중 {rows:,}개에서 {people:,}명. 촬영: {recordings:,}건.",
    "no_people": "사람이 기록되어 있지 않아 몇 명인지 알 수 없음.",
    "demography": "누가 나오는가",
    "column": "얼굴에 대한 기록",
    "missing": "기록 없음",
    "values": "값",
    "collection": "수집과 라벨링",
    "label_rule": "라벨 규칙: `{rule}`.",
    "native": "라벨은 데이터셋이 준 낱말.",
    "agreement": "{rows:,}행을 여러 사람이 라벨링함({kind}): Fleiss 카파 {kappa}, 다수결 없음 "
    "{none}.",
    "undefined": "정의되지 않음",
    "one_rater": "얼굴마다 낱말이 하나이고 투표가 없음: 사람들의 일치도를 알 수 없음.",
    "processing": "전처리와 정제",
    "faces": "얼굴을 찾은 방법(`{source}`): {told}.",
    "reason": "이유",
    "images": "이미지",
    "cleaned": "실행한 검사: {checks}.",
    "not_cleaned": "`fertools curate`를 실행하지 않음: 사본, 질 낮은 얼굴, 의심스러운 라벨이 "
    "표시되어 있지 않음.",
    "flag": "표시",
    "rows": "행",
    "leakage": "부분 사이의 누출",
    "no_parts": "부분이 둘 이상 없어 감사하지 않음.",
    "faults": "알려진 결함",
    "faults_of": "{source} (리더 문서의 원문): {text}",
    "contradicting": "쌍둥이 묶음 {count:,}개에 라벨이 둘 이상.",
    "no_faults": "기록된 것 없음.",
    "uses": "권장 용도와 한계",
    "distribution": "배포",
    "no_faces": "이 시트에는 개수와 다이제스트만 있고 얼굴은 없음.",
    "maintenance": "관리",
    "contact": "연락처: {contact}.",
    "no_contact": "누가 관리하는지, 사진 속 사람이 삭제를 어떻게 요청하는지 기록되어 있지 "
    "않음(`--contact`로 적음).",
    "use_ok": "드러난 표정을 인식하는 모델의 학습과 비교. 라벨은 사람들이 얼굴에서 본 것이지 "
    "당사자가 느낀 것이 아님.",
    "limit_leak": "이 부분들의 점수를 그대로 발표하지 말 것: {what}을(를) 공유함. `fertools "
    "evaluate`가 누출 없는 부분집합의 점수를 함께 출력함.",
    "limit_unchecked": "{what}의 공유 여부를 확인할 수 없음. 사람이 나뉘어 있다고 주장할 수 없음.",
    "limit_small": "시험 얼굴이 30개 미만인 클래스: {classes}. 이 클래스의 점수는 믿을 수 없음.",
    "limit_imbalance": "클래스가 고르지 않음: 정확도와 함께 macro-F1을 보고할 것.",
    "limit_people": "{what}에 대한 기록이 없음: 일부 사람에게 더 나쁜 모델이어도 이 데이터로는 "
    "드러나지 않음.",
    "limit_forbidden": "사람의 내면 상태, 적합성, 의도를 판단하는 데 쓰지 말 것.",
    "limit_licence": "위 데이터셋 각각의 이용 조건을 따를 것. 일부는 재배포 금지.",
    "clean": "누출 없음",
    "leaks": "누출",
    "not checkable": "확인 불가",
    "relation": "관계",
    "verdict": "판정",
    "worst": "가장 큰 비율",
}

WORDS = {"en": ENGLISH, "ko": KOREAN}
RELATIONS = {
    "en": {
        **PLAIN,
        "gender": "gender",
        "age": "age",
        "race": "race",
        "background": "background",
    },
    "ko": {
        "subject": "같은 사람",
        "sequence": "같은 촬영",
        "exact": "똑같은 사본",
        "near": "거의 같은 사진",
        "mirrored": "좌우로 뒤집은 거의 같은 사진",
        "derived": "변형된 사본",
        "gender": "성별",
        "age": "나이",
        "race": "인종",
        "background": "배경",
    },
}
