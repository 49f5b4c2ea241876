// What pages do beyond forms and links; everything works without it.
const keys = { c: "calendar", p: "posts", a: "accounts" };
let going = false;

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    document.querySelector("button.main")?.click();
    return;
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "g") { going = true; setTimeout(() => { going = false; }, 1500); return; }
  const place = going ? keys[event.key] : event.key === "c" ? "compose" : null;
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
