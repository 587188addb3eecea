// What other clerks do appears on the chart: it asks what happened since its mark, and takes over those rows only.
(() => {
  const EVERY = 4000;
  const chart = () => window.latchkey.chart;
  let timer = 0;
  let asking = null;

  function node(html) {
    const box = document.createElement("template");
    box.innerHTML = html;
    return box.content.firstElementChild;
  }

  function take({ mark, stays, rows, again }) {
    const root = chart().root();
    if (again) return location.reload();
    root.dataset.mark = mark;
    for (const id of stays) root.querySelectorAll(`.b > a[href$="/${id}"]`).forEach((link) => link.closest(".b").remove());
    for (const [id, html] of Object.entries(rows)) {
      const old = document.getElementById(id);
      if (!old || !root.contains(old)) continue;
      const fresh = node(html);
      old.replaceWith(fresh);
      for (const changed of stays) fresh.querySelectorAll(`.b > a[href$="/${changed}"]`).forEach((link) => link.closest(".b").classList.add("is-new"));
    }
    return window.latchkey.chartCursor.refresh();
  }

  async function ask() {
    const root = chart().root();
    if (!root || asking) return asking;
    const { mark, zoom, by, first } = root.dataset;
    const query = new URLSearchParams({ since: mark, zoom, by, from: first });
    asking = fetch(`${root.dataset.chart}changes?${query}`, { headers: { "X-Watching": "1", Accept: "application/json" } });
    try {
      const answer = await asking;
      // Another chart may stand here by now: what was asked for the one before is of no use.
      if (answer.status === 200 && !answer.redirected && chart().root() === root) take(await answer.json());
    } catch {
      // The server is away for a moment; the next time asks again.
    } finally {
      asking = null;
    }
    return undefined;
  }

  function wait() {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      if (!document.hidden) await ask();
      wait();
    }, EVERY);
  }

  document.addEventListener("DOMContentLoaded", () => chart().root() && wait());
  document.addEventListener("visibilitychange", () => !document.hidden && chart().root() && ask());
  // Our own moves show at once.
  document.addEventListener("chart:moved", () => ask());
})();
