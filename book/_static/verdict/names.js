// Which names of two lists mean the same field, as far as the names alone can tell; as the command does it.

const ROLES = {
  labels: "mask masks label labels labeled labelled lbl seg segm segmentation segmentations instance instances"
    + " object objects identities track",
  prediction: "pred preds prediction predictions predicted output outputs out result results res cp cellpose"
    + " stardist unet omnipose ilastik",
  truth: "gt truth true ground groundtruth manual man annot annotated annotation annotations reference ref",
  image: "img image images im raw",
  beside: "outline outlines flow flows cellprob prob probs probability probabilities overlay overlays dp"
    + " boundary boundaries",
  micrograph: "patch rigid aligned doseweighted dw nodw frame frames fractions eer info automatch autopick"
    + " manualpick auto pick picks picked coord coords coordinates particles boxes",
};
const ROLE = new Map(Object.entries(ROLES).flatMap(([role, words]) => words.split(" ").map((word) => [word, role])));
const WORD = /\p{Nd}+|dP(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|(?:(?![A-Za-z_])[\p{L}\p{N}\p{M}])+/gu;
const UID = /^\d{15,}[_-](?=.)/;
const STAMP = 100000; // numbers from here are times, dates or identifiers

/** Words in small letters, and numbers as numbers (marked by #). */
const word = (part) => (/^\p{Nd}+$/u.test(part) ? `#${BigInt(part)}` : part.toLowerCase());
const tokens = (name) => (name.match(WORD) ?? []).map(word);

/** A name's words without those of a role at either end. */
export function core(name) {
  const found = tokens(name.replace(UID, "")), held = found.flatMap((one, i) => (ROLE.has(one) ? [] : [i]));
  return held.length ? found.slice(held[0], held.at(-1) + 1) : found;
}

/** The part of a name from its core's first word to the last, as it is written. */
export function coreText(name) {
  const cut = name.replace(UID, ""), parts = [...cut.matchAll(WORD)];
  const plain = parts.filter((part) => !ROLE.has(word(part[0]))), kept = plain.length ? plain : parts;
  return kept.length ? cut.slice(kept[0].index, kept.at(-1).index + kept.at(-1)[0].length) : name;
}

/** The roles that the words around a name's core speak of. */
export function roles(name) {
  return new Set(leftOver(tokens(name.replace(UID, "")), core(name)).flatMap((one) => ROLE.get(one) ?? []));
}

/** Words of one list that the other does not have, counted. */
function leftOver(outer, inner) {
  const rest = [...inner];
  return outer.filter((one) => {
    const at = rest.indexOf(one);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

/** Pair names that mean the same thing, by the first way that pairs most; what is not certain is left alone. */
export function matchNames(left, right) {
  const ways = {
    "by equal names": () => equal(left, right, (name) => name),
    "by names without what says their role, such as mask or gt": () => equal(left, right, (name) => core(name).join(" ")),
    "by what varies in the names": () => varying(left, right),
    "by the longest part that the names share": () => holding(left, right),
  };
  let pairs = new Map(), how = "";
  for (const [told, way] of Object.entries(ways)) {
    if (pairs.size === left.length && left.length === right.length) break;
    const found = way();
    if (found.size > pairs.size) [pairs, how] = [found, told];
  }
  return { pairs, how };
}

function equal(left, right, key) {
  const mine = new Map(left.map((name) => [key(name), name])), theirs = new Map(right.map((name) => [key(name), name]));
  if (mine.size < left.length || theirs.size < right.length) return new Map();
  return new Map([...mine].filter(([own]) => own && theirs.has(own)).map(([own, name]) => [name, theirs.get(own)]));
}

function varying(left, right) {
  if (left.length !== right.length || left.length < 2) return new Map();
  const [mine, theirs] = [left, right].map(withoutConstants);
  if (mine.size < left.length || theirs.size < right.length || [...mine.keys()].some((own) => !theirs.has(own))) return new Map();
  const pairs = new Map([...mine].map(([own, name]) => [name, theirs.get(own)]));
  const cores = [...pairs].map((pair) => pair.map(core));
  return cores.every(([a, b]) => holds(a, b)) || cores.every(([a, b]) => holds(b, a)) ? pairs : new Map();
}

/** Names by their cores without the words that all of them begin with and end with. */
function withoutConstants(names) {
  const cores = names.map(core), alike = (lists) => {
    const least = Math.min(...lists.map((own) => own.length));
    let i = 0;
    while (i < least && lists.every((own) => own[i] === lists[0][i])) i++;
    return i;
  };
  const head = alike(cores), cut = cores.map((own) => own.slice(head)), tail = alike(cut.map((own) => [...own].reverse()));
  return new Map(cut.map((own, i) => [own.slice(0, own.length - tail).join(" "), names[i]]));
}

function holding(left, right) {
  if (!left.length || left.length !== right.length) return new Map();
  const pairs = heldBy(left, right);
  return pairs.size ? pairs : new Map([...heldBy(right, left)].map(([theirs, mine]) => [mine, theirs]));
}

/** Give each outer name the one inner name whose core it holds; nothing unless that is one to one. */
function heldBy(outer, inner) {
  const cores = new Map(inner.map((name) => [name, core(name)])), pairs = new Map(), over = [];
  for (const name of outer) {
    const mine = core(name), held = inner.filter((other) => holds(mine, cores.get(other)));
    const longest = Math.max(0, ...held.map((other) => cores.get(other).length));
    const best = held.filter((other) => cores.get(other).length === longest);
    if (best.length !== 1) return new Map();
    pairs.set(name, best[0]);
    const numbers = leftOver(mine, cores.get(best[0])).filter((one) => one[0] === "#" && Number(one.slice(1)) < STAMP);
    over.push([...new Set(numbers)].sort().join(" "));
  }
  const oneToOne = new Set(pairs.values()).size === inner.length;
  return oneToOne && over.every((numbers) => numbers === over[0]) ? pairs : new Map();
}

/** Whether the words of `inner` occur in `outer` in their order. */
function holds(outer, inner) {
  let at = 0;
  for (const one of outer) if (at < inner.length && one === inner[at]) at++;
  return inner.length > 0 && at === inner.length;
}
