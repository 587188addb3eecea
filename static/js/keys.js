// Everything works without a mouse: / and Ctrl-K search, arrows move through rows, letters do what the row offers.
(() => {
  const editable = (node) => node && (node.matches("input, select, textarea") || node.isContentEditable);
  const rows = () => [...document.querySelectorAll("[data-rows] [data-row]")].filter((row) => row.offsetParent !== null);

  function focusRow(step) {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(document.activeElement.closest("[data-row]"));
    const next = all[Math.max(0, Math.min(all.length - 1, at + step))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  function press(letter, root) {
    const found = [...root.querySelectorAll(`[data-key="${CSS.escape(letter)}"]`)].find((node) => node.offsetParent !== null && !node.disabled);
    if (found) found.click();
    return Boolean(found);
  }

  function inSearch(event) {
    const box = document.querySelector("[data-search]");
    if (!box || !box.contains(document.activeElement)) return false;
    const hits = [...box.querySelectorAll(".hit")];
    const at = hits.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && hits.length) hits[Math.min(at + 1, hits.length - 1)].focus();
    else if (event.key === "ArrowUp" && at > 0) hits[at - 1].focus();
    else if (event.key === "ArrowUp" && at === 0) box.querySelector("input").focus();
    else if (event.key === "Enter" && at === -1 && hits.length) hits[0].click();
    else if (event.key === "Escape") {
      box.querySelector(".search-results").replaceChildren();
      document.activeElement.blur();
    } else return false;
    event.preventDefault();
    return true;
  }

  function showKeys() {
    const box = document.getElementById("keys-dialog");
    if (!box) return;
    const words = JSON.parse(box.dataset.words);
    const lines = [["/  Ctrl K", words.search], ["\u2191 \u2193", words.arrows], ["Enter", words.enter], ["Esc", words.esc]];
    const seen = new Set();
    for (const node of document.querySelectorAll("[data-key]")) {
      const label = (node.dataset.keyLabel || node.textContent.replace(/\s+\S$/, "")).trim();
      if (node.offsetParent === null || seen.has(node.dataset.key + label)) continue;
      seen.add(node.dataset.key + label);
      lines.push([node.dataset.key.toUpperCase(), label]);
    }
    for (const node of document.querySelectorAll(".rail > [data-go]")) {
      lines.push([`G ${node.dataset.go.toUpperCase()}`, `${words.go}: ${node.textContent.trim()}`]);
    }
    const title = document.createElement("h2");
    title.textContent = box.dataset.title;
    const head = document.createElement("div");
    head.className = "dialog-head";
    const shut = document.createElement("button");
    shut.type = "button";
    shut.className = "button quiet small icon-only close";
    shut.dataset.close = "";
    shut.setAttribute("aria-label", box.dataset.closeLabel);
    shut.textContent = "\u2715";
    head.append(title, shut);
    const list = document.createElement("dl");
    list.className = "facts";
    for (const [key, text] of lines) {
      const term = document.createElement("dt");
      const mark = document.createElement("kbd");
      mark.textContent = key;
      term.append(mark);
      const word = document.createElement("dd");
      word.textContent = text;
      list.append(term, word);
    }
    const body = document.createElement("div");
    body.className = "dialog-body";
    body.append(list);
    box.replaceChildren(head, body);
    box.showModal();
  }

  let going = 0;
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || inSearch(event)) return;
    const open = document.querySelector("dialog[open]");
    if ((event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !editable(document.activeElement))) {
      const search = document.getElementById("search");
      if (search && !open) {
        event.preventDefault();
        search.focus();
        search.select();
      }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || editable(document.activeElement)) return;
    if (event.key === "?") return void showKeys();
    const letter = event.key.toLowerCase();
    if (open) {
      if (letter.length === 1 && press(letter, open)) event.preventDefault();
      return;
    }
    if (going && Date.now() - going < 1200) {
      going = 0;
      const link = document.querySelector(`.rail > [data-go="${CSS.escape(letter)}"]`);
      if (link) return void link.click();
    }
    if (letter === "g") return void (going = Date.now());
    const row = document.activeElement.closest("[data-row]");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (rows().length) {
        event.preventDefault();
        focusRow(event.key === "ArrowDown" ? 1 : -1);
      }
    } else if (event.key === "Enter" && row && document.activeElement === row) {
      const verb = row.querySelector("[data-primary]") || row.querySelector("a[href]");
      if (verb) {
        event.preventDefault();
        verb.click();
      }
    } else if (letter.length === 1 && press(letter, row || document.querySelector("main") || document)) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-show-keys]")) showKeys();
    // An open menu closes when one clicks elsewhere.
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
    const search = document.querySelector("[data-search]");
    if (search && !search.contains(event.target)) search.querySelector(".search-results").replaceChildren();
  });

  document.addEventListener("DOMContentLoaded", () => {
    const first = document.querySelector("[data-rows][data-focus-first] [data-row]");
    if (first && !document.querySelector("[data-autofocus]") && matchMedia("(min-width: 801px)").matches) first.focus({ preventScroll: true });
  });
})();
