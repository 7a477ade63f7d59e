"use strict";
// What the page says, in English and Korean. Labels stay words of the data; Korean is added to them.
const TEXT = {
  en: {
    skip: "To the faces", private: "Private: this page shows faces. Do not share it.",
    save: "Save verdicts", load: "Load a file", keys: "Keys", close: "Close", language: "Language",
    filters: "Filters", state: "Verdict", reason: "Reason", label: "Label", any: "any",
    faces: "Faces to look at", current: "The current face", verdict: "Verdict",
    keep: "Keep", drop: "Drop", relabel: "Relabel", unsure: "Unsure", undo: "Undo",
    open: "open", decided: "decided", nothing: "Nothing fits this filter.",
    hint: "Arrow keys move, K keeps, D drops, R chooses another label, U is unsure, Z takes back, question mark lists all keys.",
    which: "Which label is right?", second: "{0}. A second choice, or Enter for none",
    title: "Review {0}", who: "{0}, {1}",
    tally: "{0} of {1} judged: {2} keep, {3} drop, {4} relabel, {5} unsure",
    found: "{0} faces", place: "{0} of {1}", noLabel: "no label", part: "part {0}", person: "person {0}",
    twins: "Twins", twin: "twin", likeness: "NCC {0}", othersSaid: "{0} said {1}", noPicture: "no picture",
    did: "{0}. Next: {1}", undone: "Taken back: {0}", nothingToUndo: "Nothing to take back",
    overtaken: "Another tab has said {0} on this face meanwhile. Nothing was overwritten: judge it again if you mean it.",
    away: "The server does not answer. {0} verdicts wait in this browser and are sent once it is back.",
    restarted: "The server was started anew: open the address that it prints now. {0} verdicts wait in this browser and are sent from there.",
    refused: "The server did not take a verdict: {0}", unsaved: "{0} verdicts are not saved to a file yet.",
    saved: "Saved. Send the file {0} back.", noStorage: "This browser keeps nothing: save before you close the page.",
    notVerdicts: "This file holds no verdicts of {0} in this bundle.", loaded: "{0} verdicts loaded.", cannotKeep: "Blind: choose a label, drop, or unsure",
    move: "move", first: "first, last", relabelNow: "this label, at once", chooseTwo: "label with a second choice",
    flag: {
      label_suspect: "label in doubt", contradicting_twins: "a twin bears another label",
      exact_copy: "equal to an earlier face", near_copy: "near-copy of an earlier face",
      derived_copy: "derived from another image", constant: "one gray level", low_detail: "little detail",
      blurred: "blurred", underexposed: "underexposed", overexposed: "overexposed",
      low_contrast: "little contrast", no_face: "no face was found", said: "reviewers disagree",
      empty: "empty file", truncated: "truncated file", not_an_image: "not an image",
      undecodable: "cannot be decoded", too_large: "too large", too_small: "too small",
    },
    by: { twins: "twins say {0}", raters: "raters say {0}", votes: "votes say {0}", probs: "a model says {0}" },
  },
  ko: {
    skip: "얼굴 목록으로", private: "비공개: 얼굴이 보이는 페이지입니다. 공유하지 마세요.",
    save: "판정 저장", load: "파일 불러오기", keys: "단축키", close: "닫기", language: "언어",
    filters: "필터", state: "판정", reason: "이유", label: "레이블", any: "전체",
    faces: "검토할 얼굴", current: "현재 얼굴", verdict: "판정",
    keep: "유지", drop: "제외", relabel: "레이블 변경", unsure: "모름", undo: "되돌리기",
    open: "미판정", decided: "판정함", nothing: "조건에 맞는 얼굴이 없습니다.",
    hint: "화살표로 이동, K 유지, D 제외, R 레이블 변경, U 모름, Z 되돌리기, 물음표는 모든 단축키입니다.",
    which: "맞는 레이블은 무엇입니까?", second: "{0}. 두 번째 후보를 고르거나 Enter",
    title: "{0} 검토", who: "{0}, {1}",
    tally: "{1}개 중 {0}개 판정: 유지 {2}, 제외 {3}, 변경 {4}, 모름 {5}",
    found: "얼굴 {0}개", place: "{1}개 중 {0}번째", noLabel: "레이블 없음", part: "분할 {0}", person: "인물 {0}",
    twins: "쌍둥이 영상", twin: "쌍둥이", likeness: "NCC {0}", othersSaid: "{0}: {1}", noPicture: "그림 없음",
    did: "{0}. 다음: {1}", undone: "되돌림: {0}", nothingToUndo: "되돌릴 것이 없습니다",
    overtaken: "다른 탭에서 이 얼굴을 {0}(으)로 판정했습니다. 덮어쓰지 않았으니 필요하면 다시 판정하세요.",
    away: "서버가 응답하지 않습니다. 판정 {0}개를 브라우저에 보관하고, 연결되면 보냅니다.",
    restarted: "서버가 다시 시작되었습니다. 새로 출력된 주소를 여세요. 보관된 판정 {0}개는 거기서 보냅니다.",
    refused: "서버가 판정을 받지 않았습니다: {0}", unsaved: "아직 파일로 저장하지 않은 판정이 {0}개 있습니다.",
    saved: "저장했습니다. {0} 파일을 보내 주세요.", noStorage: "이 브라우저에는 보관할 수 없습니다. 닫기 전에 저장하세요.",
    notVerdicts: "이 묶음에서 {0}의 판정이 아닌 파일입니다.", loaded: "판정 {0}개를 불러왔습니다.", cannotKeep: "블라인드: 레이블을 고르거나 제외, 모름",
    move: "이동", first: "처음, 끝", relabelNow: "이 레이블로 바로 변경", chooseTwo: "두 번째 후보와 함께 변경",
    flag: {
      label_suspect: "레이블 의심", contradicting_twins: "쌍둥이와 레이블이 다름",
      exact_copy: "앞의 얼굴과 똑같음", near_copy: "앞의 얼굴과 거의 같음",
      derived_copy: "다른 영상에서 만든 것", constant: "단색", low_detail: "세부 부족",
      blurred: "흐림", underexposed: "너무 어두움", overexposed: "너무 밝음",
      low_contrast: "대비 부족", no_face: "얼굴을 찾지 못함", said: "검토자 의견 불일치",
      empty: "빈 파일", truncated: "잘린 파일", not_an_image: "영상이 아님",
      undecodable: "해독 불가", too_large: "너무 큼", too_small: "너무 작음",
    },
    by: { twins: "쌍둥이는 {0}", raters: "평가자는 {0}", votes: "투표는 {0}", probs: "모델은 {0}" },
  },
};
const KOREAN = {
  anger: "분노", contempt: "경멸", disgust: "혐오", fear: "공포", happiness: "기쁨", neutral: "중립",
  sadness: "슬픔", surprise: "놀람", embarrassment: "당황", anxiety: "불안", hurt: "상처",
};
let language = "en";

