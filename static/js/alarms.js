// A new urgent alarm says so once in each browser, wherever somebody is: as a message that stays, with the way to it. No sound.
// What must not be seen at the desk (duress) is never in the mark that this reads.
(() => {
  const KEY = "alarm-told";

  function tell() {
    const mark = document.getElementById("alarm-mark");
    const { urgent, urgentText, urgentUrl, urgentLabel } = mark?.dataset || {};
    // Ids rise with time, and are too large for a number.
    if (!urgent || BigInt(urgent) <= BigInt(localStorage.getItem(KEY) || 0)) return;
    localStorage.setItem(KEY, urgent);
    document.dispatchEvent(new CustomEvent("toast", { detail: { text: urgentText, kind: "bad", url: urgentUrl, label: urgentLabel } }));
  }

  document.addEventListener("DOMContentLoaded", tell);
  document.addEventListener("live:renewed", (event) => {
    if (event.detail.part.id === "live") tell();
  });
})();
