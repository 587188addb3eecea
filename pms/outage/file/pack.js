"use strict";
// Lives inside an outage pack, which is opened from a disk: it asks nothing of anybody, and writes text only as text.
(() => {
  const say = (element, shown) => { element.hidden = !shown; };

  // How old the pack is, in the words that the file brings.
  const age = document.getElementById("age");
  const tell = () => {
    const minutes = Math.max(0, Math.round((Date.now() - Date.parse(age.dataset.madeAt)) / 60000));
    const [number, words] = minutes < 120 ? [minutes, age.dataset.minutes] : [Math.round(minutes / 60), age.dataset.hours];
    age.textContent = words.replace("{n}", String(number));
    age.classList.toggle("old", minutes >= 120);
    say(age, true);
  };
  tell();
  setInterval(tell, 60000);

  // Rows that hold what is typed.
  const filter = document.getElementById("filter");
  const rows = [...document.querySelectorAll("tbody[data-filtered] tr")].map((row) => [row, row.textContent.toLowerCase()]);
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase();
    for (const [row, text] of rows) row.hidden = !text.includes(wanted);
  });
  document.getElementById("print").addEventListener("click", () => print());
  for (const element of document.querySelectorAll("[data-needs-script]")) element.hidden = false;

  const form = document.getElementById("unlock");
  if (!form) return;
  const body = document.getElementById("codes");
  const table = document.getElementById("codes-table");
  const wrong = document.getElementById("wrong");
  const password = form.elements.namedItem("password");
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

  const open = async () => {
    const typed = new TextEncoder().encode(password.value.normalize("NFC"));
    const secret = await crypto.subtle.importKey("raw", typed, "PBKDF2", false, ["deriveKey"]);
    const key = await crypto.subtle.deriveKey(
      { name: "PBKDF2", hash: "SHA-256", salt: bytes(form.dataset.salt), iterations: Number(form.dataset.rounds) },
      secret, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
    const place = new TextEncoder().encode(form.dataset.place);
    const plain = await crypto.subtle.decrypt(
      { name: "AES-GCM", iv: bytes(form.dataset.nonce), additionalData: place }, key, bytes(form.dataset.sealed));
    return JSON.parse(new TextDecoder().decode(plain));
  };
  const groups = (digits) => `${digits.slice(0, 3)} ${digits.slice(3, 6)} ${digits.slice(6)}`;
  const show = (codes) => {
    body.replaceChildren(...codes.map((code) => {
      const row = document.createElement("tr");
      for (const [name, text] of [["door", code.door], ["guest", code.guest], ["code", groups(code.code)], ["from", code.from], ["until", code.until]]) {
        const cell = document.createElement("td");
        cell.className = name;
        cell.textContent = text;
        row.append(cell);
      }
      return row;
    }));
    say(table, true);
    say(form, false);
  };

  if (!globalThis.crypto || !crypto.subtle) {
    say(document.getElementById("no-crypto"), true);
    return;
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    say(wrong, false);
    try {
      show(await open());
      password.value = "";
    } catch {
      say(wrong, true);
      password.select();
    } finally {
      button.disabled = false;
    }
  });
  document.getElementById("hide").addEventListener("click", () => {
    body.replaceChildren();
    say(table, false);
    say(form, true);
    password.focus();
  });
})();
