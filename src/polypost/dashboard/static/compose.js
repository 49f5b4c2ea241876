// The composer: asks the server while one types, sends files, and keeps what was typed. The form works without it.
const form = document.querySelector("#compose");
const all = (pick, where = form) => [...where.querySelectorAll(pick)];
const one = (pick, where = form) => where.querySelector(pick);
const words = form?.dataset;
// With the page: a file may be chosen while the server is away, and goes once it is back.
const uploading = form && import(words.upload);

function later(wait, act) {
  let timer;
  return () => { clearTimeout(timer); timer = setTimeout(act, wait); };
}

// What one is told, above the form; nothing typed is lost meanwhile.
function say(text, link) {
  const state = one("#state");
  state.hidden = !text;
  state.classList.toggle("wrong", Boolean(text));
  state.textContent = text;
  if (link) {
    const to = Object.assign(document.createElement("a"), { href: link, target: "_blank", textContent: new URL(link, location.href).pathname });
    state.append(" ", to);
  }
}

// Asking the server

function said(further = {}) {
  const data = new FormData(form);
  data.delete("file");
  for (const [name, value] of Object.entries(further)) data.set(name, value);
  return data;
}

// A session that ended and began anew has another token: the page takes it over.
async function renewed() {
  const answer = await fetch(words.fresh, { headers: { accept: "text/html" } });
  const token = page(await answer.text()).querySelector("#compose [name=token]");
  if (!token) return false;
  form.elements.token.value = token.value;
  return true;
}

async function ask(url, data, signal) {
  for (const again of [false, true]) {
    let answer;
    try {
      answer = await fetch(url, { method: "POST", body: data, signal, headers: { "x-part": "true" } });
      if ((answer.status === 401 || answer.status === 403) && !again && await renewed()) {
        data.set("token", form.elements.token.value);
        continue;
      }
      // Read here: one that is asked anew ends the other while its answer comes, too.
      answer.said = await answer.text();
    } catch (error) {
      if (error.name !== "AbortError") { say(words.away); setTimeout(changed, 4000); }
      return null;
    }
    if (answer.status === 401 || answer.status === 403) { say(words.out, "/dashboard/sign-in"); setTimeout(changed, 4000); return null; }
    if (answer.status >= 500) { say(words.odd); return null; }
    if ([words.away, words.out, words.odd].some((each) => one("#state").textContent.startsWith(each))) say("");
    return answer;
  }
  return null;
}

const page = (html) => new DOMParser().parseFromString(html, "text/html");

function put(found) {
  for (const part of all("[data-part]", found)) {
    const place = one(`[data-part=${part.dataset.part}]`);
    if (!place) continue;
    const focused = place.contains(document.activeElement) ? document.activeElement.value : null;
    place.replaceChildren(...part.children);
    if (focused) one(`button[value="${focused}"]`, place)?.focus();
  }
  for (const old of all(".why")) old.remove();
  for (const old of all("[aria-invalid]")) { old.removeAttribute("aria-invalid"); old.removeAttribute("aria-describedby"); }
  for (const [at, problem] of all(".problems li").entries()) {
    const field = document.getElementById(problem.dataset.field);
    if (!field || !form.contains(field) || ["page", "media", "accounts"].includes(field.id)) continue;
    const text = Object.assign(document.createElement("p"), { className: "problem why", lang: "en", id: `why.${at}`, textContent: one(".message", problem).textContent });
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", text.id);
    if (field.matches("input[type=checkbox]")) continue;
    const place = field.matches("details") ? field.querySelector("summary") : field;
    (all(":scope > .why", place.parentElement).at(-1) ?? place).after(text);
  }
}

let asking;
const check = later(350, async () => {
  asking?.abort();
  asking = new AbortController();
  const answer = await ask(words.check, said(), asking.signal);
  if (answer?.ok) put(page(answer.said));
});

