// One connection a browser and project, shared by its tabs.
const places = new Map();

function open(url) {
  const place = { ports: new Set(), source: new EventSource(url) };
  const tell = (message) => { for (const port of place.ports) port.postMessage(message); };
  place.source.addEventListener("begin", () => tell({ kind: "begin" }));
  place.source.addEventListener("all", () => tell({ kind: "all" }));
  place.source.addEventListener("posts", (event) => tell({ kind: "posts", ids: event.data.split(" ") }));
  place.source.addEventListener("error", () => {
    if (place.source.readyState !== EventSource.CLOSED) return;
    tell({ kind: "lost" });
    places.delete(url);
  });
  places.set(url, place);
  return place;
}

addEventListener("connect", ({ ports: [port] }) => {
  port.onmessage = ({ data }) => {
    const place = places.get(data.url);
    if (data.join) {
      (place ?? open(data.url)).ports.add(port);
      if (place?.source.readyState === EventSource.OPEN) port.postMessage({ kind: "begin" });
      return;
    }
    place?.ports.delete(port);
    if (place && !place.ports.size) { place.source.close(); places.delete(data.url); }
  };
});