function tell(name, ...values) {
  const text = TEXT[language][name] ?? name;
  return text.replace(/\{(\d)\}/g, (_, at) => String(values[at] ?? ""));
}

function count(number) {
  return number.toLocaleString(language);
}

function wordOf(label) {
  if (label === null || label === undefined) return tell("noLabel");
  return language === "ko" && KOREAN[label] ? `${KOREAN[label]} (${label})` : label;
}

function flagOf(flag) {
  return TEXT[language].flag[flag] ?? flag.replaceAll("_", " ");
}

// One reason as a sentence; what it rests on stands behind it.
function reasonOf(reason) {
  const known = TEXT[language].by[reason.by];
  if (reason.flag === "said") return tell("othersSaid", reason.by, sayWord(reason.word));
  const value = reason.value === undefined ? "" : ` (${reason.value.toFixed(2)})`;
  if (reason.by) return (known ?? `${reason.by}: {0}`).replace("{0}", wordOf(reason.word)) + value;
  return flagOf(reason.flag) + (reason.word ? `: ${reason.word}` : value);
}

function sayWord(word) {
  return ["keep", "drop", "unsure"].includes(word) ? tell(word) : wordOf(word);
}

// What was said of an item, in words.
function verdictOf(mine) {
  if (mine.verdict !== "relabel") return mine.verdict === "open" ? tell("open") : tell(mine.verdict);
  return wordOf(mine.label) + (mine.second ? ` / ${wordOf(mine.second)}` : "");
}