let looking;
const sheet = new CSSStyleSheet();
const look = later(500, async () => {
  looking?.abort();
  looking = new AbortController();
  const answer = await ask(words.preview, said(), looking.signal);
  if (!answer?.ok) return;
  // The page's policy takes no style sheet of another page, but one that is made here.
  const [, rules, rest] = answer.said.match(/<style[^>]*>([^]*?)<\/style>([^]*)/);
  const found = page(rest);
  const place = one("#preview");
  const root = place.shadowRoot ?? place.attachShadow({ mode: "open" });
  sheet.replaceSync(rules);
  root.adoptedStyleSheets = [sheet];
  const shown = Object.assign(document.createElement("div"), { className: "shown" });
  shown.append(...found.querySelector(".shown").childNodes);
  root.replaceChildren(shown);
});

let probed = "";
const probe = later(900, async () => {
  const set = JSON.stringify([...said().entries()].filter(([name]) => name.startsWith("media-") && name !== "media-altText" || name === "account"));
  if (set === probed || (!probed && !all("[name=media-url]").some((each) => each.value))) return;
  probed = set;
  const answer = await ask(words.media, said());
  if (answer?.ok) one("[data-part=media]").replaceChildren(...page(answer.said).body.children);
});

function changed() { check(); look(); probe(); save(); }

// Keeping what was typed: each tab has a place of its own, so that none writes over another's.

const before = `polypost:${words?.slot}:`;
let tab = sessionStorage.getItem("polypost:tab") || crypto.randomUUID();
let touched = false;

const kept = (key) => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } };

const save = later(200, () => {
  if (!touched) return;
  const fields = [...said().entries()].filter(([name]) => name !== "token");
  try { localStorage.setItem(before + tab, JSON.stringify({ at: Date.now(), fields })); } catch { /* a full store keeps nothing; the form still has it */ }
});

function forget() { touched = false; localStorage.removeItem(before + tab); }

async function restore(record) {
  const data = new FormData();
  for (const [name, value] of record.fields) data.append(name, value);
  data.set("token", form.elements.token.value);
  data.set("do", "redraw");
  const answer = await ask(form.action, data);
  const found = answer?.ok && page(answer.said).querySelector("#compose");
  if (!found) return;
  form.replaceChildren(...found.childNodes);
  touched = true;
  begin();
  changed();
  say(words.back);
  one("#state").classList.remove("wrong");
}

function offerOthers() {
  const others = Object.keys(localStorage).filter((key) => key.startsWith(before) && key !== before + tab);
  for (const key of others) if (!(kept(key)?.at > Date.now() - 30 * 86_400_000)) localStorage.removeItem(key);
  const newest = others.map((key) => [key, kept(key)]).filter(([, record]) => record?.fields).sort((a, b) => b[1].at - a[1].at)[0];
  if (!newest) return;
  const [key, record] = newest;
  const state = one("#state");
  state.replaceChildren(document.querySelector("#other").content.cloneNode(true));
  state.hidden = false;
  one("time", state).textContent = new Date(record.at).toLocaleString();
  one("q", state).textContent = (record.fields.find(([name]) => name === "content")?.[1] ?? "").slice(0, 60);
  one("[data-take]", state).addEventListener("click", async () => { say(""); await restore(record); localStorage.removeItem(key); });
  one("[data-drop]", state).addEventListener("click", () => { localStorage.removeItem(key); say(""); });
}

addEventListener("storage", (event) => {
  // A tab that was doubled has the same name: this one takes another.
  if (form && event.key === before + tab && event.newValue && touched) {
    tab = crypto.randomUUID();
    sessionStorage.setItem("polypost:tab", tab);
    save();
  }
});

// Sending

let under = 0;
let sending = false;

