// The second widget: sliders for what is assumed, and what would come out.
import { fieldsNeeded } from "./fields.js";
import { make, picture } from "./page.js";
import { percent, span } from "./text.js";

const SLIDERS = {
  tolerance: ["Tolerance, ± %", 1, 50, 1, 10],
  n: ["Fields", 2, 100, 1, 6],
  bias: ["Mean error of the tool, %", -40, 40, 1, 2],
  spread: ["Spread of the error between fields (standard deviation), %", 1, 60, 1, 8],
};

/** Build the widget in an element. */
export function fieldsWidget(el) {
  const inputs = {}, answer = make("div", { role: "status", "aria-live": "polite" });
  const sliders = Object.entries(SLIDERS).map(([name, [text, min, max, step, value]]) => {
    const shown = make("span", {}, String(value)); // an output would take the label for itself
    inputs[name] = make("input", { type: "range", min, max, step, value, oninput: (event) => { shown.textContent = event.target.value; update(); } });
    return make("label", {}, `${text}: `, shown, inputs[name]);
  });

  function update() {
    const read = (name) => Number(inputs[name].value), given = { n: read("n"), tolerance: read("tolerance") / 100, bias: read("bias") / 100, spread: read("spread") / 100 };
    const { word, reason, interval, toHold, toFail, needed, wanted } = fieldsNeeded(given);
    const tolerance = [-given.tolerance, given.tolerance], often = (power) => `${Math.round(100 * power)} of 100`;
    answer.replaceChildren(
      make("p", {}, make("strong", {}, word + (reason ? `: ${reason}` : "")), `, were ${given.n} fields to give exactly this: bias ${percent(given.bias)}, 90 % interval ${span(interval)}.`),
      picture(tolerance, interval, given.bias, `The interval ${span(interval)} over the tolerance ${span(tolerance)}`),
      make("p", {}, `Chance moves such numbers. Of 100 studies of ${given.n} fields with this bias and spread, ${often(toHold)} would say HOLDS and ${often(toFail)} FAILS.`),
      make("p", {}, needed === "more than 1,000"
        ? `More than 1,000 fields would be needed for ${wanted} in 80 of 100 studies: the bias lies too near the edge of the tolerance, or the spread is too large.`
        : `For ${wanted} in 80 of 100 studies you would need ${needed} fields.`));
  }

  el.append(make("section", { class: "scv", "aria-label": "How many fields would you need?" }, sliders, answer));
  update();
}
