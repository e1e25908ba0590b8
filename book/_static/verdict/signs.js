// Signs in an array that it is not what a label image is: one number an object, 0 for background.
// A sign is { name, certain, text, way }; `way` names options of the command, with {side} for prediction or truth.
import { largest, median, smallest } from "./statistics.js";
import { fixed } from "./text.js";

const FULL = [255, 65535]; // the largest numbers of 8 and 16 bits
const SPECK = 0.1; // a piece below this share of its object, and of a usual object, is a slip of the pen
const TOUCHED = 0.75; // of all others: a background meets nearly all, an object of a full field about six
const MOST = 0.5;
const MANY = 0.25;
const LEVELS = 5; // numbers below which the order of neighbours says little
const FEW = 10; // objects, or pieces, below which a share says little
const STEPPED = 0.25, SOME_STEPS = 0.05; // of the changes along rows
const NEARLY_NONE = 0.01; // of the pixels may be 0 where nothing is background

const CONNECTED = "--labels {side}=connected counts every piece as an object";
const ANEW = "save it without interpolation (nearest neighbour), or threshold it first";

const sign = (name, certain, text, way) => ({ name, certain, text, way });
const listed = (values) => values.slice(0, 4).join(", ") + (values.length > 4 ? ", ..." : "");
const percent = (share) => `${fixed(100 * share, 0)}%`;

/** Look for every sign in a label image; also the counts that are added up over a folder. */
export function look(labels) {
  const cut = runs(labels), { ids } = labels;
  if (!ids.length) return { signs: [], ids: 0, several: 0, hidden: 0 };
  const steps = stepsIn(cut);
  if (steps?.certain) return { signs: [steps], ids: 0, several: 0, hidden: 0 };
  const found = pieces(labels, cut), number = numbersOfPieces(found);
  const several = number.filter((one) => one > 1).length, hidden = number.reduce((sum, one) => sum + one - 1, 0);
  const signs = [steps, background(labels), oneValue(labels, number), inner(labels), specks(found)];
  if (!signs.some((one) => one?.certain)) {
    let pieced = limit(found, ids, number) ?? severalPieces(ids, number);
    if (pieced?.certain) {
      const levels = greyLevels(labels, found, steps), line = outline(labels, number);
      if (levels && (ids.length >= LEVELS || !line)) return { signs: [{ ...levels, certain: true }], ids: 0, several: 0, hidden: 0 };
      pieced = line ?? pieced;
    }
    signs.push(pieced);
  }
  return { signs: signs.filter(Boolean), ids: ids.length, several, hidden };
}

/** Judge the files of a folder as one: what is a doubt in each may be certain in all of them. */
export function together(looks) {
  const sum = (name) => looks.reduce((total, one) => total + one[name], 0);
  const ids = sum("ids"), several = sum("several"), hidden = sum("hidden");
  const files = looks.filter((one) => one.several > 0).length;
  if (files < 2 || several < MANY * ids || hidden < Math.floor(FEW / 2)) return null;
  const text = `${several} of ${ids} numbers, in ${files} of ${looks.length} files, lie in several separate pieces`
    + ` (${ids + hidden} pieces in all), so that a number does not stand for one object`;
  return sign("several", true, text, CONNECTED);
}

/** Correlation (phi) of two foregrounds in n pixels: -1 where each is the other's background, NaN if one is flat. */
export function inverted({ both, predicted: a, truth: b }, n) {
  const spread = a * (n - a) * b * (n - b);
  return spread ? (both * n - a * b) / Math.sqrt(spread) : NaN;
}

/** Stretches of equal value along every row, background included. */
function runs({ dense, width }) {
  let n = 0;
  for (let i = 0, x = 0; i < dense.length; i++) {
    if (x === 0 || dense[i] !== dense[i - 1]) n++;
    if (++x === width) x = 0;
  }
  const [value, row, column, length] = Array.from({ length: 4 }, () => new Int32Array(n));
  for (let y = 0, i = 0, k = 0; i < dense.length; y++) {
    for (let x = 0; x < width; k++) {
      const here = dense[i], from = x;
      while (x < width && dense[i] === here) x++, i++;
      value[k] = here;
      row[k] = y;
      column[k] = from;
      length[k] = x - from;
    }
  }
  return { value, row, column, length };
}