async function send(button) {
  if (sending || under) { if (under) one(".going:not([hidden])")?.scrollIntoView({ block: "center" }); return; }
  sending = true;
  const answer = await ask(form.action, said({ do: button.value }));
  sending = false;
  if (!answer) return;
  const place = answer.headers.get("x-lead-to");
  if (place) { forget(); location.assign(place); return; }
  const found = page(answer.said);
  if (!found.querySelector("#compose")) { say(found.querySelector("[role=alert] p")?.textContent ?? words.odd); return; }
  put(found);
  form.elements.once.value = found.querySelector("[name=once]").value;
  save();
  one(".problems a")?.focus();
}

function begin() {
  document.documentElement.classList.add("scripted");
  for (const each of all("iframe, [data-plain]")) each.hidden = true;
  one("#preview").hidden = false;
  const zone = one("#zone");
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone.value === "UTC" && !("given" in zone.dataset) && all("#zones option").some((each) => each.value === here)) zone.value = here;
  for (const row of all(".file")) dress(row);
  number();
  times();
  for (const each of all("[data-add], #find")) each.hidden = false;
  boards(form);
}

// Files

const blank = () => document.querySelector("#row").content.firstElementChild.cloneNode(true);
const address = (row) => one("[name=media-url]", row);

function number() {
  const rows = all(".file");
  for (const [at, row] of rows.entries()) {
    for (const each of all("[id^='media.'], [for^='media.']", row)) {
      for (const name of ["id", "htmlFor"]) if (each[name]) each[name] = each[name].replace(/^media\.\d+/, `media.${at}`);
    }
    const mark = one(".thumb > span", row);
    if (mark) mark.textContent = at + 1;
  }
}

function dress(row, shown = true) {
  const filled = Boolean(address(row).value) || row.classList.contains("comes");
  row.draggable = filled;
  one(".moves", row).hidden = !filled;
  if (filled && shown && !row.dataset.seen) picture(row);
  if (!all(".file").some((each) => !address(each).value && !each.classList.contains("comes"))) one("#files").append(blank());
  number();
}

function picture(row, source) {
  const kind = one("[name=media-type]", row).value;
  const url = source ?? `${words.file}?${new URLSearchParams({ url: address(row).value, kind })}`;
  const thumb = one(".thumb", row);
  row.dataset.seen = "1";
  if (kind === "document") return;
  const shown = document.createElement(kind === "video" ? "video" : "img");
  shown.addEventListener("error", () => shown.remove());
  Object.assign(shown, kind === "video" ? { muted: true, preload: "metadata" } : { alt: "" });
  shown.src = url;
  all("img, video", thumb).forEach((each) => each.remove());
  thumb.append(shown);
  focusMark(row);
}

function focusMark(row) {
  one(".thumb i", row)?.remove();
  const [x, y] = one("[name=media-focus]", row).value.split(/\s+/).map(Number);
  if (!(x >= 0 && x <= 1 && y >= 0 && y <= 1)) return;
  const mark = document.createElement("i");
  mark.style.left = `${x * 100}%`;
  mark.style.top = `${y * 100}%`;
  one(".thumb", row).append(mark);
}

function take(files) {
  for (const file of files) {
    const row = blank();
    row.classList.add("comes");
    one("[name=media-type]", row).value = file.type === "image/gif" ? "gif" : ["image", "video"].find((kind) => file.type.startsWith(kind)) ?? "document";
    const empty = all(".file").find((each) => !address(each).value && !each.classList.contains("comes"));
    one("#files").insertBefore(row, empty ?? null);
    picture(row, URL.createObjectURL(file));
    dress(row);
    one("[data-again]", row).addEventListener("click", () => upload(row, file));
    upload(row, file);
  }
}

async function upload(row, file) {
  const going = one(".going", row), text = one(".small", going), bar = one("progress", going);
  going.hidden = false;
  one("[data-again]", row).hidden = true;
  under += 1;
  try {
    const tell = (share, said) => { bar.value = share; text.textContent = said; };
    const made = await (await uploading).send(file, { ask, url: words.uploads, token: () => form.elements.token.value, words, tell });
    one("[name=media-type]", row).value = made.kind;
    address(row).value = made.url;
    going.hidden = true;
    row.classList.remove("comes");
  } catch (error) {
    bar.value = 0;
    text.textContent = error.message;
    one("[data-again]", row).hidden = false;
  }
  under -= 1;
  touched = true;
  dress(row);
  changed();
}

