// Where items come from and verdicts go to: a server, or the bundle that this page is part of.
// Both: session(), items(filter, first, count), picture(n, twin), add(verdict), onchange, waiting().
const RETRY = 2000; // ms
const TAB = Math.random().toString(36).slice(2, 10);
let numbered = 0;

function uid() {
  numbered += 1;
  return `${TAB}-${Date.now().toString(36)}-${numbered}`;
}

function stored(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(name);
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
    return value;
  } catch {
    return null; // private windows may keep nothing
  }
}

function storedNames(start) {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(start));
  } catch {
    return [];
  }
}

class ServerStore {
  constructor() {
    this.outbox = [];
    this.acknowledged = new Map(); // key -> number of this tab's last entry
    this.busy = false;
    this.onchange = () => {};
    this.ontrouble = () => {};
  }

  async session() {
    this.about = await this._get("session");
    this.prefix = `fertools:${this.about.box}:`;
    for (const name of storedNames(this.prefix)) { // of a page that was closed before it could send
      this.outbox.push(...JSON.parse(stored(name) ?? "[]"));
      stored(name, null);
    }
    if (this.outbox.length) {
      this._keep();
      await this._flush();
      this.about = await this._get("session");
    }
    this.entries = this.about.entries;
    setInterval(() => { if (!document.hidden && !this.busy && !this.outbox.length) this._news(); }, 5000);
    return this.about;
  }

  async items(filter, first, count) {
    const query = new URLSearchParams({ ...filter, from: first, count });
    return this._get(`items?${query}`);
  }

  picture(n, twin) {
    return twin ? `face/${n}/${twin}` : `face/${n}`;
  }

  add(item, verdict) {
    this.outbox.push({ key: item.key, uid: uid(), after: item.mine.number, ...verdict });
    this._keep();
    this._flush();
  }

  waiting() {
    return this.outbox.length;
  }

  pending(key) {
    return this.outbox.some((each) => each.key === key);
  }

  _keep() {
    stored(this.prefix + TAB, this.outbox.length ? JSON.stringify(this.outbox) : null);
  }

  async _flush() {
    if (this.busy) return;
    this.busy = true;
    while (this.outbox.length) {
      const given = { ...this.outbox[0] };
      given.after = Math.max(given.after, this.acknowledged.get(given.key) ?? 0);
      let answer;
      try {
        answer = await fetch("verdicts", {
          method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(given),
        });
      } catch {
        this.ontrouble("away", this.outbox.length);
        break;
      }
      if (answer.status === 403 || answer.status >= 500) {
        this.ontrouble(answer.status === 403 ? "restarted" : "away", this.outbox.length);
        break;
      }
      await this._take(answer, given);
    }
    this.busy = false;
    if (this.outbox.length) setTimeout(() => this._flush(), RETRY);
  }

  async _take(answer, given) {
    this.outbox.shift();
    this._keep();
    if (answer.status !== 200 && answer.status !== 409) {
      this.ontrouble("refused", await answer.text());
      return;
    }
    const told = await answer.json();
    this.acknowledged.set(told.key, told.mine.number);
    if (answer.status === 409) this.ontrouble("overtaken", verdictOf(told.mine));
    else this.ontrouble("");
    if (!this.pending(told.key)) this.onchange([told], told.progress);
  }

  async _news() {
    try {
      const told = await this._get(`news?since=${this.entries}`);
      this.entries = told.entries;
      this.onchange(told.news.filter((each) => !this.pending(each.key)), told.progress);
    } catch {
      this.ontrouble("away", this.outbox.length);
    }
  }

  async _get(path) {
    const answer = await fetch(path);
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}

class BundleStore {
  constructor(data) {
    this.data = data;
    this.given = []; // as a journal has them
    this.saved = 0;
    this.onchange = () => {};
    this.ontrouble = () => {};
  }

  async session() {
    this.about = this.data.session;
    this.prefix = `fertools:bundle:${this.about.box}:`;
    this.place = new Map(this.data.items.map((item, at) => [item.key, at]));
    const kept = storedNames(this.prefix).map((name) => JSON.parse(stored(name)));
    kept.sort((a, b) => (a.at - b.at) || (a.uid < b.uid ? -1 : 1));
    for (const each of kept) this._apply(each);
    return { ...this.about, entries: this.given.length, progress: this.progress() };
  }

  progress() {
    const found = { keep: 0, drop: 0, relabel: 0, unsure: 0, open: 0 };
    for (const item of this.data.items) found[item.mine.verdict] += 1;
    return found;
  }

  async items(filter, first, count) {
    const states = new Map();
    for (const each of this.given.slice(0, filter.as_of)) states.set(each.key, each.verdict);
    const fits = this.data.items.filter((item) => {
      const state = states.get(item.key) ?? "open";
      if (filter.state === "decided" ? state === "open" : filter.state && state !== filter.state) return false;
      if (filter.label && item.label !== filter.label) return false;
      return !filter.reason || item.reasons.some((reason) => reason.flag === filter.reason);
    });
    return { total: fits.length, entries: this.given.length, items: fits.slice(first, first + count) };
  }

  picture(n, twin) {
    return this.data.pictures[this.data.shown[twin ? `${n}/${twin}` : `${n}`]] ?? "";
  }

  // Each verdict has a place of its own in the browser: tabs cannot overwrite one another.
  add(item, verdict) {
    const label = verdict.verdict === "keep" ? item.label : verdict.label;
    const each = { ...verdict, label, key: item.key, uid: uid(), at: Date.now() };
    const isKept = stored(this.prefix + each.uid, JSON.stringify(each)) !== null;
    this._apply(each);
    this.ontrouble(isKept ? "" : "noStorage");
    this.onchange([{ key: item.key, mine: this.data.items[this.place.get(item.key)].mine }], this.progress());
  }

  _apply(each) {
    const at = this.place.get(each.key);
    if (at === undefined || this.given.some((other) => other.uid === each.uid)) return false;
    this.given.push(each);
    const { verdict, label = null, second = null } = each;
    this.data.items[at].mine = { verdict, label, second, number: this.given.length };
    return true;
  }

  waiting() {
    return this.given.length - this.saved;
  }

  file() {
    const lines = [this.data.opening, ...this.given.map(({ key, verdict, label, second, uid, at }) => (
      { key, verdict, label: label ?? null, second: second ?? null, uid, time: new Date(at).toISOString() }))];
    this.saved = this.given.length;
    return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  }

  load(text) {
    const lines = text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
    const opening = lines.shift() ?? {};
    if (opening.session !== this.data.opening.session || opening.reviewer !== this.data.opening.reviewer) return -1;
    let taken = 0;
    for (const { time, ...each } of lines) {
      const entry = { ...each, at: Date.parse(time) };
      if (this._apply(entry)) {
        stored(this.prefix + entry.uid, JSON.stringify(entry));
        taken += 1;
      }
    }
    return taken;
  }
}
