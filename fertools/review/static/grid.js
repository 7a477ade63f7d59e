// The windowed grid: of all faces only those in sight are in the page, and only they are asked for.
const PAGE = 60; // items asked for at once
const PAGES = 12; // kept in memory
const ROWS_AROUND = 2;
const SIZES = { wide: [332, 178], blind: [148, 176] }; // px: least width, height of a card

class Grid {
  constructor(store, box, sheet, draw) {
    Object.assign(this, { store, box, sheet, draw });
    this.filter = { reason: "", label: "", state: "", as_of: 0 };
    this.total = 0;
    this.current = 0;
    this.pages = new Map(); // number -> items, or the promise of them
    this.cards = new Map(); // place -> element
    this.size = SIZES.wide;
    this.onmove = () => {};
    box.addEventListener("scroll", () => this.show(), { passive: true });
    new ResizeObserver(() => { this._reveal(); this.show(true); }).observe(box);
  }

  async open(filter, first = 0) {
    this.filter = filter;
    this.pages.clear();
    this._clear();
    await this._page(Math.floor(first / PAGE));
    this.move(Math.min(first, Math.max(this.total - 1, 0)));
  }

  get columns() {
    return Math.max(1, Math.floor((this.box.clientWidth - 8) / this.size[0]));
  }

  item(place) {
    const page = this.pages.get(Math.floor(place / PAGE));
    return Array.isArray(page) ? page[place % PAGE] : undefined;
  }

  async loaded(place) {
    if (place < this.total) await this._page(Math.floor(place / PAGE));
    return this.item(place);
  }

  // Make a face the current one, and bring it into sight.
  async move(place) {
    if (!this.total) return this._empty();
    this.current = Math.max(0, Math.min(this.total - 1, place));
    this._reveal();
    this.show();
    const next = Math.floor((this.current + PAGE / 2) / PAGE);
    if (next * PAGE < this.total) this._page(next).catch(() => {}); // asked for again once it is needed
    await this._page(Math.floor(this.current / PAGE));
    this.onmove(this.item(this.current));
    return undefined;
  }

  _reveal() {
    const { box, columns, size: [, height] } = this;
    this.sheet.style.height = `${Math.ceil(this.total / columns) * height + 4}px`;
    const top = Math.floor(this.current / columns) * height;
    if (top < box.scrollTop) box.scrollTop = top;
    if (top + height > box.scrollTop + box.clientHeight) box.scrollTop = top + height - box.clientHeight + 4;
  }

  // Put the cards in sight into the page and take the others out.
  show(anew = false) {
    if (anew) this._clear();
    const [, height] = this.size;
    const columns = this.columns;
    const first = Math.max(0, Math.floor(this.box.scrollTop / height) - ROWS_AROUND) * columns;
    const rows = Math.ceil(this.box.clientHeight / height) + 2 * ROWS_AROUND;
    const last = Math.min(this.total, first + rows * columns);
    for (const [place, card] of this.cards) {
      if (place >= first && place < last) continue;
      card.remove();
      this.cards.delete(place);
    }
    for (let place = first; place < last; place += 1) this._card(place, columns);
    const current = this.cards.get(this.current);
    if (current) this.box.setAttribute("aria-activedescendant", current.id);
    else this.box.removeAttribute("aria-activedescendant");
  }

  // Draw again what is shown of some items, after a verdict; of all in another language.
  refresh(keys) {
    for (const [place, card] of this.cards) {
      if (!keys || keys.has(this.item(place)?.key)) this._fill(card, place);
    }
  }

  _card(place, columns) {
    let card = this.cards.get(place);
    if (!card) {
      card = document.createElement("div");
      card.id = `face-${place}`;
      card.className = "card";
      card.setAttribute("role", "option");
      card.dataset.place = place;
      const width = Math.floor(this.box.clientWidth / columns);
      card.style.width = `${width - 8}px`;
      card.style.height = `${this.size[1] - 8}px`;
      card.style.transform = `translate(${(place % columns) * width + 4}px, ${Math.floor(place / columns) * this.size[1] + 4}px)`;
      card.addEventListener("click", () => this.move(place));
      this.cards.set(place, card);
      const after = [...this.cards.keys()].filter((other) => other > place);
      this.sheet.insertBefore(card, after.length ? this.cards.get(Math.min(...after)) : null);
      this._fill(card, place);
    }
    const isCurrent = place === this.current;
    card.setAttribute("aria-selected", String(isCurrent));
    card.classList.toggle("current", isCurrent);
  }

  async _fill(card, place) {
    const number = Math.floor(place / PAGE);
    if (!Array.isArray(this.pages.get(number))) {
      card.setAttribute("aria-label", tell("place", count(place + 1), count(this.total)));
      await this._page(number).catch(() => {});
    }
    const item = this.item(place);
    if (item && this.cards.get(place) === card) this.draw(card, item, place, this.total);
  }

  async _page(number) {
    if (!this.pages.has(number)) {
      const { filter, pages } = this;
      const asked = this.store.items(filter, number * PAGE, PAGE).then((found) => {
        if (this.filter !== filter) return; // another filter was chosen meanwhile
        this.total = found.total;
        pages.set(number, found.items);
      });
      pages.set(number, asked);
      asked.catch(() => { if (pages.get(number) === asked) pages.delete(number); });
      const near = Math.floor(this.current / PAGE);
      for (const old of pages.keys()) {
        if (pages.size > PAGES && old !== number && Math.abs(old - near) > 2) pages.delete(old);
      }
    }
    await this.pages.get(number);
  }

  _clear() {
    for (const card of this.cards.values()) card.remove();
    this.cards.clear();
  }

  _empty() {
    this.current = 0;
    this._reveal();
    this.show(true);
    this.onmove(undefined);
  }
}
