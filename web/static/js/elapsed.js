// How long a check has been running, as seen by this page.
import { behavior } from "./behavior.js";

const began = new Map();

behavior("elapsed", (piece) => {
  const id = piece.dataset.check;
  if (!began.has(id)) began.set(id, Date.now());
  const place = piece.querySelector("[data-elapsed]");
  const show = () => {
    const seconds = Math.floor((Date.now() - began.get(id)) / 1000);
    place.textContent = seconds ? `${seconds} s` : "";
  };
  show();
  const timer = setInterval(() => (piece.isConnected ? show() : clearInterval(timer)), 1000);
});
