// The page: keys and buttons to verdicts, verdicts to the store, and what is known to the eye.
const at = (id) => document.getElementById(id);
const bundled = at("bundle");
const store = bundled ? new BundleStore(JSON.parse(bundled.textContent)) : new ServerStore();
const grid = new Grid(store, at("grid"), at("sheet"), drawCard);
const undone = []; // what each item was before this page judged it
let about = null;
let turn = Promise.resolve();
let choosing = null; // null, or {first} while a label is being chosen

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

// A picture; one that is among `there` already is taken over, and not asked for again.
function pictureOf(item, twin, name = "", there = []) {
  if (!twin && !item.picture) return make("span", "face none", tell("noPicture"));
  const source = store.picture(item.n, twin);
  const known = [...there].find((image) => image.getAttribute("src") === source);
  if (known) return known;
  const image = make("img", "face");
  image.alt = name;
  image.decoding = "async";
  image.draggable = false;
  image.addEventListener("error", () => image.replaceWith(make("span", "face none", tell("noPicture"))));
  image.src = source;
  return image;
}

function drawCard(card, item, place, total) {
  const { mine } = item;
  const there = card.querySelectorAll("img");
  const facts = make("div", "facts");
  if (!about.blind) facts.append(make("p", "label", wordOf(item.label ?? item.raw_label)));
  for (const reason of (item.reasons ?? []).slice(0, 3)) facts.append(make("p", "why", reasonOf(reason)));
  for (const other of item.others ?? []) facts.append(make("p", "why", tell("othersSaid", other.who, verdictOf(other))));
  const badge = make("p", `badge ${mine.verdict}`, mine.verdict === "open" ? "" : verdictOf(mine));
  const row = make("div", "row");
  row.append(pictureOf(item, 0, "", there), facts);
  const strip = make("div", "strip");
  (item.twins ?? []).slice(0, 4).forEach((twin, number) => {
    const beside = make("span", "beside");
    const differs = twin.label !== item.label ? " differs" : "";
    beside.append(pictureOf(item, number + 1, "", there), make("span", `name${differs}`, wordOf(twin.label)));
    strip.append(beside);
  });
  card.replaceChildren(row, ...(strip.childElementCount ? [strip] : []), badge);
  card.setAttribute("aria-posinset", String(place + 1));
  card.setAttribute("aria-setsize", String(total));
  card.setAttribute("aria-label", spoken(item, place, total));
}

function spoken(item, place, total) {
  const parts = [tell("place", count(place + 1), count(total))];
  if (!about.blind) parts.push(wordOf(item.label ?? item.raw_label), ...(item.reasons ?? []).map(reasonOf));
  for (const twin of item.twins ?? []) parts.push(`${tell("twin")} ${wordOf(twin.label)}`);
  for (const other of item.others ?? []) parts.push(tell("othersSaid", other.who, verdictOf(other)));
  parts.push(`${tell("verdict")}: ${verdictOf(item.mine)}`);
  return parts.join(", ");
}

// The current face, larger, with all that is known; where the window has room for it.
function drawCloser(item) {
  const pane = at("closer");
  if (!item) return pane.replaceChildren();
  const list = make("ul", "whys");
  for (const reason of item.reasons ?? []) list.append(make("li", "", reasonOf(reason)));
  for (const other of item.others ?? []) list.append(make("li", "", tell("othersSaid", other.who, verdictOf(other))));
  const facts = [item.official_split && tell("part", item.official_split), item.subject && tell("person", item.subject), item.id];
  const twins = make("div", "twins");
  (item.twins ?? []).forEach((twin, number) => {
    const figure = make("figure");
    const differs = twin.label !== item.label ? "differs" : "";
    const caption = make("figcaption", differs, wordOf(twin.label));
    const more = [twin.ncc && tell("likeness", twin.ncc.toFixed(2)), twin.official_split].filter(Boolean);
    if (more.length) caption.append(make("small", "", more.join(", ")));
    figure.append(pictureOf(item, number + 1, `${tell("twin")}: ${wordOf(twin.label)}`), caption);
    twins.append(figure);
  });
  const label = make("p", "label", about.blind ? "" : wordOf(item.label ?? item.raw_label));
  const heading = twins.childElementCount ? [make("h2", "", tell("twins")), twins] : [];
  pane.replaceChildren(pictureOf(item, 0, tell("current")), label, list, ...heading,
    ...facts.filter(Boolean).map((text) => make("p", "fact", text)));
  return undefined;
}

// One after another: a key that comes while faces are still on their way waits for them.
function inTurn(action) {
  turn = turn.then(action).catch(() => trouble(tell("away", store.waiting())));
}

async function judge(verdict) {
  const item = await grid.loaded(grid.current);
  if (!item) return;
  undone.push({ key: item.key, place: grid.current, filter: grid.filter, before: { ...item.mine } });
  apply(item, verdict);
  const next = grid.item(grid.current + 1);
  announce(tell("did", verdictOf(item.mine), next ? spoken(next, grid.current + 1, grid.total) : tell("nothing")));
  await grid.move(grid.current + 1);
}

