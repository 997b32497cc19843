// Keeps a page fresh: the server says that something changed, the page asks for itself again and takes over what
// differs in the parts marked `data-live`. Without this script every page works, and is fresh when it is loaded.
"use strict";
(() => {
  const parts = () => [...document.querySelectorAll("[data-live]")];
  if (parts().length === 0) return;
  const pulse = document.querySelector("[data-pulse]");
  const LEAST_MS = 1000;
  const AGES_MS = 15000;
  const LEAVING_MS = 30000;
  let last = 0;
  let left = -LEAVING_MS;
  let timer = null;
  let asking = false;

  const busy = (part) => {
    const here = document.activeElement;
    const typing = here && part.contains(here) && here.matches("input, select, textarea");
    return typing || part.querySelector("details.act[open]") !== null;
  };

  const take = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    for (const part of parts()) {
      const other = fresh.getElementById(part.id);
      if (!other || busy(part) || part.innerHTML === other.innerHTML) continue;
      const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
      part.replaceChildren(...other.childNodes);
      if (focused) document.getElementById(focused)?.focus();
    }
    if (fresh.title) document.title = fresh.title;
  };

  const ask = async () => {
    timer = null;
    if (asking || document.hidden) return;
    asking = true;
    try {
      const answer = await fetch(location.href, { headers: { "X-Live": "1" }, credentials: "same-origin" });
      // Whoever logs out is on the way to the login already; a reload would lead back to this page after it.
      if (answer.status === 401 && performance.now() - left >= LEAVING_MS) location.reload();
      else if (answer.ok) take(await answer.text());
      last = Date.now();
    } catch {
      // The server is away for a moment; the stream tells when it is back.
    } finally {
      asking = false;
    }
  };

  const soon = () => {
    if (timer === null) timer = setTimeout(ask, Math.max(0, last + LEAST_MS - Date.now()));
  };

  const show = (on) => {
    if (!pulse) return;
    pulse.dataset.on = on ? "1" : "0";
    pulse.textContent = on ? "live" : "not connected";
  };

  const stream = new EventSource("/live");
  stream.addEventListener("open", () => { show(true); soon(); });
  stream.addEventListener("changed", soon);
  stream.addEventListener("error", () => show(false));
  document.addEventListener("submit", () => { left = performance.now(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
  setInterval(soon, AGES_MS);
  addEventListener("pagehide", () => stream.close());
})();
