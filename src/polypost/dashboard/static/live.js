// Parts of a page that show posts are read anew when these change, and times are told in the reader's zone, too.
const tag = document.querySelector("script[data-events]");
const mine = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
const POLL = 10_000;
// The page's own loading comes first.
const LATER = 1000;
const shown = new WeakMap();
let told = false;

if (!document.cookie.includes(`polypost-zone=${mine}`)) {
  document.cookie = `polypost-zone=${mine}; path=/dashboard; max-age=31536000; samesite=lax`;
}

function times(root = document) {
  const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const full = new Intl.DateTimeFormat(document.documentElement.lang, { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  // In English as the server says them.
  const said = (instant) => {
    if (document.documentElement.lang !== "en") return full.format(instant);
    const { weekday, day, month, year, hour, minute } = Object.fromEntries(full.formatToParts(instant).map((each) => [each.type, each.value]));
    return `${weekday} ${day} ${month} ${year}, ${hour}:${minute}`;
  };
  for (const each of root.querySelectorAll("[data-yours]")) {
    each.textContent = each.dataset.zone === mine ? "" : ` · ${said(new Date(each.dataset.yours))} ${mine}`;
  }
  for (const each of root.querySelectorAll("time[data-clock]")) each.textContent = clock.format(new Date(each.dateTime));
  for (const each of root.querySelectorAll("time[data-full]")) {
    if (!each.dataset.had) { each.dataset.had = "1"; each.title += ` · ${said(new Date(each.dateTime))} ${mine}`; }
  }
}

// What the server sent is remembered, so that opened details and typed words are no change of it; tokens are written
// anew in each answer.
const sent = (each) => each.outerHTML.replaceAll(/(name="token" value=")[^"]*/g, "$1");

function remember(root) {
  for (const each of root.querySelectorAll("[data-key]:not([data-keep])")) shown.set(each, sent(each));
}

function busy(element) {
  const active = document.activeElement;
  if (element.contains(active) && active.matches("input, textarea, select")) return true;
  for (const each of element.querySelectorAll("input:not([type=hidden]), textarea")) {
    if (each.value !== each.defaultValue || each.checked !== each.defaultChecked) return true;
  }
  return [...element.querySelectorAll("option")].some((each) => each.selected !== each.defaultSelected && each.defaultSelected);
}

function replace(old, fresh) {
  const reachable = "a[href], button, summary, [tabindex]";
  const place = [...old.querySelectorAll(reachable)].indexOf(document.activeElement);
  const focused = document.activeElement === old;
  for (const each of old.querySelectorAll("details[id]")) {
    const other = fresh.querySelector(`#${CSS.escape(each.id)}`);
    if (other) other.open = each.open;
  }
  old.replaceWith(fresh);
  if (focused) fresh.focus({ preventScroll: true });
  else if (place >= 0) [...fresh.querySelectorAll(reachable)][place]?.focus({ preventScroll: true });
}

// A drawing is read when it is looked at; without script a link does it.
function draw(details) {
  const frame = details.querySelector(":scope > iframe[data-src]");
  if (details.open && frame && !frame.src) { frame.src = frame.dataset.src; frame.previousElementSibling.hidden = true; }
}
document.addEventListener("toggle", ({ target }) => { if (target instanceof HTMLDetailsElement) draw(target); }, true);

function merge(old, fresh) {
  const known = new Map([...old.children].filter((each) => each.dataset.key).map((each) => [each.dataset.key, each]));
  let after = null;
  for (const each of [...fresh.children].filter((child) => child.dataset.key)) {
    let here = known.get(each.dataset.key);
    known.delete(each.dataset.key);
    if (!here) {
      if (after) after.after(each); else old.prepend(each);
      here = each;
      if (!("keep" in each.dataset)) shown.set(each, sent(each));
    } else if ("keep" in each.dataset) {
      merge(here, each);
    } else if (shown.get(here) !== sent(each) && !busy(here)) {
      const html = sent(each);
      replace(here, each);
      shown.set(each, html);
      here = each;
    }
    after = here;
  }
  for (const each of known.values()) if (!busy(each)) each.remove();
}

async function refresh(part) {
  if (part.dataset.reading) { part.dataset.again = "1"; return; }
  part.dataset.reading = "1";
  try {
    const answer = await fetch(part.dataset.live, { headers: { "x-part": "true" } });
    if (!answer.ok || part.dataset.held) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
    merge(part, fresh);
    times(part);
    part.dispatchEvent(new CustomEvent("refreshed", { bubbles: true }));
  } catch {
    // The server is away for a moment; the next event or look reads it.
  } finally {
    delete part.dataset.reading;
    if (part.dataset.again) { delete part.dataset.again; refresh(part); }
  }
}

function parts() { return document.querySelectorAll("[data-live]"); }

function hear({ kind, ids = [] }) {
  if (kind === "lost") { told = false; return; }
  const first = kind === "begin" && !told;
  told = true;
  for (const part of parts()) {
    const named = part.dataset.posts?.split(" ") ?? [];
    const concerned = ids.some((id) => named.includes(id) || part.querySelector(`[data-post="${CSS.escape(id)}"]`));
    // What changed between the page and the first word of the connection was told to nobody.
    if (kind === "all" || (first && ("unfinished" in part.dataset || part.dataset.new === "yes")) || concerned || (ids.length && part.dataset.new === "yes")) refresh(part);
  }
}

function listen(url) {
  if (window.SharedWorker) {
    const worker = new SharedWorker(tag.dataset.worker, { name: "polypost-live" });
    const join = () => worker.port.postMessage({ url, join: true });
    worker.port.onmessage = ({ data }) => hear(data);
    join();
    addEventListener("pagehide", () => worker.port.postMessage({ url }));
    addEventListener("pageshow", (event) => { if (event.persisted) { join(); hear({ kind: "all" }); } });
    return;
  }
  let source = null;
  const follow = () => {
    if (document.hidden) { source?.close(); source = null; return; }
    if (source) return;
    source = new EventSource(url);
    for (const kind of ["begin", "all"]) source.addEventListener(kind, () => hear({ kind }));
    source.addEventListener("posts", (event) => hear({ kind: "posts", ids: event.data.split(" ") }));
    source.addEventListener("error", () => { if (source?.readyState === EventSource.CLOSED) hear({ kind: "lost" }); });
  };
  document.addEventListener("visibilitychange", follow);
  follow();
}

// Other scripts ask for a part to be read anew, or for times to be told, by events: modules are loaded by their marks.
document.addEventListener("stale", async (event) => { await refresh(event.target); event.detail?.(); });
document.addEventListener("added", (event) => times(event.target));

remember(document);
times();
if (tag && parts().length) {
  const begin = () => setTimeout(listen, LATER, new URL(tag.dataset.events, location.href).href);
  if (document.readyState === "complete") begin(); else addEventListener("load", begin);
  setInterval(() => {
    if (told || document.hidden) return;
    for (const part of parts()) if ("unfinished" in part.dataset || part.dataset.new === "yes") refresh(part);
  }, POLL);
}
