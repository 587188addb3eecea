// Open screens stay true: one small question every few seconds, and when something has happened, each part of the page that
// names its own address in data-live comes anew. Focus, scroll and an open dialog stay where they are.
(() => {
  const EVERY = 4000;
  const WATCHING = { "HX-Request": "true", "X-Watching": "1" };
  const shown = new WeakMap();
  let isAsking = false;
  let isAskedAgain = false;

  const line = () => document.getElementById("live");
  const rows = (part) => [...part.querySelectorAll("[data-row]")];

  async function get(url) {
    const answer = await fetch(url, { headers: WATCHING });
    const elsewhere = answer.headers.get("HX-Redirect");
    if (elsewhere) location.assign(elsewhere);
    return answer;
  }

  // Where the node is (it has the focus, or has opened the dialog and gets it back), so that its successor can be found: the same
  // element, the same link, the same row, else the row in its place.
  function placeIn(part, node) {
    if (!node || !part.contains(node)) return null;
    const row = node.closest("[data-row]");
    return { id: node.id, href: node.getAttribute("href"), rowId: row?.id, at: rows(part).indexOf(row), isRow: node === row, top: node.getBoundingClientRect().top };
  }

  function successor(part, place) {
    const byId = (id) => id && part.querySelector(`#${CSS.escape(id)}`);
    const link = !place.isRow && place.href && part.querySelector(`a[href="${CSS.escape(place.href)}"]`);
    const all = rows(part);
    return byId(place.id) || link || byId(place.rowId) || all[Math.min(Math.max(place.at, 0), all.length - 1)] || part.querySelector("[aria-current]");
  }

  function putBack(part, place) {
    const node = place && part && successor(part, place);
    if (!node) return;
    node.focus({ preventScroll: true });
    window.scrollBy(0, node.getBoundingClientRect().top - place.top);
  }

  // A part in which something is held (a bar that is dragged, a menu that is open) is left alone until the next time.
  const isHeld = (part) => part.matches("[data-live-hold]") || part.querySelector("[data-live-hold], details[open]");

  // A long list (data-live-top says how many rows it begins with) is read further down, or was made longer: it says that it
  // has grown, in its own words, and stays as it is.
  const isReadOn = (part) => "liveTop" in part.dataset && (rows(part).length > Number(part.dataset.liveTop) || part.getBoundingClientRect().top < 0);

  function tell(part, text) {
    const news = new DOMParser().parseFromString(text, "text/html").querySelector("[data-live-news]");
    const line = part.querySelector("[data-live-news]");
    if (!news || !line || line.textContent === news.textContent) return;
    line.replaceChildren(...news.childNodes);
    htmx.process(line);
  }

  async function renew(part) {
    const url = new URL(part.dataset.live, location.href);
    url.searchParams.set("rows", rows(part).length);
    const answer = await get(url);
    if (!answer.ok) return false;
    const text = await answer.text();
    // 204: nothing that this part shows has changed.
    if (answer.status === 204 || shown.get(part) === text || !part.isConnected) return true;
    if (isReadOn(part)) {
      tell(part, text);
      return true;
    }
    if (isHeld(part)) return false;
    const place = placeIn(part, document.activeElement);
    const opener = placeIn(part, part.querySelector("[data-opener]"));
    const spot = { before: part.previousElementSibling, parent: part.parentNode };
    htmx.swap(part, text, { swapStyle: "outerHTML", swapDelay: 0, settleDelay: 0 });
    const now = spot.before ? spot.before.nextElementSibling : spot.parent.firstElementChild;
    shown.set(now, text);
    // All of it is here now.
    now.querySelector("[data-live-news]")?.replaceChildren();
    putBack(now, place);
    if (opener) successor(now, opener)?.setAttribute("data-opener", "");
    document.dispatchEvent(new CustomEvent("live:renewed", { detail: { part: now } }));
    return true;
  }

  async function ask() {
    const answer = await get(`${line().dataset.liveUrl}?mark=${encodeURIComponent(line().dataset.mark)}`);
    if (answer.status !== 200) return;
    const text = await answer.text();
    // The new mark is noted only once every part is as new as it says; what failed is tried again at the next question.
    const done = await Promise.all([...document.querySelectorAll("[data-live]")].map(renew));
    if (!done.every(Boolean)) return;
    htmx.swap(line(), text, { swapStyle: "outerHTML", swapDelay: 0, settleDelay: 0 });
    document.dispatchEvent(new CustomEvent("live:renewed", { detail: { part: line() } }));
  }

  async function look() {
    if (!line() || document.hidden) return;
    isAskedAgain = isAsking;
    if (isAsking) return;
    isAsking = true;
    try {
      await ask();
    } catch {
      // The server does not answer; the next question may find it.
    } finally {
      isAsking = false;
      if (isAskedAgain) {
        isAskedAgain = false;
        look();
      }
    }
  }

  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
  document.addEventListener("live:look", look);

  // A page with data-in-place stays where it is when a dialog on it is done: it shows by itself what has become of it.
  document.addEventListener("htmx:configRequest", (event) => {
    if (document.querySelector("main [data-in-place]")) event.detail.headers["X-In-Place"] = "1";
  });
})();
