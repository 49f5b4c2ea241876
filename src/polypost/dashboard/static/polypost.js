// What pages do beyond forms and links; everything works without it.
const keys = { c: "calendar", p: "posts", a: "accounts" };
let going = false;

function act(event) {
  if (event.key === "/") {
    const search = document.querySelector("input[type=search]:not([hidden])");
    if (search) search.focus(); else document.querySelector(".rail a[href$='/posts']")?.click();
  } else if (event.key === "?") {
    const more = document.querySelector(".rail a.narrow");
    if (more) location.assign(`${more.href}#keys`);
  } else if (event.key === "e") {
    document.querySelector("[data-edit]")?.click();
  } else if (event.key === "j" || event.key === "k") {
    const items = [...document.querySelectorAll("a.whole")];
    items[items.indexOf(document.activeElement) + (event.key === "j" ? 1 : -1)]?.focus();
  } else {
    return;
  }
  event.preventDefault();
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    document.querySelector("button.main")?.click();
    return;
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "g") { going = true; setTimeout(() => { going = false; }, 1500); return; }
  const place = going ? keys[event.key] : event.key === "c" ? "compose" : null;
  if (!going) act(event);
  going = false;
  if (place) document.querySelector(`.rail a[href$="/${place}"]`)?.click();
});

// A form that is sent twice is one thing on the server; its button says that it was heard.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || event.target.target) return;
  setTimeout(() => { button.disabled = true; }, 0);
  addEventListener("pageshow", () => { button.disabled = false; }, { once: true });
});

for (const copied of document.querySelectorAll("[data-copy]")) {
  copied.hidden = false;
  copied.addEventListener("click", async () => {
    await navigator.clipboard.writeText(copied.dataset.copy);
    copied.textContent = copied.dataset.done;
  });
}
