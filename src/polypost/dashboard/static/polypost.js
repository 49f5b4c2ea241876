// What pages do beyond forms and links; everything works without it.
const places = { c: "calendar", p: "posts", a: "accounts" };
const one = (pick) => document.querySelector(pick);
const FIELDS = "input, textarea, select, [contenteditable]";
const FRESH = 60_000;
let going = false;

// Where j and k go: the first link of each row that can be seen.
function rows() {
  const found = document.querySelectorAll("#page .list > li, #page tbody tr, #page .chip-post");
  return [...found].map((each) => (each.matches("a") ? each : each.querySelector("a[href]"))).filter((each) => each?.offsetParent);
}

function step(by) {
  const all = rows();
  const at = all.findIndex((each) => each === document.activeElement || each.closest("li, tr")?.contains(document.activeElement));
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

// From one thing back to their list; never away from what was typed.
function back() {
  const up = one(".rail a[aria-current=page]");
  const typed = [...document.querySelectorAll("#page input:not([type=hidden]), #page textarea")]
    .some((each) => each.value !== each.defaultValue || each.checked !== each.defaultChecked);
  if (up && up.pathname !== location.pathname && !typed) up.click();
}

function search() {
  const field = [...document.querySelectorAll("#page input[type=search]")].find((each) => each.offsetParent);
  const list = one(".rail a[href$='/posts']");
  if (field) { field.focus(); field.select(); } else if (list) location.href = `${list.href}#q`;
}

async function help() {
  const link = one("#keyboard");
  if (!link || one("dialog[open]")) return;
  const answer = await fetch(link.href, { headers: { "x-part": "true" } }).catch(() => null);
  if (!answer?.ok) return;
  const dialog = document.createElement("dialog");
  const close = Object.assign(document.createElement("button"), { textContent: link.dataset.close });
  const form = Object.assign(document.createElement("form"), { method: "dialog" });
  form.append(close);
  dialog.className = "stack";
  dialog.setAttribute("aria-labelledby", "keyboard-title");
  dialog.append(...new DOMParser().parseFromString(await answer.text(), "text/html").body.children, form);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

const acts = {
  "?": help,
  "/": search,
  j: () => step(1),
  k: () => step(-1),
  e: () => one("[data-edit]")?.click(),
  g: () => { going = true; setTimeout(() => { going = false; }, 1500); },
  c: () => one(".rail a[href$='/compose']")?.click(),
  Escape: back,
};

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    one("button.main")?.click();
    return;
  }
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || one("dialog[open]")) return;
  const field = event.target.closest(FIELDS);
  if (field) {
    if (event.key === "Escape") field.blur();
    return;
  }
  const place = going ? places[event.key] : null;
  going = false;
  if (place) one(`.rail a[href$="/${place}"]`)?.click();
  else if (Object.hasOwn(acts, event.key)) {
    if (event.key !== "Escape") event.preventDefault();
    acts[event.key]();
  }
});
if (location.hash === "#q") one("#q")?.focus();

// How the server is: asked for once a minute, however many pages are opened, and only while somebody looks.
const health = one("#health");
let looked = 0;

function shown(html) {
  const found = new DOMParser().parseFromString(html, "text/html").querySelector(".state");
  if (!found) return;
  health.querySelector(":scope > svg")?.remove();
  health.querySelector("[data-mark]").replaceChildren(found);
  health.setAttribute("aria-label", `${health.dataset.word}: ${found.textContent.trim()}`);
}

async function pulse() {
  if (document.hidden || !health.offsetParent || Date.now() - looked < FRESH) return;
  looked = Date.now();
  try {
    const answer = await fetch(health.href, { headers: { "x-part": "true" } });
    if (!answer.ok) return;
    const html = await answer.text();
    sessionStorage.setItem("polypost-health", JSON.stringify([looked, html]));
    shown(html);
  } catch {
    health.querySelector("[data-mark]").textContent = health.dataset.away;
  }
}

if (health) {
  const [at, html] = JSON.parse(sessionStorage.getItem("polypost-health") ?? "[0, \"\"]");
  looked = at;
  if (html) shown(html);
  const begin = () => setTimeout(pulse, 1500);
  if (document.readyState === "complete") begin(); else addEventListener("load", begin);
  setInterval(pulse, FRESH / 4);
  document.addEventListener("visibilitychange", pulse);
}

// A form that is sent twice is one thing on the server; its button says that it was heard.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || event.target.target || event.target.method === "dialog") return;
  setTimeout(() => { button.disabled = true; }, 0);
  addEventListener("pageshow", () => { button.disabled = false; }, { once: true });
});

// Parts that are read anew bring buttons of their own.
function copies(root) { for (const each of root.querySelectorAll("[data-copy]")) each.hidden = false; }
copies(document);
document.addEventListener("refreshed", (event) => copies(event.target));
document.addEventListener("click", async (event) => {
  const copied = event.target.closest("[data-copy]");
  if (!copied) return;
  await navigator.clipboard.writeText(copied.dataset.copy);
  copied.textContent = copied.dataset.done;
});
