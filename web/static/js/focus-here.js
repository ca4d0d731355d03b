// Takes the focus when it appears: the summary of a form that came back with errors.
import { behavior } from "./behavior.js";

behavior("focus-here", (element) => element.focus());