/** Rims of values between those on either side: an interpolated, blurred or compressed picture. */
function stepsIn({ value, row, length }) {
  const change = (i) => (row[i] === row[i + 1] ? Math.sign(value[i + 1] - value[i]) : 0);
  let total = 0, steps = 0;
  for (let i = 0; i + 1 < value.length; i++) {
    const here = change(i);
    total += here !== 0;
    if (i && here && length[i] === 1 && value[i] && change(i - 1) === here) steps++;
  }
  if (steps < FEW || steps < SOME_STEPS * total) return null;
  const text = `${steps} of ${total} changes of value along its rows go in steps of one pixel, as grey levels or`
    + " probabilities do and the rims of a picture that was resized, smoothed or compressed";
  return sign("steps", steps >= STEPPED * total, text, ANEW);
}

/** Connected pieces (corners count) of every object, largest first: a list for each object. */
function pieces({ ids }, { value, row, column, length }) {
  const parent = Int32Array.from(value.keys());
  const root = (i) => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]];
    return i;
  };
  for (let i = 0, above = 0; i < value.length; i++) {
    while (row[above] < row[i] - 1) above++;
    for (let j = above; row[j] === row[i] - 1 && column[j] <= column[i] + length[i]; j++) {
      if (column[j] + length[j] < column[i]) above = j; // wholly before this run, and before those that follow
      else if (value[j] && value[j] === value[i]) parent[root(j)] = root(i);
    }
  }
  const found = ids.map(() => []), all = [], place = new Int32Array(value.length); // of a root: its piece, from 1
  for (let i = 0; i < value.length; i++) {
    if (!value[i]) continue;
    const key = root(i), y = row[i], x = column[i];
    if (!place[key]) {
      place[key] = all.push({ pixels: 0, low: [y, x], high: [y, x] });
      found[value[i] - 1].push(all[place[key] - 1]);
    }
    const piece = all[place[key] - 1];
    piece.pixels += length[i];
    piece.low[1] = Math.min(piece.low[1], x);
    piece.high = [y, Math.max(piece.high[1], x + length[i] - 1)];
  }
  for (const own of found) own.sort((a, b) => b.pixels - a.pixels);
  return found;
}

/** A number below which a piece is a speck, beside its own object's largest and beside a usual object. */
function speckBelow(found) {
  const usual = median(found.map((own) => own[0].pixels));
  return (own) => SPECK * Math.min(own[0].pixels, usual);
}

/** In how many pieces that are no specks each number lies. */
function numbersOfPieces(found) {
  const below = speckBelow(found);
  return found.map((own) => {
    const counted = own.filter(({ pixels }) => pixels >= below(own)).length;
    const rest = own.slice(1).reduce((sum, { pixels }) => sum + pixels, 0);
    return rest >= SPECK * own[0].pixels ? Math.max(counted, 2) : counted; // by many specks
  });
}

/** More scattered pixels than objects: noise, or a compressed picture. */
function specks(found) {
  const below = speckBelow(found);
  const count = found.reduce((sum, own) => sum + own.filter(({ pixels }) => pixels < below(own)).length, 0);
  if (count <= Math.max(FEW, found.length)) return null;
  const way = "remove them, for they count as area of the objects whose numbers they bear";
  return sign("specks", false, `${count} specks lie apart from its ${found.length} objects`, way);
}

/** Numbers in several pieces that are grey levels: in steps once an enlargement is undone, or in order. */
function greyLevels(labels, found, steps) {
  if (steps && median(found.flat().map(({ pixels }) => pixels)) <= 2) return { ...steps, certain: true };
  const small = shrunk(labels), { ids } = labels;
  const stepped = small.dense.length < labels.dense.length && stepsIn(runs(small))?.certain;
  const share = inOrder(labels);
  if (!stepped && share < MOST) return null;
  let text = `its ${ids.length} numbers (${listed(ids)}) lie in many pieces beside each other, as grey levels do`;
  if (share >= MOST) text += `: ${percent(share)} of the borders between two of them are between neighbours in value`;
  return sign("steps", stepped && share >= MOST, text, "threshold it, and give the mask with --labels {side}=connected");
}

