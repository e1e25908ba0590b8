// Small pieces of a page.

/** An element with attributes (`onclick` and the like are listeners) and children, elements or texts. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null));
  return element;
}

/** The tolerance as a band and the interval over it, as a picture; `words` say the same. */
export function picture(tolerance, interval, bias, words) {
  const reach = 1.15 * Math.min(3, Math.max(2 * tolerance[1], -2 * tolerance[0], ...interval.map(Math.abs)));
  const at = (value) => 160 + 150 * Math.max(-1, Math.min(1, value / reach)), ink = "currentColor";
  const draw = (tag, attributes) => {
    const shape = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
    return shape;
  };
  const line = (x1, y1, x2, y2, width) => draw("line", { x1, y1, x2, y2, stroke: ink, "stroke-width": width });
  const image = draw("svg", { viewBox: "0 0 320 48", role: "img", "aria-label": words, class: "scv-picture" });
  image.append(draw("rect", { x: at(tolerance[0]), y: 4, width: at(tolerance[1]) - at(tolerance[0]), height: 40, class: "scv-band" }),
    line(160, 4, 160, 44, 0.75), line(at(interval[0]), 24, at(interval[1]), 24, 3), line(at(interval[0]), 16, at(interval[0]), 32, 2),
    line(at(interval[1]), 16, at(interval[1]), 32, 2), draw("circle", { cx: at(bias), cy: 24, r: 5, fill: ink }));
  return image;
}

export const STYLE = `
.scv { border: 1px solid #767676; border-radius: 6px; padding: 0.8rem; margin: 1rem 0; max-width: 100%; box-sizing: border-box; }
.scv * { box-sizing: border-box; }
.scv [hidden] { display: none !important; }
.scv p { margin: 0.4rem 0; }
.scv fieldset { border: 2px dashed #767676; border-radius: 6px; padding: 0.6rem; margin: 0 0 0.6rem; min-width: 0; }
.scv fieldset.scv-over { border-style: solid; border-color: #0b5fa5; background: rgba(11, 95, 165, 0.12); }
.scv legend { font-weight: 600; font-size: 1rem; padding: 0 0.3rem; width: auto; float: none; margin: 0; }
.scv label { display: block; margin: 0.3rem 0; }
.scv input[type="file"] { display: block; max-width: 100%; margin-top: 0.15rem; }
.scv input[type="number"], .scv select { font: inherit; padding: 0.2rem 0.3rem; max-width: 100%; color: inherit; background: transparent; border: 1px solid #767676; border-radius: 4px; }
.scv select option { color: #000; background: #fff; }
.scv input[type="number"] { width: 6rem; }
.scv input[type="range"] { width: 100%; }
.scv button { font: inherit; padding: 0.35rem 1.1rem; border: 2px solid #0b5fa5; border-radius: 4px; background: #0b5fa5; color: #fff; cursor: pointer; }
.scv button:disabled { opacity: 0.55; cursor: default; }
.scv :focus-visible { outline: 3px solid #b35900; outline-offset: 2px; }
.scv-slots, .scv-rules { display: grid; gap: 0 1rem; grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr)); }
.scv-error { border-left: 4px solid #a40000; padding-left: 0.6rem; overflow-wrap: anywhere; }
.scv-scroll { overflow-x: auto; }
.scv table { border-collapse: collapse; font-size: 0.9em; margin: 0.4rem 0; }
.scv th, .scv td { text-align: left; padding: 0.25rem 0.5rem; border-bottom: 1px solid #767676; vertical-align: top; }
.scv ul { padding-left: 1.1rem; margin: 0.4rem 0; overflow-wrap: anywhere; }
.scv-picture { width: 100%; max-width: 26rem; display: block; }
.scv-band { fill: #4c9bd6; fill-opacity: 0.35; }
.scv-command { overflow-wrap: anywhere; }
`;
