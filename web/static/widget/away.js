// In the frame in place of an unavailable chat: the close button.
import { on, tell } from "../chat/host.js";

const close = document.getElementById("close");

close.addEventListener("click", () => tell("close"));
on("opened", ({ focus }) => { if (focus) close.focus(); });
tell("ready");