/** Leave out rows and columns that repeat the one before, as an enlargement by nearest neighbour does. */
function shrunk({ dense, height, width }) {
  const range = (n) => [...Array(n).keys()];
  const rows = range(height).filter((y) => !y || range(width).some((x) => dense[y * width + x] !== dense[(y - 1) * width + x]));
  const columns = range(width).filter((x) => !x || rows.some((y) => dense[y * width + x] !== dense[y * width + x - 1]));
  const small = new Int32Array(rows.length * columns.length);
  rows.forEach((y, i) => columns.forEach((x, j) => { small[i * columns.length + j] = dense[y * width + x]; }));
  return { dense: small, height: rows.length, width: columns.length };
}

/** Share of the border between two numbers at which they follow each other; 0 where this says little. */
function inOrder({ dense, ids, height, width }) {
  let near = 0, total = 0, outer = 0;
  const within = Math.max(1, Math.floor(ids.length / 16));
  const meet = (a, b) => {
    if (a && b) {
      total++;
      near += Math.abs(a - b) <= within;
    } else outer++;
  };
  eachBorder({ dense, height, width }, meet);
  return ids.length >= LEVELS && total > Math.max(FEW, outer) ? near / total : 0;
}

/** Call with both values wherever two pixels of different values share a face. */
function eachBorder({ dense, height, width }, call) {
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0, left = 0; x < width; x++, i++) {
      const here = dense[i], above = y ? dense[i - width] : here;
      if (above !== here) call(here, above);
      if (x && left !== here) call(here, left);
      left = here;
    }
  }
}

/** Numbers in several pieces: classes, masks, tiles numbered each from 1, or a slip. */
function severalPieces(ids, number) {
  const many = ids.filter((_, i) => number[i] > 1);
  if (!many.length) return null;
  const hidden = number.reduce((sum, one) => sum + one - 1, 0), most = largest(number), worst = ids[number.indexOf(most)];
  const certain = (many.length >= MOST * ids.length && hidden >= 2) || hidden >= Math.max(FEW, MANY * ids.length);
  if (ids.length === 1) {
    const so = certain ? "so it is a mask; expected one number per object" : "so it may be a mask";
    return sign("several", certain, `holds 0 and ${worst} alone, in ${most} separate pieces, ${so}`, CONNECTED);
  }
  const text = `${many.length} of its ${ids.length} numbers (${listed(many)}) lie in several separate pieces, ${worst} in`
    + ` ${most}; ${ids.length + hidden} pieces in all`;
  const end = certain ? ", so a number does not stand for one object" : "; each number counts once";
  return sign("several", certain, text + end, CONNECTED);
}

/** A number in many pieces that are thin lines, beside others that are not: drawn outlines. */
function outline(labels, number) {
  const { ids } = labels, order = [...ids.keys()].sort((a, b) => number[b] - number[a] || a - b);
  const step = Math.max(1, Math.floor(ids.length / 10)), asked = new Set(order.slice(0, 5));
  for (let i = 0; i < ids.length; i += step) asked.add(i);
  const share = new Map([...asked].map((i) => [i, innerShare(labels, i + 1)]));
  const line = [...asked].reduce((best, i) => {
    const less = share.get(i) - share.get(best) || number[best] - number[i];
    return less < 0 ? i : best;
  });
  if (share.get(line) > SPECK || Math.max(...share.values()) <= SPECK || besideShare(labels, line + 1) < MOST) return null;
  const others = number.filter((_, i) => i !== line), still = others.filter((one) => one > 1).length / others.length >= MOST;
  const text = `${ids[line]} lies in ${number[line]} separate thin lines, as drawn outlines do`;
  const way = `--background {side}=0,${ids[line]}${still ? " --labels {side}=connected" : ""}`;
  return sign("outline", true, text, `${way} leaves the outlines out`);
}

