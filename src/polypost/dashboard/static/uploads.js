// Files go one by one, with how far each is; the form does it without.
const form = document.querySelector("#uploads");
const going = document.querySelector("#going");
const uploading = form && import(form.dataset.upload);

async function ask(url, data) {
  try {
    const answer = await fetch(url, { method: "POST", body: data, headers: { "x-part": "true" } });
    if (answer.status === 401 || answer.status === 403) throw new Error(form.dataset.out);
    answer.said = await answer.text();
    return answer;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

async function upload(file, line, send) {
  const text = Object.assign(document.createElement("span"), { className: "small", textContent: file.name });
  const bar = Object.assign(document.createElement("progress"), { max: 100, value: 0, ariaLabel: file.name });
  line.replaceChildren(text, bar);
  try {
    const words = form.dataset;
    const tell = (share, said) => { bar.value = share; text.textContent = said; };
    await send(file, { ask, url: words.uploads, token: () => form.elements.token.value, words, tell });
    bar.value = 100;
    return true;
  } catch (error) {
    text.textContent = `${file.name}: ${error.message}`;
    text.className = "small problem";
    const again = Object.assign(document.createElement("button"), { type: "button", className: "bare", textContent: form.dataset.again });
    again.addEventListener("click", async () => { if (await upload(file, line, send)) leave(); });
    bar.replaceWith(again);
    return false;
  }
}

function leave() {
  if (!going.querySelector(".problem")) location.assign(form.action);
}

async function take(files) {
  const { send } = await uploading;
  going.hidden = false;
  const lines = files.map(() => going.appendChild(document.createElement("li")));
  for (const [at, file] of files.entries()) await upload(file, lines[at], send);
  leave();
}

if (form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    const files = [...form.elements.file.files];
    form.elements.file.value = "";
    take(files);
  });
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
    take([...event.dataTransfer.files]);
  });
}
