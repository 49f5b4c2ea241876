// Files of posts: one that is dropped is sent, and the page of one that is under way looks again by itself.
const LOOK = 1500;
const form = document.querySelector("#file-form");
const rows = document.querySelector("#rows-here");

function again() {
  if (!rows.querySelector("[data-running]")) return;
  if (document.hidden) setTimeout(again, LOOK);
  else rows.dispatchEvent(new CustomEvent("stale", { bubbles: true, detail: () => setTimeout(again, LOOK) }));
}
if (rows) setTimeout(again, LOOK);

if (form) {
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    form.classList.add("dropping");
  });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) form.classList.remove("dropping"); });
  addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    form.classList.remove("dropping");
    form.elements.file.files = event.dataTransfer.files;
    form.requestSubmit();
  });
}
