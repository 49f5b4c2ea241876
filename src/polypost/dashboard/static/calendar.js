// Moving posts in the calendar, by dragging and by keys; every move can be undone for ten seconds.
const part = document.getElementById("calendar");
const toast = document.getElementById("toast");
const UNDO = 10_000;
// A wall time, whichever zone's it is.
const hourly = new Intl.DateTimeFormat(document.documentElement.lang, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC" });
let moving = null;
let aim = null;
let timer = 0;
let undo = null;

// Days are those of the reader's zone; the first page of a browser did not know it.
const mine = Intl.DateTimeFormat().resolvedOptions().timeZone;
if ("zoneGuessed" in part.dataset && mine && part.dataset.zone !== mine && navigator.cookieEnabled && !sessionStorage.getItem("polypost-zone")) {
  sessionStorage.setItem("polypost-zone", mine);
  location.reload();
}

function say(text, label, act) {
  clearTimeout(timer);
  undo = act ?? null;
  toast.textContent = text;
  if (label) {
    const button = document.createElement("button");
    button.textContent = label;
    button.addEventListener("click", act);
    toast.append(button);
  }
  toast.hidden = false;
  timer = setTimeout(() => { toast.hidden = true; undo = null; }, UNDO);
}

function once() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((each) => each.toString(16).padStart(2, "0")).join("");
}

async function send(url, at) {
  const body = new URLSearchParams({ token: part.dataset.token, once: once(), at, zone: part.dataset.zone });
  const answer = await fetch(url, { method: "POST", body, headers: { "x-part": "true" } });
  const text = answer.headers.get("content-type")?.startsWith("text/plain") ? await answer.text() : "";
  return { ok: answer.ok, text: text || (answer.ok ? "" : `${answer.status} ${answer.statusText}`) };
}

async function move(chip, cell) {
  const { post, at: from, move: url } = chip.dataset;
  // A day keeps the hour, an hour keeps the minutes.
  const at = cell.length > 10 ? cell.slice(0, 14) + from.slice(14) : cell + from.slice(10);
  if (at === from) return;
  const target = part.querySelector(`[data-cell="${cell}"] ul`) ?? part.querySelector(`[data-cell="${cell}"]`);
  const back = chip.parentElement.parentElement;
  const line = chip.parentElement;
  target?.append(line);
  let done;
  try { done = await send(url, at); } catch { done = { ok: false, text: "" }; }
  if (!done.ok) {
    back.append(line);
    say(done.text || "–");
    return;
  }
  const putBack = async () => {
    undo = null;
    const undone = await send(url, from).catch(() => ({ ok: false, text: "" }));
    say(undone.ok ? part.dataset.undone : undone.text || "–");
    await again(post);
  };
  say(`${part.dataset.moved} ${hourly.format(new Date(`${at}Z`))}. ${done.text}`, part.dataset.undo, putBack);
  await again(post);
}

async function again(post) {
  await new Promise((done) => part.dispatchEvent(new CustomEvent("stale", { bubbles: true, detail: done })));
  part.querySelector(`[data-post="${post}"]`)?.focus({ preventScroll: true });
}

function show(cell) {
  aim?.classList.remove("aim");
  aim = cell;
  aim?.classList.add("aim");
}

function leave() {
  moving?.classList.remove("moving");
  moving = null;
  delete part.dataset.held;
  show(null);
}

part.addEventListener("dragstart", (event) => {
  const chip = event.target.closest("[data-move]");
  if (!chip) return;
  moving = chip;
  part.dataset.held = "1";
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", chip.href);
});
part.addEventListener("dragover", (event) => {
  const cell = event.target.closest("[data-cell]");
  if (!moving || !cell) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "move";
  if (cell !== aim) show(cell);
});
part.addEventListener("drop", (event) => {
  const cell = event.target.closest("[data-cell]");
  if (!moving || !cell) return;
  event.preventDefault();
  const chip = moving;
  leave();
  move(chip, cell.dataset.cell);
});
part.addEventListener("dragend", leave);

