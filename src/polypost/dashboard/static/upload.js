// One file to this server, with how far it is; for the composer and the page of uploads.

// `ask` sends a form and gives the answer with its text as `said`, or null; `words` are what is said when it fails; `tell` hears percent and text.
export async function send(file, { ask, url, token, words, tell }) {
  const form = (fields) => {
    const data = new FormData();
    for (const [name, value] of Object.entries(fields)) data.set(name, value);
    return data;
  };
  const answer = await ask(url, form({ token: token(), name: file.name, type: file.type, size: file.size }));
  if (!answer) throw new Error(words.away);
  if (!answer.ok) {
    const page = new DOMParser().parseFromString(answer.said, "text/html");
    throw new Error(page.querySelector("[role=alert] p")?.textContent ?? words.odd);
  }
  const room = JSON.parse(answer.said);
  if (room.most && file.size > room.most) throw new Error(`${Math.floor(room.most / 1e6)} MB < ${file.name}`);
  if (!room.here) {
    await sent("PUT", room.put, file, { "content-type": room.type }, file, words, tell);
    return { url: room.url, kind: room.kind };
  }
  const kept = await sent("POST", url, form({ token: token(), file }), { "x-part": "true" }, file, words, tell);
  return { url: kept.items[0].url, kind: room.kind };
}

function sent(method, url, body, headers, file, words, tell) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    const began = performance.now();
    request.upload.onprogress = (event) => {
      const share = event.total ? Math.round(100 * event.loaded / event.total) : 0;
      const rate = event.loaded / 1e6 / ((performance.now() - began) / 1000 || 1);
      tell(share, `${file.name}: ${share} % · ${rate.toFixed(1)} MB/s`);
    };
    request.onload = () => {
      let found = {};
      try { found = JSON.parse(request.responseText); } catch { /* not ours: the status says enough */ }
      if (request.status < 300) done(found);
      else failed(new Error(found.error?.message ?? found.message ?? `${words.odd} (${request.status})`));
    };
    request.onerror = () => failed(new Error(words.away));
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(body);
  });
}