function move(row, by) {
  const rows = all(".file").filter((each) => address(each).value || each.classList.contains("comes"));
  const to = rows[rows.indexOf(row) + by];
  if (!to) return;
  const focused = document.activeElement;
  by < 0 ? to.before(row) : to.after(row);
  focused?.focus();
  number();
  touched = true;
  changed();
}

// What follows a choice

// An hour to begin with: the next full one, as the chosen zone's clock shows it.
function nextHour(zone) {
  const said = (timeZone) => new Date(Date.now() + 3_600_000).toLocaleString("sv-SE", { timeZone });
  let hour;
  try { hour = said(zone); } catch { hour = said("UTC"); }
  return `${hour.slice(0, 10)}T${hour.slice(11, 13)}:00`;
}

function times() {
  const when = one("[name=when]:checked")?.value ?? "now";
  if (["at", "repeat"].includes(when) && !one("#at").value) one("#at").value = nextHour(one("#zone").value);
  for (const each of all("[data-when]")) each.hidden = !each.dataset.when.split(" ").includes(when);
}

async function panel(box) {
  const there = document.getElementById(`panel.${box.value}`);
  if (there) { there.hidden = !box.checked; return; }
  if (!box.checked) return;
  try {
    const answer = await fetch(`${words.panel}?${new URLSearchParams({ account: box.value })}`, { headers: { "x-part": "true" } });
    if (!answer.ok || document.getElementById(`panel.${box.value}`)) return;
    const made = page(await answer.text()).querySelector(".panel");
    all("[data-add]", made).forEach((each) => { each.hidden = false; });
    made.hidden = !box.checked;
    one("#panels").append(made);
    boards(made);
  } catch { say(words.away); }
}

// A board is chosen by its name; where the network does not say them, its id is typed.
async function boards(where) {
  for (const field of all("[data-boards]", where)) {
    const account = field.closest(".panel").dataset.account;
    const found = await fetch(`${words.boards}?${new URLSearchParams({ account })}`, { headers: { "x-part": "true" } })
      .then((answer) => answer.ok ? answer.text() : "").catch(() => "");
    if (!found || !field.isConnected) continue;
    const choice = document.createElement("select");
    choice.append(...page(found).querySelectorAll("option"));
    if (field.value && ![...choice.options].some((each) => each.value === field.value)) choice.add(new Option(field.value, field.value));
    for (const name of ["id", "name", "aria-invalid", "aria-describedby"]) if (field.hasAttribute(name)) choice.setAttribute(name, field.getAttribute(name));
    choice.value = field.value;
    one(".hint", field.parentElement)?.remove();
    field.replaceWith(choice);
  }
}

function another(button) {
  const rows = all(":scope > .sub-row", button.closest(".rows"));
  const last = rows.at(-1), place = last.dataset.place, at = rows.length;
  const copy = last.cloneNode(true);
  copy.dataset.row = at;
  for (const each of all("[id], [for], [name], [data-place], [data-add]", copy)) {
    for (const name of ["id", "for", "name", "data-place", "data-add"]) {
      const value = each.getAttribute(name);
      if (value?.startsWith(`${place}.${last.dataset.row}`)) each.setAttribute(name, `${place}.${at}${value.slice(`${place}.${last.dataset.row}`.length)}`);
    }
    if ("value" in each && each.matches("input, textarea, select")) each.value = "";
  }
  last.after(copy);
  one("textarea, input, select", copy)?.focus();
}

