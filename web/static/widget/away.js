// In the frame, in place of a chat: there is nothing to do but to close it.
import { on, tell } from "../chat/host.js";

const close = document.getElementById("close");

close.addEventListener("click", () => tell("close"));
on("opened", ({ focus }) => { if (focus) close.focus(); });
tell("ready");
