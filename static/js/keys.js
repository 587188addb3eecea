// Everything works without a mouse: arrows move through rows, letters do what the row, the dialog or the page offers.
(() => {
  const OFF = "latchkey.letters-off";
  const takesText = (node) => node && (node.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=submit], [type=button])") || node.isContentEditable);
  const isSeen = (node) => node.offsetParent !== null;
  const rows = () => [...document.querySelectorAll("[data-rows] [data-row]")].filter(isSeen);
  const lettersAreOff = () => localStorage.getItem(OFF) === "yes";

  function focusRow(choose) {
    const all = rows();
    if (!all.length) return false;
    const at = all.indexOf(document.activeElement.closest("[data-row]"));
    const next = all[Math.max(0, Math.min(all.length - 1, choose(at, all.length)))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
  }
  const STEPS = {
    ArrowDown: (at) => at + 1,
    ArrowUp: (at) => at - 1,
    Home: () => 0,
    End: (_at, count) => count - 1,
  };

  function press(letter, root) {
    const found = root && [...root.querySelectorAll(`[data-key="${CSS.escape(letter)}"]`)].find((node) => isSeen(node) && !node.disabled);
    if (found) found.click();
    return Boolean(found);
  }

  function focusSearch() {
    const search = document.getElementById("search");
    if (!search) return;
    search.focus();
    search.select();
  }

  // After the letter g, the next one names an entry of the rail.
  let going = 0;
  function go(letter) {
    const isSecond = Date.now() - going < 1200;
    going = letter === "g" && !isSecond ? Date.now() : 0;
    const link = isSecond && document.querySelector(`.rail > [data-go="${CSS.escape(letter)}"]`);
    if (link) link.click();
    return Boolean(link) || going > 0;
  }

  function openRow(row) {
    const verb = row.querySelector("[data-primary]") || row.querySelector("a[href]");
    if (verb) verb.click();
    return Boolean(verb);
  }

  function act(event) {
    const open = document.querySelector("dialog[open]");
    const letter = event.key.toLowerCase();
    const isLetter = letter.length === 1 && letter !== " " && !lettersAreOff();
    if (open) return isLetter && press(letter, open);
    const row = document.activeElement.closest("[data-row]");
    if (event.key in STEPS) return focusRow(STEPS[event.key]);
    if (event.key === "Enter" && row && document.activeElement === row) return openRow(row);
    if (!isLetter) return false;
    if (letter === "/") return focusSearch() || true;
    if (letter === "?") return window.latchkey.showKeys() || true;
    return go(letter) || press(letter, row) || press(letter, document.querySelector("main")) || press(letter, document.querySelector(".bar"));
  }

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    if (event.key === "k" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (!document.querySelector("dialog[open]")) focusSearch();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || takesText(document.activeElement)) return;
    if (act(event)) event.preventDefault();
  });

  document.addEventListener("DOMContentLoaded", () => {
    const first = document.querySelector("[data-rows][data-focus-first] [data-row]");
    if (first && document.activeElement === document.body && matchMedia("(min-width: 801px)").matches) first.focus({ preventScroll: true });
  });

  window.latchkey = { ...window.latchkey, isSeen, lettersAreOff, turnLettersOff: (isOff) => localStorage.setItem(OFF, isOff ? "yes" : "") };
})();