if (form) {
  // Who comes for a new post finds what was left unsent offered, not in its place; a reload brings it back.
  const asked = new URLSearchParams(location.search);
  const anew = performance.getEntriesByType("navigation")[0]?.type === "navigate" && (asked.has("at") || asked.has("from"));
  if (anew && kept(before + tab)) tab = crypto.randomUUID();
  const mine = kept(before + tab);
  sessionStorage.setItem("polypost:tab", tab);
  begin();
  if (mine?.fields) restore(mine); else { offerOthers(); changed(); }

  for (const kind of ["input", "change"]) form.addEventListener(kind, (event) => {
    const target = event.target;
    if (target.name === "file") { if (target.files.length) { take([...target.files]); target.value = ""; } return; }
    if (target.id === "find") { for (const each of all("#to label")) each.hidden = !each.textContent.toLowerCase().includes(target.value.toLowerCase()); return; }
    touched = true;
    if (target.name === "account" && kind === "change") panel(target);
    if (target.name === "when") times();
    const row = target.closest(".file");
    if (row && ["media-url", "media-type"].includes(target.name)) { if (kind === "change") delete row.dataset.seen; dress(row, kind === "change"); }
    if (row && target.name === "media-focus") focusMark(row);
    changed();
  });
  form.addEventListener("submit", (event) => {
    if (event.submitter?.value === "preview") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    send(event.submitter ?? one("button.main"));
  });
  form.addEventListener("click", (event) => {
    const target = event.target, row = target.closest(".file");
    if (target.matches("[data-move]")) move(row, Number(target.dataset.move));
    if (target.matches("[data-remove]")) { row.remove(); touched = true; if (!one(".file")) one("#files").append(blank()); number(); changed(); }
    if (target.matches("[data-add]")) another(target);
    const thumb = target.closest(".thumb");
    if (thumb && row.dataset.seen) {
      const box = thumb.getBoundingClientRect();
      one("[name=media-focus]", row).value = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((each) => each.toFixed(2)).join(" ");
      focusMark(row);
      touched = true;
      changed();
    }
    const link = target.closest("a[href^='#']");
    if (link) {
      const field = document.getElementById(link.hash.slice(1) && decodeURIComponent(link.hash.slice(1)));
      if (!field) return;
      event.preventDefault();
      for (let around = field; around; around = around.parentElement?.closest("details")) if (around.matches("details")) around.open = true;
      field.scrollIntoView({ block: "center" });
      (field.matches("input, textarea, select") ? field : one("input, textarea, select, summary, a", field))?.focus({ preventScroll: true });
    }
  });
  form.addEventListener("keydown", (event) => {
    const row = event.target.closest(".file");
    if (row && event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key)) { event.preventDefault(); move(row, event.key === "ArrowUp" ? -1 : 1); }
  });

  let dragged;
  form.addEventListener("dragstart", (event) => { dragged = event.target.closest?.(".file"); dragged?.classList.add("dragged"); });
  form.addEventListener("dragend", () => { dragged?.classList.remove("dragged"); dragged = null; });
  addEventListener("dragover", (event) => {
    if (dragged || event.dataTransfer.types.includes("Files")) event.preventDefault();
    form.classList.toggle("dropping", !dragged && event.dataTransfer.types.includes("Files"));
  });
  addEventListener("drop", (event) => {
    form.classList.remove("dropping");
    const onto = event.target.closest?.(".file");
    if (dragged) {
      event.preventDefault();
      if (onto && onto !== dragged && address(onto).value) { const rows = all(".file"); rows.indexOf(dragged) < rows.indexOf(onto) ? onto.after(dragged) : onto.before(dragged); number(); touched = true; changed(); }
    } else if (event.dataTransfer.files.length) { event.preventDefault(); take([...event.dataTransfer.files]); }
  });
  addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) { event.preventDefault(); take([...event.clipboardData.files]); }
  });
  addEventListener("online", changed);

  const tabs = document.querySelector(".tabs");
  tabs.hidden = false;
  tabs.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-tab]");
    if (!chosen) return;
    document.documentElement.classList.toggle("seeing", chosen.dataset.tab === "see");
    for (const each of all("[data-tab]", tabs)) each.setAttribute("aria-pressed", String(each === chosen));
  });
}
