// Takes the focus when it appears: the error summary of a rejected form.
import { behavior } from "./behavior.js";

behavior("focus-here", (element) => element.focus());
