// The console's behaviors: one file each, bound by data-behavior="name …", also in parts that htmx swaps in.
import "./htmx-setup.js";
import "./announce.js";
import "./copy.js";
import "./key-form.js"; // before the dialog, which empties itself when it closes
import "./dialog.js";
import "./elapsed.js";
import "./filter-menu.js";
import "./focus-here.js";
import "./menu.js";
import "./palette.js";
import "./polling.js";
import "./relative-time.js";
import "./reveal-secret.js";
import "./submit-once.js";
import "./theme.js";
import "./toasts.js";
