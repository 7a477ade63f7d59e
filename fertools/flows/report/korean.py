"""The sentences of a report in Korean, by their English text.

In a sentence `{}` marks what the report fills in. A word that is filled in may end in a vowel or a
consonant, so no particle that depends on it stands behind.
"""

KOREAN = {
    # the head of the page
    "Data report": "데이터 보고서",
    "(private: shows faces)": "(비공개: 얼굴 있음)",
    "Private": "비공개",
    "Private: this page shows faces of people. Do not publish it, send it on or put it in a "
    "repository. The report without faces can be shared.": (
        "비공개: 사람의 얼굴이 실려 있음. 공개하거나 전달하거나 저장소에 올리지 말 것. 얼굴 없는 "
        "보고서는 공유해도 됨."
    ),
    "Skip to the report": "본문으로 건너뛰기",
    "Contents": "차례",
    "Verdicts of the leakage audit": "누출 감사의 판정",
    "{faces} faces in 1 class": "얼굴 {faces}개, 클래스 1개",
    "{faces} faces in {classes} classes": "얼굴 {faces}개, 클래스 {classes}개",
    " from {names}": " (출처: {names})",
    ". There is no split yet, so nothing was audited for leakage.": (
        ". 아직 분할이 없어 누출을 감사하지 않음."
    ),
    ", all in one part, so nothing was audited for leakage.": (
        ", 모두 한 부분에 있어 누출을 감사하지 않음."
    ),
    ", in the parts that the data set was published with.": ", 데이터셋이 공개된 그대로의 부분.",
    ", dealt to {folds} folds.": ", 폴드 {folds}개로 나눔.",
    " Of the {later} rows, {share} {who}.": " {later} 행의 {share}: {who}.",
    " Of the {later} rows of fold {fold}, {share} {who}.": (
        " 폴드 {fold}의 {later} 행 중 {share}: {who}."
    ),
    " The parts share {what}.": " 부분 사이에 공유되는 것: {what}.",
    " The parts share no {what}.": " 부분 사이에 공유되지 않는 것: {what}.",
    " They share no {what}.": " 공유되지 않는 것: {what}.",
    " Whether they share {what} could not be checked.": " 공유되는지 확인할 수 없는 것: {what}.",
    "{most} and {last}": "{most}, {last}",
    "{most} or {last}": "{most}, {last}",
    "show a person who is also in {earlier}": "같은 사람이 {earlier}에도 있음",
    "are frames of a recording that also stands in {earlier}": (
        "같은 촬영의 프레임이 {earlier}에도 있음"
    ),
    "are equal, pixel by pixel, to an image of {earlier}": (
        "모든 화소가 같은 이미지가 {earlier}에 있음"
    ),
    "have a near-twin in {earlier}": "거의 같은 사본이 {earlier}에 있음",
    "are near-twins of the mirror image of a face in {earlier}": (
        "좌우를 뒤집으면 거의 같은 사본이 {earlier}에 있음"
    ),
    "are altered copies of an image of {earlier}": "변형되기 전이나 후의 사본이 {earlier}에 있음",
    "people": "사람",
    "recordings": "촬영",
    "exact copies": "똑같은 사본",
    "near-twins": "거의 같은 사본",
    "mirrored near-twins": "좌우가 뒤집힌 거의 같은 사본",
    "altered copies": "변형된 사본",
    "Manifest": "매니페스트",
    "Face store, sha256 of all shards": "얼굴 저장소, 모든 샤드의 sha256",
    "Parts": "부분",
    "as the data set was published": "데이터셋이 공개된 그대로",
    "Protocol": "규약",
    "Label rule": "레이블 규칙",
    "Licence": "이용 조건",
    "Citation": "인용",
    # words of several sections
    "training": "학습",
    "validation": "검증",
    "test": "평가",
    "fold {number}": "폴드 {number}",
    "{later} in {earlier}": "{later} ← {earlier}",
    "{n} of {of}": "{of} 중 {n}",
    "{low} to {high}": "{low} .. {high}",
    "all": "전체",
    "by": "근거",
    "classes": "클래스",
    "column": "열",
    "faces": "얼굴",
    "faces in a part": "부분에 든 얼굴",
    "faces with a label": "레이블이 있는 얼굴",
    "folds": "폴드",
    "groups": "묶음",
    "no label": "레이블 없음",
    "(no label)": "(레이블 없음)",
    "pairs": "쌍",
    "reason": "이유",
    "rows": "행",
    "share": "비율",
    "unknown": "모름",
    "why": "이유",
    "Person": "사람",
    "Recording": "촬영",
    "Exact copy": "똑같은 사본",
    "Near-twin": "거의 같은 사본",
    "Mirrored near-twin": "좌우가 뒤집힌 거의 같은 사본",
    "Altered copy": "변형된 사본",
    "clean": "누출 없음",
    "leaks": "누출",
    "not checkable": "확인 불가",
    "age": "나이",
    "background": "배경",
    "brightness": "밝기",
    "class": "클래스",
    "contrast": "대비",
    "detail": "세부",
    "face": "얼굴",
    "gender": "성별",
    "hash": "해시",
    "label": "레이블",
    "native label": "원래 레이블",
    "official split": "공개된 분할",
    "race": "인종",
    "raters": "평가자",
    "recording": "촬영",
    "sequence": "시퀀스",
    "sharpness": "선명도",
    "source": "데이터셋",
    "subject": "사람",
    "votes": "투표",
    # balance
    "Balance": "균형",
    "How often each {column} occurs. There is no split yet.": "{column}별 개수. 아직 분할이 없음.",
    "Each {column}’s share of each part. A fair split has bars of equal length within a class.": (
        "부분마다 {column}별 비율. 고른 분할이면 한 클래스 안의 막대 길이가 같음."
    ),
    "Only rows with a face that nothing leaves out are counted.": (
        "얼굴이 있고 제외되지 않은 행만 셈."
    ),
    "Share of each class within each part": "부분 안에서 클래스가 차지하는 비율",
    "all parts, with the lowest and the highest of them": "모든 부분, 그중 가장 낮은 값과 높은 값",
    "Bar chart: no row has a {column}.": "막대그래프: 값이 있는 행이 없음({column}).",
    " per cent": " 퍼센트",
    "Bar chart of {classes} classes: the largest is {most} with {highest} of all rows, the "
    "smallest {least} with {lowest}. The table below has every number.": (
        "클래스 {classes}개의 막대그래프: 전체 행 가운데 가장 큰 클래스는 {most}({highest}), "
        "가장 작은 클래스는 {least}({lowest}). 모든 수는 아래 표에 있음."
    ),
    "Classes": "클래스",
    "Classes per part": "부분별 클래스",
    "{column} per part": "부분별 {column}",
    "Rows, and their share of the part.": "행의 수와 부분 안에서의 비율.",
    "Imbalance ratio {ratio} (largest class over smallest).": (
        "불균형 비율: {ratio} (가장 큰 클래스를 가장 작은 클래스로 나눈 값)."
    ),
    "none, without a label": "레이블이 없어 구할 수 없음",
    "without bound, since a class is empty": "빈 클래스가 있어 한없이 큼",
    "Effective number of classes: {numbers} of {classes}.": (
        "유효 클래스 수: {numbers} (전체 {classes})."
    ),
    "Rows in these parts without a label: {rows}.": "이 부분들에서 레이블이 없는 행: {rows}.",
    "Rows without a known {column}: {rows}.": "알 수 없는 행({column}): {rows}.",
    "Does a column lean on the split?": "분할에 치우친 열이 있는가?",
    "V is 0 where the parts are alike and 1 where the column gives the part away; a small p says "
    "that chance would rarely do this.": (
        "V는 부분들이 같으면 0, 열만 보고 부분을 알 수 있으면 1. p가 작으면 우연히는 드문 일."
    ),
    # drop-outs
    "Drop-outs": "빠진 이미지",
    "Images that gave no face, and faces that are left out, with the reason. Nothing vanishes: "
    "images in are rows with a face plus rows with a reason.": (
        "얼굴을 얻지 못한 이미지와 제외된 얼굴, 그 이유. 사라지는 것은 없음: 입력 이미지 = "
        "얼굴이 있는 행 + 이유가 있는 행."
    ),
    "{into} images in = {ok} with a face + {failed} with a reason": (
        "입력 이미지 {into} = 얼굴 있음 {ok} + 이유 있음 {failed}"
    ),
    "; {rows} records are pending, without an image yet": (
        "; 기록 {rows}건은 아직 이미지가 없어 대기 중"
    ),
    "Rows without a face, by {column}": "얼굴이 없는 행: {column}별",
    "With the reasons.": "이유와 함께.",
    "no face": "얼굴 없음",
    "Does the loss lean on a column?": "빠진 것이 어떤 열에 치우쳤는가?",
    "Whether one expression, gender, age or part loses more faces than the others.": (
        "어떤 표정, 성별, 나이, 부분에서 얼굴이 더 많이 빠지는지."
    ),
    "Images that gave no face are not in the face store, so they cannot be shown here.": (
        "얼굴을 얻지 못한 이미지는 얼굴 저장소에 없어 여기에 보일 수 없음."
    ),
    "Every image gave a face.": "모든 이미지에서 얼굴을 얻음.",
    "Faces left out": "제외된 얼굴",
    "By reason and class; the rows stay in the manifest, in no part.": (
        "이유와 클래스별. 행은 매니페스트에 남으며 어느 부분에도 들지 않음."
    ),
    "Does leaving out lean on the class? Cramér’s V {v}, p {p} over {groups} groups.": (
        "제외가 클래스에 치우쳤는가? 크라메르의 V {v}, p {p}, 집단 {groups}개."
    ),
    # leakage
    "Leakage": "누출",
    "Rows of a later part that have a partner in an earlier one. A score on them says how well a "
    "model remembers, not how well it reads faces.": (
        "앞선 부분에 짝이 있는 뒤 부분의 행. 이런 행의 점수는 모델이 표정을 얼마나 읽는지가 "
        "아니라 얼마나 외웠는지를 말함."
    ),
    "With {folds} folds every round is looked at: fold k tests, fold k + 1 validates, the rest "
    "trains. The worst round is shown.": (
        "폴드 {folds}개의 모든 회차를 검사함: 폴드 k는 평가, k + 1은 검증, 나머지는 학습. 가장 "
        "나쁜 회차를 보임."
    ),
    "Of {of} {later} rows,": "{later} 행 {of}개 중",
    "Of {of} {later} rows of fold {fold},": "폴드 {fold}의 {later} 행 {of}개 중",
    "Nothing stands in two parts by {relations}.": "두 부분에 걸친 것이 없음: {relations}.",
    "No more than allowed stands in two parts by {relations}.": (
        "두 부분에 걸친 것이 허용 범위 안에 있음: {relations}."
    ),
    "Not checkable by {relation}": "확인 불가({relation})",
    "Leakage per relation and pair of parts": "관계와 부분 쌍별 누출",
    "Rows with a partner in an earlier part": "앞선 부분에 짝이 있는 행",
    "Share of the later part, and rows.": "뒤 부분에서의 비율과 행의 수.",
    "Share of the later part, and rows of the worst round.": (
        "뒤 부분에서의 비율과 가장 나쁜 회차의 행의 수."
    ),
    "{relation}, class by class": "{relation}, 클래스별",
    "{relation}, per class": "{relation}, 클래스별",
    "{relation}: share of each class with a partner in an earlier part": (
        "{relation}: 앞선 부분에 짝이 있는 행의 클래스별 비율"
    ),
    "The worst class is {name} with {share}. The table below has every number.": (
        "가장 나쁜 클래스는 {name}({share}). 모든 수는 아래 표에 있음."
    ),
    "The table below has every number.": "모든 수는 아래 표에 있음.",
    "The numbers": "수치",
    "Rows with a partner, of all rows of the class in the later part.": (
        "뒤 부분에 있는 그 클래스의 모든 행 가운데 짝이 있는 행."
    ),
    "Rows with a partner, of all rows of the class in the later part, summed over the rounds.": (
        "뒤 부분에 있는 그 클래스의 모든 행 가운데 짝이 있는 행, 모든 회차의 합."
    ),
    "Threshold of {name}": "{name}의 기준",
    "Where twins begin in {name}: NCC {ncc}": "{name}에서 사본으로 보는 기준: NCC {ncc}",
    "Pairs that remain at a threshold. It is the smallest from 0.90 at which no two people are "
    "taken for one.": (
        "기준값마다 남는 쌍. 기준은 0.90 이상에서 다른 두 사람을 같은 사람으로 잘못 보지 않는 "
        "가장 작은 값."
    ),
    "NCC from": "NCC 이상",
    "one person": "한 사람",
    "two people": "두 사람",
    "From NCC 0.90 up there is one pair of different people: a false twin, which is counted and "
    "left alone.": (
        "NCC 0.90 이상에 다른 두 사람의 쌍이 하나 있음: 가짜 사본으로 세기만 하고 그대로 둠."
    ),
    "From NCC 0.90 up there are {pairs} pairs of different people: false twins, which are "
    "counted and left alone.": (
        "NCC 0.90 이상에 다른 두 사람의 쌍이 {pairs}개 있음: 가짜 사본으로 세기만 하고 그대로 둠."
    ),
    "For the paper": "논문에 쓸 문장(영어)",
    # twins
    "Twins": "사본",
    "Faces that are copies of one another, exact or near, wherever they stand. Groups chain: a "
    "twin of a twin belongs to them, so a large group may hold pictures that are not alike.": (
        "어느 부분에 있든 서로 똑같거나 거의 같은 얼굴. 사본의 사본도 한 묶음이므로 큰 묶음에는 "
        "닮지 않은 사진이 있을 수 있음."
    ),
    "groups of twins": "사본 묶음",
    "faces in them": "묶음에 든 얼굴",
    "largest group": "가장 큰 묶음",
    "groups that contradict themselves": "레이블이 엇갈리는 묶음",
    "Groups by size": "크기별 묶음",
    "faces in the group": "묶음의 얼굴",
    # quality
    "Quality": "화질",
    "What the checks found. A flag is a remark, not a verdict: the policy decides which flags "
    "leave a row out.": (
        "검사가 찾은 것. 표시는 판정이 아니라 의견이며, 어떤 표시가 행을 제외하는지는 정책이 정함."
    ),
    "Flags": "표시",
    "Rows that bear each flag, and their classes.": "표시마다 그것이 붙은 행과 클래스.",
    "flag": "표시",
    "Distributions": "분포",
    "Every face, measured; the ends hold the smallest and largest thousandth.": (
        "모든 얼굴을 잰 값. 양 끝 막대에는 가장 작은 천분의 일과 가장 큰 천분의 일이 들어 있음."
    ),
    "Histogram of {name} over {rows} faces, from {low} to {high}, median {median}": (
        "{name}의 히스토그램: 얼굴 {rows}개, {low} .. {high}, 중앙값 {median}"
    ),
    "median {value}": "중앙값 {value}",
    # label suspects
    "Label suspects": "의심스러운 레이블",
    "Rows whose label something speaks against. They are suspects, not errors: a person has to "
    "look, and no label was changed.": (
        "레이블에 반하는 근거가 있는 행. 오류가 아니라 의심이며, 사람이 보아야 하고 레이블은 "
        "바꾸지 않음."
    ),
    "One row is suspected.": "1개 행이 의심됨.",
    "{rows} rows are suspected.": "{rows}개 행이 의심됨.",
    "Twins disagree so often that at least {share} of their labels are wrong.": (
        "사본끼리 레이블이 엇갈리는 정도로 보아 그 레이블의 {share} 이상이 틀림."
    ),
    "Suspects": "의심되는 행",
    "Suspects by evidence and class": "근거와 클래스별 의심되는 행",
    "By what speaks against the label, and the class that the label says.": (
        "레이블에 반하는 근거와 레이블의 클래스별."
    ),
    "One picture, labelled twice": "한 사진, 두 번의 레이블",
    "Twins with two labels by likeness": "닮은 정도별 레이블이 둘인 사본",
    "Pairs of twins by how alike they are, and how many of them bear two labels.": (
        "닮은 정도별 사본 쌍과 그중 레이블이 서로 다른 쌍."
    ),
    "two labels": "레이블이 다름",
    "The strongest {count}": "가장 강한 {count}개",
    # raters
    "Raters": "평가자",
    "How far those who labelled agree with each other, and with the word of the data set. No "
    "score on these labels can be trusted beyond it.": (
        "레이블을 붙인 사람들끼리, 또 데이터셋의 레이블과 얼마나 일치하는지. 이 레이블로 낸 "
        "점수는 그 이상 믿을 수 없음."
    ),
    "rows with {kind}": "{kind} 있는 행",
    "of them with one opinion, left out below": "그중 의견이 하나뿐이라 아래에서 뺀 행",
    "Fleiss’ kappa": "플라이스 카파",
    "pairs of raters that agree": "일치하는 평가자 쌍",
    "unanimous": "만장일치",
    "without a majority": "과반 없음",
    "The data set against its raters": "데이터셋과 평가자",
    "The data set’s word against the majority": "데이터셋의 레이블과 과반의 의견",
    "Of the rows that the data set calls so.": "데이터셋이 그렇게 부른 행 가운데.",
    "data set says": "데이터셋의 레이블",
    "majority agrees": "과반이 같음",
    "no majority": "과반 없음",
    "others said most often": "그 밖에 가장 많은 의견",
    # faces on the page
    "Face {id}, labelled {label}": "얼굴 {id}, 레이블 {label}",
    "Twins across parts, from the threshold up": "두 부분에 걸친 사본, 기준부터",
    "Every one of these stands in two parts. The first pair is the least alike that still "
    "counts, the last the most alike.": (
        "모두 두 부분에 걸쳐 있음. 첫 쌍은 기준을 겨우 넘는 것, 마지막 쌍은 가장 닮은 것."
    ),
    "One picture, two labels, two parts": "한 사진, 두 레이블, 두 부분",
    "Twins across parts whose labels contradict each other, the most alike first.": (
        "레이블이 엇갈리는 두 부분의 사본, 가장 닮은 것부터."
    ),
    "One recording in two parts": "두 부분에 걸친 한 촬영",
    "Frames of one sequence, parted.": "한 시퀀스의 프레임이 나뉨.",
    "One person in two parts": "두 부분에 걸친 한 사람",
    "The same subject, as the data set names people.": "데이터셋의 이름으로 같은 사람.",
    "Altered copies across parts": "두 부분에 걸친 변형된 사본",
    "One is the other blurred, turned or the like.": (
        "한쪽이 다른 쪽을 흐리게 하거나 돌리는 등 바꾼 것."
    ),
    "Alike, but different people": "닮았지만 다른 사람",
    "The most alike pairs of two people: not called twins.": (
        "가장 닮은 서로 다른 사람의 쌍: 사본으로 보지 않음."
    ),
    ", mirrored": ", 좌우 뒤집힘",
    "Twins that contradict each other": "레이블이 엇갈리는 사본",
    "If they are one picture, at least one of the labels is wrong.": (
        "같은 사진이라면 레이블 가운데 적어도 하나는 틀림."
    ),
    "The largest groups of twins": "가장 큰 사본 묶음",
    "Up to twelve faces of each. A twin of a twin is in the group, so look at them.": (
        "묶음마다 얼굴 열두 개까지. 사본의 사본도 들어 있으니 눈으로 볼 것."
    ),
    "{rows} faces": "얼굴 {rows}개",
    ", {shown} of them shown": ", 그중 {shown}개를 보임",
    "{rows} faces bear this flag; the worst are shown, by their {measure}.": (
        "이 표시가 붙은 얼굴 {rows}개. {measure} 기준으로 가장 나쁜 것을 보임."
    ),
    "perhaps {word}": "제안: {word}",
    "Suspected by {by}": "의심의 근거: {by}",
    "Below each face its label, then the word that is suggested; the strongest first.": (
        "얼굴 아래에 레이블, 이어서 제안된 낱말. 가장 강한 의심부터."
    ),
    # how it was computed
    "How it was computed": "계산 방법",
    "One paragraph per figure, with its source.": "수치마다 한 문단, 출처와 함께.",
    "Counts over rows with a face that nothing leaves out. The effective number of classes is "
    "exp of the entropy of the shares: n for n even classes (Hill, Ecology 54, 1973).": (
        "얼굴이 있고 제외되지 않은 행을 셈. 유효 클래스 수는 비율의 엔트로피에 exp를 취한 "
        "값으로, 고른 클래스가 n개면 n임(Hill, Ecology 54, 1973)."
    ),
    "Cramér’s V and p": "크라메르의 V와 p",
    "V is sqrt(chi² / (n (min(rows, columns) - 1))) (Cramér, Mathematical Methods of Statistics, "
    "1946). p comes from 199 permutations, seed 0, in which whole groups (people, or twins) "
    "trade places, since the rows of one person are not independent; it is never 0 (Phipson and "
    "Smyth, Statistical Applications in Genetics and Molecular Biology 9, 2010).": (
        "V는 sqrt(chi² / (n (min(행, 열) - 1)))(Cramér, Mathematical Methods of Statistics, "
        "1946). p는 시드 0의 순열 199개에서 구함. 한 사람의 행은 독립이 아니므로 집단(사람이나 "
        "사본)째로 자리를 바꿈. p는 0이 되지 않음(Phipson and Smyth, Statistical Applications in "
        "Genetics and Molecular Biology 9, 2010)."
    ),
    "A row of a later part counts once per relation if it has at least one partner in an earlier "
    "part. Partners are direct: nothing is chained. Person and recording are what the data set "
    "recorded; exact copies have the same digest of their pixels, of the photograph or of the "
    "stored face.": (
        "뒤 부분의 행은 앞선 부분에 짝이 하나라도 있으면 관계마다 한 번 셈. 직접 짝만 세고 이어 "
        "붙이지 않음. 사람과 촬영은 데이터셋에 적힌 대로이며, 똑같은 사본은 사진이나 저장된 "
        "얼굴의 화소 다이제스트가 같은 것."
    ),
    "Near-twins": "거의 같은 사본",
    "Two faces are near-twins if their zero-mean normalised cross-correlation (NCC) {reaches}. "
    "Faces are compared gray, at 48 x 48 pixels where they are larger, and again with one of "
    "them mirrored. All pairs are found: a projection on low frequencies of the cosine transform "
    "rules pairs out by the Cauchy-Schwarz bound, and every pair that is left is computed in "
    "full. Frames of one recording are no twins. Close to the threshold some pairs are two "
    "people who look alike: a report with faces shows the least alike first.": (
        "거의 같은 사본은 평균을 뺀 정규화 상호상관(NCC)이 기준 이상인 두 얼굴({reaches}). "
        "회색으로, 48 x 48 화소보다 크면 그 크기로 줄여 비교하고, 한쪽을 좌우로 뒤집어 다시 "
        "비교함. 모든 쌍을 찾음: 코사인 변환의 낮은 주파수에 투영하여 코시-슈바르츠 한계로 쌍을 "
        "제외하고, 남은 쌍은 모두 끝까지 계산함. 한 촬영의 프레임은 사본으로 보지 않음. 기준 "
        "근처에는 닮은 두 사람의 쌍이 있을 수 있음: 얼굴을 싣는 보고서는 가장 덜 닮은 쌍부터 "
        "보임."
    ),
    "is at least {values}": "{values}",
    "{value} in {name}": "{name} {value}",
    "reaches a threshold": "기준값은 적혀 있지 않음",
    "Groups of twins": "사본 묶음",
    "Exact copies and near-twins of the whole data, each with the next, so that a twin of a twin "
    "is in the group. Labels contradict each other where exact copies or near-twins that are not "
    "known to show one person bear different ones.": (
        "데이터 전체에서 똑같거나 거의 같은 사본을 차례로 이어 묶음. 사본의 사본도 들어 있음. 한 "
        "사람으로 알려지지 않은 사본끼리 레이블이 다르면 엇갈리는 것으로 봄."
    ),
    "Sharpness is the mean squared Laplacian over the mean squared gradient (measures of focus: "
    "Subbarao, Choi and Nikzad, Optical Engineering 32, 1993; Pertuz, Puig and Garcia, Pattern "
    "Recognition 46, 2013); brightness the mean gray level, 0 to 1; contrast its standard "
    "deviation (Peli, JOSA A 7, 1990); detail the share of pixels that differ from a neighbour "
    "by more than 4 of 255 levels. A flag is a fixed limit, never a quantile{limits}.": (
        "선명도는 라플라시안 제곱의 평균을 기울기 제곱의 평균으로 나눈 값(초점의 척도: Subbarao, "
        "Choi and Nikzad, Optical Engineering 32, 1993; Pertuz, Puig and Garcia, Pattern "
        "Recognition 46, 2013). 밝기는 회색값의 평균(0 .. 1), 대비는 그 표준편차(Peli, JOSA A 7, "
        "1990), 세부는 이웃과 255 단계 중 4를 넘게 다른 화소의 비율. 표시의 기준은 분위수가 "
        "아니라 고정된 값{limits}."
    ),
    "A row is suspected where two or more of its twins agree on another word, where all of two "
    "or more raters do, or enough of the votes, or where a model that never saw the row is surer "
    "of another word than it usually is of that one (confident learning: Northcutt, Jiang and "
    "Chuang, JAIR 70, 2021). Twins are one picture labelled twice: where two labels differ one "
    "is wrong, so half the share of pairs that differ is a lower bound of the share of wrong "
    "labels. Pairs of one person are left out.": (
        "다음 가운데 하나면 의심함: 사본 둘 이상이 다른 레이블에 일치함, 둘 이상의 평가자 모두 "
        "또는 충분한 투표가 다른 레이블임, 그 행을 본 적 없는 모델이 다른 레이블을 평소보다 더 "
        "확신함(confident learning: Northcutt, Jiang and Chuang, JAIR 70, 2021). 사본은 레이블이 "
        "두 번 붙은 한 사진이므로, 두 레이블이 다르면 하나는 틀림. 따라서 다른 쌍의 비율의 "
        "절반은 틀린 레이블 비율의 하한임. 한 사람의 쌍은 뺌."
    ),
    "Agreement of raters": "평가자의 일치도",
    "Fleiss’ kappa is (P - Pe) / (1 - Pe), with P the share of rater pairs that agree and Pe "
    "what chance would give (Fleiss, Psychological Bulletin 76, 1971). A majority is more than "
    "half of a row’s votes.": (
        "플라이스 카파는 (P - Pe) / (1 - Pe). P는 일치하는 평가자 쌍의 비율, Pe는 우연히 일치할 "
        "비율(Fleiss, Psychological Bulletin 76, 1971). 과반은 한 행의 투표의 절반을 넘는 것."
    ),
    # what was not checked
    "What was not checked": "확인하지 않은 것",
    "A report that is silent on something has not looked at it.": (
        "보고서가 말하지 않는 것은 보지 않은 것임."
    ),
    "Leakage: there are no two parts to compare. Run fertools split first.": (
        "누출: 비교할 두 부분이 없음. 먼저 fertools split을 실행할 것."
    ),
    "{missing} of {rows} rows have no {what}": "{rows}행 중 {missing}행에 {what} 없음",
    "Leakage by {relation}: {why}.": "누출({relation}): {why}.",
    "{name}: the check has not run. Run fertools curate.": (
        "{name}: 검사를 실행하지 않음. fertools curate를 실행할 것."
    ),
    "Twins within a part": "한 부분 안의 사본",
    "Altered copies within a part": "한 부분 안의 변형된 사본",
    "Blur, exposure, contrast and detail": "흐림, 노출, 대비, 세부",
    "Doubtful labels": "의심스러운 레이블",
    "Balance by {what}: the data set does not say. A model may be worse for some people without "
    "this page showing it.": (
        "균형({what}): 데이터셋에 적혀 있지 않음. 일부 사람에게 더 나쁜 모델이어도 이 보고서에는 "
        "드러나지 않음."
    ),
    "Agreement of raters: the manifest has neither votes nor the words of several raters.": (
        "평가자의 일치도: 매니페스트에 투표도 여러 평가자의 레이블도 없음."
    ),
    "{rows} records whose image has not been read: they are pending.": (
        "이미지를 아직 읽지 않아 대기 중인 기록 {rows}건."
    ),
    "Who somebody is: people are told apart by the names in the data set alone. No face was "
    "recognised, so one person under two names stays two.": (
        "누구인지: 사람은 데이터셋의 이름으로만 구별함. 얼굴 인식을 하지 않으므로 두 이름을 가진 "
        "한 사람은 두 사람으로 남음."
    ),
    "Copies that no longer look alike: another crop, a strong rotation, another photograph of "
    "the same moment.": (
        "더는 닮지 않은 사본: 다르게 자른 것, 많이 돌린 것, 같은 순간의 다른 사진."
    ),
    "Whether the labels are right where nothing contradicts them, and whether a face shows what "
    "somebody felt.": ("반하는 근거가 없는 레이블이 맞는지, 얼굴이 실제 감정을 나타내는지."),
    "Whether those who are shown agreed to it, and whether the licence allows your use.": (
        "사진 속 사람이 동의했는지, 이용 조건이 당신의 용도를 허락하는지."
    ),
    "Made by fertools {version} from": "만든 도구: fertools {version}. 원본:",
    "The page holds everything it shows and asks nothing of the network; the same manifest gives "
    "the same page.": (
        "이 페이지는 보이는 모든 것을 담고 있으며 네트워크에 아무것도 요청하지 않음. 같은 "
        "매니페스트에서는 같은 페이지가 나옴."
    ),
}