/** Share of a number's pixels whose four neighbours all hold it, too. */
function innerShare({ dense, height, width }, value) {
  let all = 0, inside = 0;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (dense[i] !== value) continue;
      all++;
      const within = y && x && y < height - 1 && x < width - 1;
      if (within && dense[i - 1] === value && dense[i + 1] === value && dense[i - width] === value && dense[i + width] === value) inside++;
    }
  }
  return inside / all;
}

/** Share of a number's pixels that have another object beside them, at corners too. */
function besideShare({ dense, height, width }, value) {
  let all = 0, beside = 0;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (dense[i] !== value) continue;
      all++;
      let other = false;
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const near = dense[v * width + u];
          other ||= near !== 0 && near !== value;
        }
      }
      beside += other;
    }
  }
  return beside / all;
}

/** Numbers that ran into the end of 8 or 16 bits. */
function limit(found, ids, number) {
  const top = ids[ids.length - 1], wider = "save it in more bits", several = severalPieces(ids, number);
  if (!FULL.includes(top) || ids.length <= top >> 1) return null;
  const bits = top === 255 ? 8 : 16, last = number[number.length - 1];
  const apart = ids.filter((_, i) => number[i] > 1 && farApart(found[i]));
  let text;
  if (last >= 3) {
    text = `its largest number, ${top}, the last that ${bits} bits hold, lies in ${last} separate`
      + ` pieces: the objects from ${top} on were all written as ${top}`;
  } else if (apart.length >= 3) {
    text = `${apart.length} of its ${ids.length} numbers (${listed(apart)}) lie in pieces far apart and ${top} is`
      + ` the last that ${bits} bits hold: the objects above ${top} were numbered from 0 again,`
      + ` and ${top + 1} itself is lost`;
  } else {
    text = `its largest number is ${top}, the last that ${bits} bits hold: were there more objects?`;
    if (several) text += ` ${capital(several.text)}`;
    return sign("limit", Boolean(several?.certain), text, `${wider}; ${CONNECTED}`);
  }
  return sign("limit", true, text, `${wider}; ${CONNECTED}`);
}

export const capital = (text) => text[0].toUpperCase() + text.slice(1);

/** Whether between a number's pieces lies more than the longest of them is long. */
function farApart(own) {
  const length = (low, high) => Math.hypot(high[0] - low[0] + 1, high[1] - low[1] + 1);
  const edge = (name, pick) => [0, 1].map((axis) => pick(own.map((piece) => piece[name][axis])));
  return length(edge("low", smallest), edge("high", largest)) > 3 * largest(own.map(({ low, high }) => length(low, high)));
}

const backgroundIs = (number) => `--background {side}=${number} where ${number} is the background`;

/** A number other than 0 that stands for what is no object. */
function background(labels) {
  const { ids, area } = labels, size = labels.dense.length, drawn = area.reduce((sum, one) => sum + one, 0), zero = size - drawn;
  const large = area.reduce((best, one, i) => (one > area[best] ? i : best), 0), lines = zero > NEARLY_NONE * size;
  const filled = zero > 0 && zero <= MANY * size ? withoutLines(labels) : labels;
  let left = drawn;
  if (filled !== labels) for (let i = 0; i < labels.dense.length; i++) left += filled.dense[i] !== 0 && labels.dense[i] === 0;
  if (left < (1 - NEARLY_NONE) * size) {
    if (area[large] <= MOST * size) return null;
    const covered = `the number ${ids[large]} covers ${percent(area[large] / size)} of the field`;
    return sign("cover", false, `${covered}: one object, or the background?`, backgroundIs(ids[large]));
  }
  const none = zero ? "holds hardly any pixel of 0, or in lines alone" : "holds no pixel of 0";
  if (ids.length === 1) {
    return sign("background", false, `${none}: the whole field is one object, ${ids[0]}`, backgroundIs(ids[0]));
  }
  const near = neighbours(filled), edge = edgeValues(filled), degree = near.map((own) => own.size);
  let other = 0;
  ids.forEach((_, i) => {
    if (degree[i] > degree[other] || (degree[i] === degree[other] && area[i] > area[other])) other = i;
  });
  const lonely = ids.filter((_, i) => degree[i] === 1 && near[i].has(other) && !edge.has(i + 1)).length;
  const touched = degree[other], rest = ids.length - 1;
  const certain = !lines && ((touched >= TOUCHED * rest && rest >= FEW) || lonely > 0);
  const text = `${none}, and the number ${ids[other]}, ${percent(area[other] / size)} of the field, touches`
    + ` ${touched} of the ${rest} others and encloses ${lonely} whole`;
  const end = certain ? ", as a numbered background does" : "; expected 0 for background, if there is any";
  return sign("background", certain, text + end, backgroundIs(ids[other]));
}

