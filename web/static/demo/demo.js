// Uses the widget's API as a site would: links that ask the bot a question. Without the widget they open the chat page.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-ask]");
  if (!link || !window.Mevichat) return;
  event.preventDefault();
  window.Mevichat.ask(link.dataset.ask);
});