function beside(cell, key) {
  const cells = [...part.querySelectorAll("[data-cell]")];
  const steps = part.dataset.view === "month" ? [1, 7] : part.dataset.view === "week" ? [1, 7] : [0, 1];
  const rtl = document.documentElement.dir === "rtl" ? -1 : 1;
  const step = { ArrowRight: rtl * steps[0], ArrowLeft: -rtl * steps[0], ArrowDown: steps[1], ArrowUp: -steps[1] }[key];
  return cells[cells.indexOf(cell) + step] ?? cell;
}

document.addEventListener("keydown", (event) => {
  if (undo && (event.ctrlKey || event.metaKey) && event.key === "z" && !event.target.matches("input, select")) {
    event.preventDefault();
    undo();
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const chip = event.target.closest?.("[data-move]");
  if (!moving) {
    if (!chip || event.key.toLowerCase() !== "m") return;
    event.preventDefault();
    moving = chip;
    part.dataset.held = "1";
    chip.classList.add("moving");
    show(chip.closest("[data-cell]"));
    say(part.dataset.moving);
    return;
  }
  if (event.key.startsWith("Arrow")) {
    event.preventDefault();
    show(beside(aim, event.key));
    aim.scrollIntoView({ block: "nearest", inline: "nearest" });
    say(aim.getAttribute("aria-label") ?? aim.dataset.cell);
  } else if (event.key === "Enter") {
    event.preventDefault();
    const [from, cell] = [moving, aim.dataset.cell];
    leave();
    move(from, cell);
  } else if (event.key === "Escape" || event.key === "Tab") {
    leave();
    toast.hidden = true;
  }
});

// What is folded is read when it is opened.
part.addEventListener("toggle", async (event) => {
  const fold = event.target;
  if (!fold.matches?.("details.fold") || !fold.open || fold.dataset.read) return;
  fold.dataset.read = "1";
  const url = new URL(part.dataset.fold, location.href);
  url.searchParams.set("at", fold.dataset.at);
  url.searchParams.set("zone", part.dataset.zone);
  const answer = await fetch(url, { headers: { "x-part": "true" } }).catch(() => null);
  if (!answer?.ok) { delete fold.dataset.read; return; }
  const there = new Set([...fold.closest("[data-cell]").querySelectorAll("[data-post]")].map((each) => each.dataset.post));
  const list = new DOMParser().parseFromString(`<ul>${await answer.text()}</ul>`, "text/html").querySelector("ul");
  for (const each of list.querySelectorAll("[data-post]")) if (there.has(each.dataset.post)) each.closest("li").remove();
  fold.querySelector("ul").replaceWith(list);
  fold.querySelector("summary").hidden = false;
}, true);

// Later days come when the end of the list is near.
const watch = new IntersectionObserver(async (seen) => {
  const link = seen.find((each) => each.isIntersecting)?.target;
  if (!link) return;
  watch.unobserve(link);
  const answer = await fetch(link.href, { headers: { "x-part": "true" } }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
  const further = document.createElement("div");
  further.className = "calendar";
  further.append(...fresh.childNodes);
  // A refresh of the part leaves them alone; after so many days one asks for more oneself.
  document.getElementById("toast").before(further);
  link.closest("p").hidden = true;
  further.dispatchEvent(new Event("added", { bubbles: true }));
  const last = further.querySelector("[data-further]");
  if (last && document.querySelectorAll(".calendar").length < 8) watch.observe(last);
});
const further = part.querySelector("[data-further]");
if (further) watch.observe(further);

// A week that is wider than the screen begins with today.
part.querySelector(".week > .today")?.scrollIntoView({ block: "nearest", inline: "start" });

function tick() {
  const now = new Date(new Date().toLocaleString("en-US", { timeZone: part.dataset.zone }));
  const line = part.querySelector("[data-now]");
  if (line) line.style.top = `${(now.getMinutes() / 60) * 100}%`;
}
tick();
setInterval(tick, 60_000);
part.addEventListener("refreshed", tick);