/** 0 filled with the largest number beside it, since it may stand for lines between objects alone. */
function withoutLines(labels) {
  const { dense, height, width } = labels, filled = dense.slice();
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (dense[i]) continue;
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) filled[i] = Math.max(filled[i], dense[v * width + u]);
      }
    }
  }
  return { ...labels, dense: filled };
}

/** Of each object, those that share a face of a pixel with it. */
function neighbours(labels) {
  const near = labels.ids.map(() => new Set());
  eachBorder(labels, (a, b) => {
    if (a && b) near[a - 1].add(b - 1), near[b - 1].add(a - 1);
  });
  return near;
}

/** Values on the outermost pixels. */
function edgeValues({ dense, height, width }) {
  const found = new Set();
  for (let x = 0; x < width; x++) found.add(dense[x]), found.add(dense[(height - 1) * width + x]);
  for (let y = 0; y < height; y++) found.add(dense[y * width]), found.add(dense[(y + 1) * width - 1]);
  return found;
}

/** One number alone, whose zeros lie in islands inside it or that is written as a mask's. */
function oneValue(labels, number) {
  const { ids, dense } = labels, value = ids[0];
  if (ids.length > 1 || dense.every(Boolean)) return null;
  const islands = islandsOfZero(labels);
  if (islands >= 3) {
    const text = `holds 0 and ${value} alone, and 0 lies in ${islands} islands inside ${value}: an inverted mask?`;
    return sign("inverted", false, text, `--background {side}=${value} --labels {side}=connected if so`);
  }
  if (FULL.includes(value) && number[0] === 1) {
    const text = `holds 0 and ${value} alone, as a mask does, in one piece: one object?`;
    return sign("mask", false, text, "give every object a number of its own if it is not");
  }
  return null;
}

/** Pieces of 0 (faces count) that do not reach the edge. */
function islandsOfZero({ dense, height, width }) {
  const seen = Uint8Array.from(dense, (value) => (value ? 1 : 0));
  let islands = 0;
  for (let begin = 0; begin < dense.length; begin++) {
    if (seen[begin]) continue;
    const stack = [begin];
    let edge = false;
    seen[begin] = 1;
    while (stack.length) {
      const i = stack.pop(), y = Math.floor(i / width), x = i % width;
      edge ||= !y || !x || y === height - 1 || x === width - 1;
      const around = [y && i - width, y < height - 1 && i + width, x && i - 1, x < width - 1 && i + 1];
      around.forEach((j, side) => {
        const there = [y, y < height - 1, x, x < width - 1][side];
        if (there && !seen[j]) seen[j] = 1, stack.push(j);
      });
    }
    islands += !edge;
  }
  return islands;
}

/** Objects that lie wholly in another one, as nuclei in cells do. */
function inner(labels) {
  if (labels.dense.every(Boolean)) return null;
  const near = labels.ids.map(() => new Set()), free = edgeValues(labels);
  eachBorder(labels, (a, b) => {
    if (a && b) near[a - 1].add(b - 1), near[b - 1].add(a - 1);
    else free.add(a || b);
  });
  const inside = near.filter((own, i) => own.size === 1 && !free.has(i + 1)).length;
  if (inside < MANY * labels.ids.length) return null;
  const way = "leave out the outer or the inner ones where they are no objects of their own";
  return sign("inside", false, `${inside} of its ${labels.ids.length} objects lie wholly inside another`, way);
}