function apply(item, { verdict, label = null, second = null }) {
  store.add(item, { verdict, label, second });
  if (!bundled) item.mine = { ...item.mine, verdict, label, second };
  grid.refresh(new Set([item.key]));
}

async function undo() {
  const last = undone.pop();
  if (!last) return announce(tell("nothingToUndo"));
  if (grid.filter !== last.filter) await filterTo(last.filter);
  await grid.move(last.place);
  const item = grid.item(last.place);
  if (!item || item.key !== last.key) return announce(tell("nothingToUndo"));
  const { verdict, label, second } = last.before;
  apply(item, { verdict, label: verdict === "relabel" ? label : null, second });
  return announce(tell("undone", spoken(item, last.place, grid.total)));
}

function choose(open) {
  choosing = open ? { first: null } : null;
  at("choose").hidden = !open && !about.blind; // the blind need the words for every face
  document.querySelector("[data-verdict=relabel]").setAttribute("aria-expanded", String(open));
  if (open || about.blind) drawWords();
  if (open) announce(`${at("which").textContent} ${at("words").innerText}`);
}

function drawWords() {
  const first = choosing?.first ?? null;
  at("which").textContent = first ? tell("second", wordOf(first)) : tell("which");
  const buttons = about.words.map((word, number) => {
    const button = make("button");
    button.type = "button";
    if (number < 10) button.append(make("kbd", "", String((number + 1) % 10)), " ");
    button.append(wordOf(word));
    button.disabled = word === first;
    button.addEventListener("click", () => inTurn(() => pick(word)));
    return button;
  });
  at("words").replaceChildren(...buttons);
}

function pick(word) {
  if (!choosing) return judge({ verdict: "relabel", label: word });
  if (word === choosing.first) return undefined;
  if (!choosing.first) {
    choosing.first = word;
    drawWords();
    return announce(at("which").textContent);
  }
  return settle(word);
}

function settle(second = null) {
  const label = choosing.first;
  choose(false);
  at("grid").focus();
  return label ? judge({ verdict: "relabel", label, second }) : undefined;
}

function act(name) {
  if (name === "undo") return undo();
  if (name === "relabel") return choose(!choosing);
  if (choosing) choose(false);
  if (name === "keep" && about.blind) return announce(tell("cannotKeep"), true);
  return judge({ verdict: name });
}

function announce(text, aloud = false) {
  at("said").textContent = text;
  if (aloud) trouble(text);
}

function trouble(text) {
  at("trouble").textContent = text;
}

const LETTERS = { k: "keep", d: "drop", r: "relabel", u: "unsure", z: "undo" };

// A Hangul keyboard sends other letters: then the place of the key counts.
function letter(event) {
  if (/^[\x20-\x7e]$/.test(event.key)) return event.key.toLowerCase();
  return event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : event.key;
}

function onkey(event) {
  const inField = event.target.closest("select, input, dialog");
  if (event.ctrlKey || event.metaKey || event.altKey || inField || !about) return;
  const key = letter(event);
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -grid.columns, ArrowDown: grid.columns };
  const page = Math.max(1, Math.floor(grid.box.clientHeight / grid.size[1])) * grid.columns;
  const onButton = event.target.closest("button, a");
  const word = /^[0-9]$/.test(key) ? about.words[(Number(key) + 9) % 10] : undefined;
  if (key in steps) inTurn(() => grid.move(grid.current + steps[key]));
  else if (key === "PageDown" || key === "PageUp") inTurn(() => grid.move(grid.current + (key === "PageDown" ? page : -page)));
  else if (key === "Home" || key === "End") inTurn(() => grid.move(key === "Home" ? 0 : grid.total - 1));
  else if (key in LETTERS) inTurn(() => act(LETTERS[key]));
  else if (key === "Backspace") inTurn(undo);
  else if (word) inTurn(() => pick(word));
  else if (key === "Escape") inTurn(() => choose(false));
  else if (key === "Enter" && !onButton) inTurn(() => choosing?.first && settle());
  else if (key === "?") showKeys();
  else return;
  event.preventDefault();
}

function showKeys() {
  const rows = [["← → ↑ ↓", tell("move")], ["Home, End", tell("first")], ["K", tell("keep")], ["D", tell("drop")],
    ["R", tell("chooseTwo")], ["U", tell("unsure")], ["Z", tell("undo")],
    ...about.words.slice(0, 10).map((word, number) => [String((number + 1) % 10), `${wordOf(word)}: ${tell("relabelNow")}`])];
  at("key-list").replaceChildren(...rows.map(([key, what]) => {
    const row = make("div");
    const term = make("dt");
    term.append(make("kbd", "", key));
    row.append(term, make("dd", "", what));
    return row;
  }));
  at("help").showModal();
}

