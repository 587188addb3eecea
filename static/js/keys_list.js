// The list of the keys that this page knows, opened by ? or from the menu; letters can be turned off in it.
(() => {
  function make(tag, className = "", text = "") {
    const node = document.createElement(tag);
    if (className) node.className = className;
    node.textContent = text;
    return node;
  }

  function listKeys(words) {
    const lines = [[["/", "Ctrl K"], words.search]];
    if (document.querySelector("[data-rows]")) lines.push([["\u2191", "\u2193"], words.arrows], [["Enter"], words.enter]);
    lines.push([["Esc"], words.esc]);
    const seen = new Set();
    for (const node of document.querySelectorAll("main [data-key], .bar [data-key]")) {
      const label = (node.dataset.keyLabel || node.firstChild.textContent || "").trim();
      const line = node.dataset.key + label;
      if (!window.latchkey.isSeen(node) || seen.has(line)) continue;
      seen.add(line);
      lines.push([[node.dataset.key.toUpperCase()], label]);
    }
    for (const node of document.querySelectorAll(".rail > [data-go]")) {
      lines.push([["G", node.dataset.go.toUpperCase()], node.textContent.trim()]);
    }
    return lines;
  }

  function makeList(lines) {
    const list = make("dl", "facts key-list");
    for (const [keys, text] of lines) {
      const term = make("dt");
      for (const key of keys) term.append(make("kbd", "", key));
      list.append(term, make("dd", "", text));
    }
    return list;
  }

  function makeSwitch(words) {
    const label = make("label", "choice");
    const box = make("input");
    box.type = "checkbox";
    box.checked = !window.latchkey.lettersAreOff();
    box.addEventListener("change", () => window.latchkey.turnLettersOff(!box.checked));
    label.append(box, make("span", "", words.letters));
    return label;
  }

  function showKeys() {
    const box = document.getElementById("keys-dialog");
    if (!box || box.open) return;
    const words = JSON.parse(box.dataset.words);
    const head = make("header", "dialog-head");
    const shut = make("button", "button quiet small icon-only close", "\u2715");
    shut.type = "button";
    shut.dataset.close = "";
    shut.setAttribute("aria-label", words.close);
    head.append(make("h2", "", words.title), shut);
    const body = make("div", "dialog-body");
    body.append(makeList(listKeys(words)), makeSwitch(words));
    const section = make("section", "dialog");
    section.append(head, body);
    box.replaceChildren(section);
    box.showModal();
  }

  window.latchkey = { ...window.latchkey, showKeys };
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-show-keys]")) return;
    event.target.closest("details")?.removeAttribute("open");
    showKeys();
  });
})();
