// A button beside a field copies all of it. Without script there is no button; the field can be selected.
"use strict";
(() => {
  const status = document.getElementById("live-status");
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const field = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(field.value);
      } catch {
        // Pages without encryption have no clipboard: what is selected can be copied by the older way.
        field.select();
        document.execCommand("copy");
      }
      status.textContent = button.dataset.copied;
    });
  }
})();
