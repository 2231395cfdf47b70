"use strict";
/* Everything works without this file. With it: leave quickly by Shift pressed three times, copy a
   figure with its caveat, and see new figures as they come. Nothing is stored, nothing is sent. */
(() => {
  const leave = document.querySelector("[data-leave]");
  const said = document.querySelector("[data-said]");
  const say = (text) => { if (said) said.textContent = text; };

  /* Leave. The page is covered at once, and is replaced in the tab's history. */
  const go = () => {
    document.documentElement.classList.add("left");
    document.title = " ";
    window.location.replace(leave.href);
  };
  const PRESSES = 3;
  const WITHIN_MS = 5000;
  let presses = 0;
  let timer = 0;
  let alone = false;
  const forget = () => { presses = 0; say(""); };
  if (leave) {
    leave.addEventListener("click", (event) => { event.preventDefault(); go(); });
    document.addEventListener("keydown", (event) => { alone = event.key === "Shift"; });
    document.addEventListener("keyup", (event) => {
      if (event.key !== "Shift" || !alone) return;
      window.clearTimeout(timer);
      presses += 1;
      if (presses >= PRESSES) { go(); return; }
      const left = PRESSES - presses;
      const words = `Shift: press ${left} more ${left === 1 ? "time" : "times"} to leave this page.`;
      say(leave.dataset.again?.replace("{n}", left) ?? words);
      timer = window.setTimeout(forget, WITHIN_MS);
    });
    window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
  }

  /* Copy the text of the element that a button names. */
  document.addEventListener("click", async (event) => {
    const button = event.target.closest && event.target.closest("[data-copy]");
    if (!button) return;
    const text = document.getElementById(button.dataset.copy).textContent.replace(/\s+/g, " ").trim();
    try {
      await navigator.clipboard.writeText(text);
      say("Copied.");
    } catch {
      const range = document.createRange();
      range.selectNodeContents(document.getElementById(button.dataset.copy));
      window.getSelection().removeAllRanges();
      window.getSelection().addRange(range);
      say("Selected: press Ctrl and C to copy.");
    }
  });
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;

  /* New figures: what the reader has opened stays open; the change is announced. */
  let open = [];
  let asOf = "";
  document.addEventListener("htmx:before:swap", () => {
    asOf = document.getElementById("figures")?.dataset.asOf ?? "";
    open = [...document.querySelectorAll("details[open][id]")].map((one) => one.id);
  });
  document.addEventListener("htmx:after:swap", () => {
    for (const id of open) { const one = document.getElementById(id); if (one) one.open = true; }
    for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
    const figures = document.getElementById("figures");
    if (figures && figures.dataset.asOf && figures.dataset.asOf !== asOf) say(`New figures: as of ${figures.dataset.asOf}.`);
  });
})();
