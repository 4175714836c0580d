// Writing together: saves when the writer pauses, takes in what others write, and keeps in this
// browser what could not be saved yet. Two tabs keep theirs apart.
//
// A request whose answer was lost is sent again unchanged before anything else: the node finds what
// it did the first time, so no word stands twice. The node merges; here positions are only shifted,
// and where that is not possible the writer's text stays as it is until the next save.
"use strict";
(() => {
  const form = document.getElementById("editor");
  const field = form.querySelector("textarea[name=text]");
  const stateLine = document.getElementById("save-state");
  const pendingLine = document.getElementById("save-pending");
  const presentLine = document.getElementById("present");
  const aloud = document.getElementById("live-status");
  const { document: id, person } = form.dataset;
  const api = `/api/documents/${id}`;
  const pause_ms = 2000;
  const unpaused_ms = 20000;
  const answer_ms = 20000;
  const beat_ms = 20000;
  const keep_ms = 5000;
  const keep_soon_ms = 250;
  const orphan_ms = 15000;
  const retry_ms = { first: 1000, most: 30000, refused: 30000 };
  const merged_ms = 30000;
  const keepalive_bytes = 60000;

  // The text as the node has it at `basis`; null if that is not known.
  let basis = form.querySelector("input[name=basis]").value;
  let base = form.dataset.unsaved ? null : field.defaultValue;
  // What was sent and not answered yet.
  let pending = null;
  let busy = false, again = false, composing = false, pulling = false, pullAgain = false;
  let timer = 0, typed_at = 0, retry = 0, waits_ms = retry_ms.first;
  let apart_since = null, mergedSaid_at = 0, keeps = true;

  const words = (name) => form.dataset["say" + name];
  const clock = (at) => {
    const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23",
      timeZone: document.documentElement.dataset.zone };
    return new Intl.DateTimeFormat(document.documentElement.lang, options).format(at);
  };
  // A screen reader says the line when it changes: while all goes well, once a minute at most.
  const say = (text, isTrouble = false) => {
    if (stateLine.textContent.trim() !== text) stateLine.textContent = text;
    stateLine.classList.toggle("is-trouble", isTrouble);
  };
  const isUnsaved = () => pending !== null || field.value !== base;
  const show = () => { pendingLine.hidden = !isUnsaved() || apart_since !== null; };

  // --- what is kept in this browser ---------------------------------------------------------------
  const shelf = `folkmoot/text/${person}/${id}/`;
  const slot = shelf + [...crypto.getRandomValues(new Uint8Array(8))].join("");
  // Browsers tell a page that it is hidden after they told it that it ends: what it keeps then is
  // still left behind, and any tab may take it up at once.
  let left = false;
  const keep = () => {
    try {
      if (isUnsaved()) {
        const kept = { basis, base, pending, text: field.value, at: Date.now(), left };
        localStorage.setItem(slot, JSON.stringify(kept));
      } else {
        localStorage.removeItem(slot);
      }
      keeps = true;
    } catch {
      keeps = false;
    }
  };
  let keeping = 0;
  const keepSoon = () => { keeping ||= setTimeout(() => { keeping = 0; keep(); }, keep_soon_ms); };
  // What a tab kept that is closed now, or was reloaded.
  const orphan = () => {
    try {
      for (let place = 0; place < localStorage.length; place += 1) {
        const name = localStorage.key(place);
        if (!name.startsWith(shelf) || name === slot) continue;
        let kept = null;
        try { kept = JSON.parse(localStorage.getItem(name)); } catch { /* not ours */ }
        const isOurs = kept && typeof kept.text === "string" && typeof kept.basis === "string";
        if (isOurs && !kept.left && Date.now() - kept.at < orphan_ms) continue;
        localStorage.removeItem(name);
        if (isOurs && (kept.pending || kept.text !== kept.base)) return kept;
      }
    } catch { /* nothing can be kept here */ }
    return null;
  };
  const adopt = () => {
    if (isUnsaved() || busy) return false;
    const kept = orphan();
    if (!kept) return false;
    ({ basis, base, pending } = kept);
    field.value = kept.text;
    keep();
    say(words("Restored"));
    save();
    return true;
  };

  // --- changes of the text ------------------------------------------------------------------------
  // The node counts characters, a field counts UTF-16 units. Each change is on the text that those
  // before it leave; here all are on the text before the first.
  const inUnits = (changes, text) => {
    const characters = [...text];
    const units = [0];
    for (const character of characters) units.push(units[units.length - 1] + character.length);
    let shift = 0;
    return changes.map(({ position, delete: count, insert }) => {
      const start = units[position - shift], end = units[position - shift + count];
      shift += [...insert].length - count;
      return { start, end, insert };
    });
  };
  const put = (changes) => {
    const scrolled = field.scrollTop;
    for (const { start, end, insert } of [...changes].reverse()) {
      field.setRangeText(insert, start, end, "preserve");
    }
    field.scrollTop = scrolled;
    if (changes.length && Date.now() - mergedSaid_at > merged_ms) {
      mergedSaid_at = Date.now();
      aloud.textContent = "";
      aloud.textContent = words("Merged");
    }
  };
  // What was typed since: one stretch of the text that was sent gave way to another.
  const stretch = (before, after) => {
    let start = 0;
    while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
    let same = 0;
    while (same < before.length - start && same < after.length - start &&
      before[before.length - 1 - same] === after[after.length - 1 - same]) same += 1;
    return { start, end: before.length - same, insert: after.slice(start, after.length - same) };
  };
  // Takes the text of an answer, and keeps what was typed since `sent`.
  const take = (answer, sent) => {
    const changes = inUnits(answer.changes, sent);
    const newBasis = answer.basis.join(",");
    if (field.value === sent && !composing) {
      put(changes);
      [base, basis] = [answer.text, newBasis];
      // Should the two ever differ, the node's is right.
      if (field.value !== base) field.value = base;
      return;
    }
    const own = stretch(sent, field.value);
    const shift = own.insert.length - (own.end - own.start);
    const isApart = changes.every(({ start, end }) => end <= own.start || start >= own.end);
    if (isApart && !composing) {
      put(changes.map(({ start, end, insert }) => start >= own.end && !(end <= own.start)
        ? { start: start + shift, end: end + shift, insert } : { start, end, insert }));
      [base, basis] = [answer.text, newBasis];
    } else if (answer.own) {
      // Others wrote at the same place: their words come with the next save.
      [base, basis] = [sent, answer.own.join(",")];
    } else {
      [base, basis] = [answer.text, newBasis];
      const at = Math.min(own.start, base.length);
      field.value = base.slice(0, at) + own.insert + base.slice(at);
      field.setSelectionRange(at + own.insert.length, at + own.insert.length);
    }
  };

  // --- saving -------------------------------------------------------------------------------------
  const request = (path, body, more = {}) => fetch(path, {
    method: body ? "POST" : "GET",
    headers: body ? { "Content-Type": "application/json", Accept: "application/json" } : { Accept: "application/json" },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(answer_ms),
    ...more,
  });
  const message = ({ basis: read, text }) => ({ basis: read.split(","), text, person });
  const later = (wait) => {
    clearTimeout(retry);
    retry = setTimeout(save, wait + Math.random() * wait / 4);
  };
  const apart = () => {
    apart_since ??= Date.now();
    say(words("Apart").replace("{time}", clock(apart_since)), true);
    if (!keeps) say(words("OnlyHere"), true);
    show();
    if (isUnsaved()) later(waits_ms);
    waits_ms = Math.min(waits_ms * 2, retry_ms.most);
  };
  const together = () => {
    if (apart_since !== null && !isUnsaved()) say(words("Saved").replace("{time}", clock(Date.now())));
    apart_since = null;
    waits_ms = retry_ms.first;
    show();
  };
  // What the node said it will not do: the text is kept, and tried again after the next change or a
  // while, because another may have made room.
  const refused = async (answer) => {
    const { error = {} } = await answer.json().catch(() => ({}));
    // Signed out or somebody else: it is sent as it was once the writer is back.
    if (answer.status === 401) say(words("SignedOut"), true);
    else if (error.code === "other-person") say(words("Other"), true);
    else {
      pending = null;
      say(words("Refused").replace("{why}", error.message || answer.statusText), true);
    }
    apart_since = null;
    keep();
    later(retry_ms.refused);
  };
  const save = async () => {
    clearTimeout(timer);
    clearTimeout(retry);
    [timer, typed_at] = [0, 0];
    if (!isUnsaved()) return;
    if (busy) { again = true; return; }
    busy = true;
    pending ??= { basis, text: field.value };
    keep();
    let answer = null;
    try {
      answer = await request(`${api}/text`, message(pending));
      if (answer.ok) {
        const body = await answer.json();
        const sent = pending.text;
        pending = null;
        take(body, sent);
        keep();
        together();
        if (!isUnsaved()) say(words("Saved").replace("{time}", clock(Date.now())));
      } else if (answer.status >= 500 || answer.status === 429 || answer.status === 408) {
        apart();
      } else {
        await refused(answer);
      }
    } catch {
      apart();
    }
    busy = false;
    show();
    if (answer?.ok && (again || isUnsaved())) schedule();
    if (answer?.ok && !isUnsaved()) { adopt(); if (pullAgain) pull(); }
    again = false;
  };
  const schedule = () => {
    typed_at ||= Date.now();
    clearTimeout(timer);
    const most = Math.max(0, typed_at + unpaused_ms - Date.now());
    timer = setTimeout(save, Math.min(pause_ms, most));
  };

  // --- what others write --------------------------------------------------------------------------
  const showPresent = (present) => {
    if (present && presentLine.textContent.trim() !== present.words) presentLine.textContent = present.words;
  };
  const pull = async () => {
    if (busy || pulling || composing) { pullAgain = true; return; }
    // The next save brings what others wrote.
    if (isUnsaved()) { if (!timer) schedule(); return; }
    [pulling, pullAgain] = [true, false];
    try {
      const answer = await request(`${api}?since=${basis}`);
      if (answer.ok && !answer.redirected) {
        const body = await answer.json();
        showPresent(body.present);
        together();
        const isNews = body.text !== null && body.basis.join(",") !== basis;
        if (isNews && !isUnsaved() && !busy && !composing) {
          take({ ...body, changes: body.changes ?? [] }, base);
          keep();
        }
      } else if (answer.status >= 500) {
        apart();
      } else if (answer.status === 401) {
        say(words("SignedOut"), true);
      }
    } catch {
      apart();
    }
    pulling = false;
    if (pullAgain) pull();
  };
  let stream;
  const listen = () => {
    stream = new EventSource("/events?page=" + encodeURIComponent(location.pathname));
    stream.addEventListener("open", () => { if (isUnsaved()) save(); else pull(); });
    stream.addEventListener("change", (event) => {
      let names = [];
      try { names = JSON.parse(event.data); } catch { /* everything may have changed */ }
      if (!names.length || names.includes(`document/${id}`) || names.includes("everything")) pull();
    });
    stream.addEventListener("error", apart);
    stream.addEventListener("elsewhere", () => stream.close());
  };
  const listenAgain = () => {
    if (!document.hidden && stream.readyState === EventSource.CLOSED) listen();
  };
  const beat = async () => {
    if (document.hidden) return;
    listenAgain();
    try {
      const answer = await request(`${api}/presence`, { here: true });
      if (answer.ok) showPresent((await answer.json()).present);
    } catch { /* the stream and the next save say so */ }
  };

  // --- the writer ---------------------------------------------------------------------------------
  field.addEventListener("input", () => {
    keepSoon();
    show();
    schedule();
    if (!keeps) say(words("OnlyHere"), true);
  });
  field.addEventListener("compositionstart", () => { composing = true; });
  field.addEventListener("compositionend", () => { composing = false; schedule(); if (pullAgain) pull(); });
  form.addEventListener("submit", (event) => { event.preventDefault(); save(); });
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "s") {
      event.preventDefault();
      save();
    }
  });
  const leave = () => {
    left = true;
    if (isUnsaved()) {
      pending ??= { basis, text: field.value };
      keep();
      const body = message(pending);
      // A larger one would be refused by the browser; it is kept, and saved when the writer is back.
      if (JSON.stringify(body).length < keepalive_bytes) {
        request(`${api}/text`, body, { keepalive: true, signal: undefined }).catch(() => {});
      }
    }
    request(`${api}/presence`, { here: false }, { keepalive: true, signal: undefined }).catch(() => {});
    stream.close();
  };
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  addEventListener("beforeunload", (event) => { if (isUnsaved() && !keeps) event.preventDefault(); });
  addEventListener("online", () => { listenAgain(); save(); });
  addEventListener("focus", listenAgain);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { keep(); save(); } else { beat(); pull(); }
  });
  setInterval(() => { if (isUnsaved()) keep(); else adopt(); }, keep_ms);
  setInterval(beat, beat_ms);

  for (const part of form.querySelectorAll("[data-with-script]")) part.hidden = false;
  for (const part of form.querySelectorAll("[data-without-script]")) part.hidden = true;
  keep();
  listen();
  beat();
  // The farewell of a page that was loaded anew may arrive after its successor's greeting.
  setTimeout(beat, pause_ms);
  if (!adopt()) show();
})();
