// Keeps the parts of a page that are marked data-live up to date.
// It never moves focus, never touches a form in use, and announces only what data-say-now and
// data-say-later hold: the first at once, the second summed up every half minute.
"use strict";
(() => {
  const line = document.getElementById("live-line");
  const status = document.getElementById("live-status");
  const pause = document.querySelector("[data-live-pause]");
  const page = location.pathname + location.search;
  const gather_ms = 150;
  const sum_ms = 30000;
  const clock_ms = 30000;
  let paused = false;
  let wanted = false;
  let busy = false;
  let later = 0;

  const inUse = (part) =>
    part.contains(document.activeElement) && document.activeElement !== document.body ||
    [...part.querySelectorAll("input, textarea, select")].some((field) =>
      field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked :
      field.tagName === "SELECT" ? [...field.options].some((option) => option.selected !== option.defaultSelected && option.index > 0) :
      field.type !== "hidden" && field.value !== field.defaultValue) ||
    [...part.querySelectorAll("details")].some((details) => details.open && details.querySelector("form"));

  const said = (root, mark) =>
    [...root.querySelectorAll(`[${mark}]`)].map((part) => part.textContent.trim()).join(" ");

  const say = (words) => { if (words) status.textContent = words; };

  const notLive = () => {
    if (!line.hidden) return;
    const zone = document.documentElement.dataset.zone;
    const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone };
    line.querySelector("[data-live-time]").textContent =
      new Intl.DateTimeFormat(document.documentElement.lang, options).format(new Date());
    line.hidden = false;
    say(line.textContent.trim());
  };

  const apply = (fresh) => {
    const now = said(fresh, "data-say-now");
    const then = said(fresh, "data-say-later");
    const changedNow = now !== said(document, "data-say-now");
    const changedThen = then !== said(document, "data-say-later");
    for (const part of document.querySelectorAll("[data-live]")) {
      const next = fresh.querySelector(`[data-live="${CSS.escape(part.dataset.live)}"]`);
      // What the reader unfolded stays so.
      if (next) {
        for (const open of part.querySelectorAll("details[id][open]")) {
          const same = next.querySelector(`#${CSS.escape(open.id)}`);
          if (same) same.open = true;
        }
      }
      if (next && !inUse(part) && next.outerHTML !== part.outerHTML) {
        part.replaceWith(document.importNode(next, true));
      }
    }
    if (changedNow) say(now);
    if (changedThen && !later) {
      later = setTimeout(() => { later = 0; say(said(document, "data-say-later")); }, sum_ms);
    }
  };

  const refresh = async () => {
    wanted = true;
    if (busy || paused) return;
    busy = true;
    while (wanted && !paused) {
      // Several changes within a moment are one request.
      await new Promise((done) => setTimeout(done, gather_ms));
      wanted = false;
      try {
        const answer = await fetch(page, { headers: { "X-Fragment": "1" }, signal: AbortSignal.timeout(10000) });
        if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
        apply(new DOMParser().parseFromString(await answer.text(), "text/html"));
        if (stream.readyState === EventSource.OPEN) line.hidden = true;
      } catch {
        notLive();
      }
    }
    busy = false;
  };

  let stream, opened = false;
  const listen = () => {
    stream = new EventSource("/events?page=" + encodeURIComponent(page));
    stream.addEventListener("open", () => {
      line.hidden = true;
      if (opened) refresh();
      opened = true;
    });
    stream.addEventListener("change", refresh);
    stream.addEventListener("error", notLive);
    // More pages are open than are kept live.
    stream.addEventListener("elsewhere", () => {
      stream.close();
      notLive();
    });
  };
  listen();
  // Whoever looks at a page again has it live again.
  const listenAgain = () => {
    if (!document.hidden && stream.readyState === EventSource.CLOSED) listen();
  };
  document.addEventListener("visibilitychange", listenAgain);
  addEventListener("focus", listenAgain);
  // What is left until a deadline changes without any event.
  setInterval(() => { if (!document.hidden) refresh(); }, clock_ms);
  addEventListener("pagehide", () => stream.close());
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  if (pause) {
    pause.parentElement.hidden = false;
    pause.addEventListener("click", () => {
      paused = !paused;
      pause.setAttribute("aria-pressed", String(paused));
      if (!paused && wanted) refresh();
    });
  }
})();