function drawProgress(progress) {
  about.progress = progress;
  const judged = about.items - progress.open;
  at("progress").max = Math.max(about.items, 1);
  at("progress").value = judged;
  at("tally").textContent = tell("tally", ...[judged, about.items, progress.keep, progress.drop, progress.relabel, progress.unsure].map(count));
}

function drawFilters() {
  const { reason, label } = about.facets;
  const states = ["", "open", "decided", "keep", "drop", "relabel", "unsure"].filter((name) => name !== "keep" || !about.blind);
  fillSelect("state", states.map((name) => [name, name ? tell(name) : tell("any")]));
  const any = ["", tell("any")];
  fillSelect("reason", [any, ...Object.entries(reason).map(([name, n]) => [name, `${flagOf(name)} (${count(n)})`])]);
  fillSelect("label", [any, ...Object.entries(label).map(([name, n]) => [name, `${wordOf(name)} (${count(n)})`])]);
}

function fillSelect(name, options) {
  const select = at("filters").elements[name];
  const before = select.value;
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  select.value = before;
  at(`by-${name}`).hidden = options.length < 2;
}

async function filterTo(filter, first = 0) {
  for (const name of ["state", "reason", "label"]) at("filters").elements[name].value = filter[name];
  await grid.open(filter, first);
  at("nothing").hidden = grid.total > 0;
  at("found").textContent = tell("found", count(grid.total));
}

function chosenFilter() {
  const { state, reason, label } = at("filters").elements;
  // later verdicts do not move faces out of sight: the filter is as of now
  const entries = bundled ? store.given.length : store.entries;
  return { state: state.value, reason: reason.value, label: label.value, as_of: entries };
}

function speak(name) {
  language = TEXT[name] ? name : "en";
  stored("fertools:language", language);
  document.documentElement.lang = language;
  at("language").value = language;
  for (const each of document.querySelectorAll("[data-text]")) each.textContent = tell(each.dataset.text);
  for (const each of document.querySelectorAll("[data-label]")) each.setAttribute("aria-label", tell(each.dataset.label));
  at("title").textContent = document.title = tell("title", about.data);
  at("who").textContent = tell("who", about.reviewer, about.session);
  drawFilters();
  drawProgress(about.progress);
  if (choosing || about.blind) drawWords();
  at("found").textContent = tell("found", count(grid.total));
  grid.refresh();
  drawCloser(grid.item(grid.current));
}

function onchange(changes, progress) {
  const mine = new Map(changes.map((each) => [each.key, each.mine]));
  for (const page of grid.pages.values()) {
    for (const item of Array.isArray(page) ? page : []) if (mine.has(item.key)) item.mine = mine.get(item.key);
  }
  if (progress) drawProgress(progress);
  if (store.entries !== undefined) store.entries = Math.max(store.entries, ...changes.map((each) => each.mine.number));
  if (mine.size) grid.refresh(mine);
}

function saveFile() {
  const name = `${about.reviewer}.${about.session}.jsonl`;
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([store.file()], { type: "application/x-ndjson" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  announce(tell("saved", name), true);
}

async function loadFile(event) {
  const [file] = event.target.files;
  let taken = -1;
  try {
    taken = store.load(await file.text());
  } catch { /* no JSON: said below */ }
  trouble(taken < 0 ? tell("notVerdicts", about.reviewer) : tell("loaded", count(taken)));
  if (taken > 0) {
    drawProgress(store.progress());
    grid.refresh();
  }
  event.target.value = "";
}

async function start() {
  about = await store.session();
  if (about.blind) grid.size = SIZES.blind;
  document.body.classList.toggle("blind", about.blind);
  document.querySelector("[data-verdict=keep]").hidden = about.blind;
  choose(false);
  store.onchange = onchange;
  store.ontrouble = (name, value) => trouble(name ? tell(name, value) : "");
  grid.onmove = drawCloser;
  speak(stored("fertools:language") ?? (navigator.language.startsWith("ko") ? "ko" : "en"));
  for (const id of ["save", "load"]) at(id).hidden = !bundled;
  const now = chosenFilter();
  // go on where the last sitting ended
  const open = about.progress.open < about.items ? (await store.items({ ...now, state: "open" }, 0, 1)).items[0] : null;
  await filterTo(now, open ? open.n : 0);
  at("grid").focus({ preventScroll: true });
}

document.addEventListener("keydown", onkey);
at("verdicts").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) inTurn(() => act(button.dataset.verdict));
});
at("filters").addEventListener("change", () => filterTo(chosenFilter()));
at("filters").addEventListener("submit", (event) => event.preventDefault());
at("language").addEventListener("change", (event) => speak(event.target.value));
at("ask").addEventListener("click", showKeys);
at("save").addEventListener("click", saveFile);
at("load").addEventListener("change", loadFile);
addEventListener("beforeunload", (event) => {
  if (store.waiting()) event.preventDefault();
});
start().catch((error) => trouble(String(error.message ?? error)));
