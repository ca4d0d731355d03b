// The greeting bubble beside the launcher. Once dismissed, it stays hidden for a week.

const TEASER_RESTS_MS = 7 * 24 * 3600 * 1000;

function tease() {
  const say = make("button", { class: "say", type: "button" }, config.teaser);
  const dismiss = make("button", { class: "away", type: "button", "aria-label": words.dismiss }, drawing(config.cross));
  const teaser = make("div", { class: "teaser" }, say, dismiss);
  const leave = () => teaser.remove();
  say.onclick = () => open();
  dismiss.onclick = () => {
    keep("localStorage", "teaser", Date.now());
    leave();
    launcher.focus();
  };
  addEventListener("mevichat:open", leave);
  if (keep("sessionStorage", "open") || Date.now() - keep("localStorage", "teaser") < TEASER_RESTS_MS) return;
  setTimeout(() => opened || launcher.hidden || launcher.before(teaser), config.teaserSeconds * 1000);
}
