"use strict";
/* Everything but sending a file from the browser works without this file. */
(() => {
  /* A chosen file goes to the page as it is read: no form with parts, no copy elsewhere. */
  const place = document.querySelector("[data-send]");
  const input = document.getElementById("sent-file");
  const shown = document.querySelector("[data-sending]");
  if (place && input) {
    place.hidden = false;
    input.addEventListener("change", async () => {
      const file = input.files[0];
      if (!file) return;
      input.disabled = true;
      shown.textContent = input.dataset.working;
      let sentence = input.dataset.failed;
      try {
        const answer = await fetch(input.dataset.to, {
          method: "PUT",
          body: file,
          headers: { "Content-Type": "application/octet-stream", "X-File-Name": encodeURIComponent(file.name), "X-Form-Key": document.body.dataset.key },
        });
        if (answer.ok) { window.location.assign(input.dataset.done); return; }
        if (answer.headers.get("Content-Type").startsWith("text/plain")) sentence = await answer.text();
      } catch { /* the sentence says it */ }
      input.value = "";
      input.disabled = false;
      shown.textContent = sentence;
      shown.setAttribute("role", "alert");
    });
  }

  /* Without scripts, a header of the page does this. */
  const idle = document.querySelector('meta[name="idle"]');
  if (idle) window.setTimeout(() => { window.location.assign(idle.dataset.to); }, 1000 * Number(idle.content));

  /* Whoever leaves at once, locks. */
  if (document.body.dataset.lock) {
    new MutationObserver(() => {
      if (!document.documentElement.classList.contains("left")) return;
      navigator.sendBeacon(document.body.dataset.lock, new URLSearchParams({ form_key: document.body.dataset.key }));
    }).observe(document.documentElement, { attributeFilter: ["class"] });
  }

  /* A question that comes has the focus. */
  document.addEventListener("htmx:after:swap", () => { document.querySelector("#job[data-asked] button")?.focus(); });
})();
