// The form of anywidget: `render({ model, el })`; what is shown is the model's `show`, "verdict" or "fields".
import { fieldsWidget } from "./fields_widget.js";
import { make, STYLE } from "./page.js";
import { verdictWidget } from "./verdict_widget.js";

export function render({ model, el }) {
  el.append(make("style", {}, STYLE));
  (model?.get("show") === "fields" ? fieldsWidget : verdictWidget)(el);
}
