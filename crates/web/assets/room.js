// Looks now and then whether the meeting behind this link has begun. It replaces how the room stands and
// nothing else, so that a name that is being typed stays.
"use strict";
(() => {
  const wait_ms = 15000;
  const status = document.getElementById("live-status");
  // The link leads nowhere any more, or this address has looked too often.
  const final = [404, 410, 429];
  let timer;
  const stop = () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", look);
  };
  // Whoever has a link may be anywhere: times stand in the node's zone, and here in the browser's.
  const own_time = () => {
    const line = document.getElementById("own-time");
    const time = document.querySelector("[data-live=door-state] time[datetime]");
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    line.hidden = !time || zone === document.documentElement.dataset.zone;
    if (line.hidden) return;
    const options = { dateStyle: "full", timeStyle: "short", hourCycle: "h23" };
    const at = new Intl.DateTimeFormat(document.documentElement.lang, options).format(new Date(time.dateTime));
    line.querySelector("span").textContent = `${at} (${zone})`;
  };
  own_time();
  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.pathname, { headers: { "X-Fragment": "1" }, signal: AbortSignal.timeout(10000) });
      if (final.includes(answer.status)) stop();
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-live]")) {
        const next = fresh.querySelector(`[data-live="${CSS.escape(part.dataset.live)}"]`);
        if (!next || next.outerHTML === part.outerHTML) continue;
        const focused = part.contains(document.activeElement);
        const placed = document.importNode(next, true);
        part.replaceWith(placed);
        if (focused) placed.querySelector("button")?.focus();
        if (placed.hasAttribute("data-say-now")) status.textContent = placed.textContent.trim();
      }
      own_time();
    } catch {
      // The next look may succeed; until then the page says what it knew.
    }
  };
  timer = setInterval(look, wait_ms);
  document.addEventListener("visibilitychange", look);
})();
