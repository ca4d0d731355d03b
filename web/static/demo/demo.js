// What a shop's own script may do with the chat: a link that asks, where the chat has come; else it leads to its page.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-ask]");
  if (!link || !window.Mevichat) return;
  event.preventDefault();
  window.Mevichat.ask(link.dataset.ask);
});
