"use strict";
// Structures: from the compact text of a molecule to a drawing (SVG) and to a MOL file.

const SCALE = 21; // Pixels per angstrom.
const SMALLEST = [190, 130]; // Smallest view in pixels, so that small molecules are not drawn large.
const INKS = { C: "ink", N: "N", O: "O", S: "S", P: "P", F: "halogen", Cl: "halogen", Br: "halogen", I: "halogen" };

function make(tag, attributes = {}, ...children) {
  const space = ["svg", "path", "text"].includes(tag) ? "2000/svg" : "1999/xhtml";
  const node = document.createElementNS(`http://www.w3.org/${space}`, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function parseStructure(text) {
  const [atomTexts, bondTexts, further] = text.split("|").map((field) => field.split(";").filter(Boolean));
  const atoms = atomTexts.map((atom) => {
    const [x, y, symbol, valence = "0", ...around] = atom.split(",");
    const isLabeled = symbol !== undefined;
    return { x: x / 100, y: y / 100, symbol: symbol ?? "C", isLabeled, valence, around, degree: 0 };
  });
  const bonds = bondTexts.map((bond) => {
    const [begin, end, order = 1, stereo = 0] = bond.split(",").map(Number);
    for (const atom of [begin, end]) atoms[atom - 1].degree += 1;
    return { begin, end, order, stereo };
  });
  return { atoms, bonds, further };
}

function molFile(text) {
  const { atoms, bonds, further } = parseStructure(text);
  const pad = (value) => String(value).padStart(3);
  const place = (...values) => values.map((value) => value.toFixed(4).padStart(10)).join("");
  return [
    "", "  molvae", "", `${pad(atoms.length)}${pad(bonds.length)}  0  0  0  0  0  0  0  0999 V2000`,
    ...atoms.map(({ x, y, symbol, valence }) =>
      `${place(x, y, 0)} ${symbol.padEnd(3)} 0  0  0  0  0${pad(valence)}  0  0  0  0  0  0`),
    ...bonds.map(({ begin, end, order, stereo }) => [begin, end, order, stereo].map(pad).join("")),
    ...further, "M  END", "",
  ].join("\n");
}

function drawStructure(text, label) {
  const { atoms, bonds } = parseStructure(text);
  for (const atom of atoms) [atom.x, atom.y] = [atom.x * SCALE, -atom.y * SCALE];
  const [[left, width], [top, height]] = ["x", "y"].map((axis, index) => {
    const values = atoms.map((atom) => atom[axis]);
    const [low, high] = [Math.min(...values) - 16, Math.max(...values) + 16];
    const missing = Math.max(0, SMALLEST[index] - (high - low));
    return [low - missing / 2, high - low + missing];
  });
  const viewBox = [left, top, width, height].map((value) => value.toFixed(1)).join(" ");
  const paths = bonds.map((bond) => bondPath(atoms[bond.begin - 1], atoms[bond.end - 1], bond));
  const isWedge = ({ order, stereo }) => order === 1 && stereo === 1;
  const joined = (wanted) => paths.filter((_, index) => isWedge(bonds[index]) === wanted).join("");
  return make("svg", { class: "structure", role: "img", "aria-label": label, viewBox },
    make("path", { class: "bonds", d: joined(false) }), make("path", { class: "wedges", d: joined(true) }),
    ...atoms.filter((atom) => atom.isLabeled).flatMap(atomLabel));
}

function bondPath(a, b, { order, stereo }) {
  const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
  const [ux, uy] = [(b.x - a.x) / length, (b.y - a.y) / length];
  // A point at a distance along the bond, and at a distance to its right.
  const point = (along, beside) =>
    `${(a.x + ux * along - uy * beside).toFixed(1)} ${(a.y + uy * along + ux * beside).toFixed(1)}`;
  const room = (atom) => (atom.isLabeled ? 6 + 1.5 * atom.symbol.length : 0);
  const [first, last] = [room(a), length - room(b)];
  const line = (beside, short = 0) =>
    `M${point(Math.max(first, short), beside)}L${point(Math.min(last, length - short), beside)}`;
  if (order === 1 && stereo === 1) return `M${point(first, 0)}L${point(last, 3)}L${point(last, -3)}Z`;
  if (order === 1 && stereo === 6)
    return [1, 2, 3, 4, 5, 6, 7].map((step) => {
      const along = first + ((last - first) * (step - 0.4)) / 7;
      return `M${point(along, step * 0.45)}L${point(along, -step * 0.45)}`;
    }).join("");
  if (order === 2 && (a.degree === 1 || b.degree === 1)) return line(2) + line(-2);
  if (order === 2) return line(0) + line(-4, 3.5);
  return line(0) + (order === 3 ? line(3.6) + line(-3.6) : "");
}

function atomLabel({ x, y, symbol, around: [left, right, above, below] }) {
  const half = 2.3 + 2.1 * symbol.length;
  const write = (text, dx, dy, anchor) => make("text", { x: (x + dx).toFixed(1), y: (y + dy).toFixed(1),
    "text-anchor": anchor, style: `fill:var(--${INKS[symbol] ?? "rest"})` }, text ?? "");
  return [write(symbol, 0, 0, "middle"), write(left, -half, 0, "end"), write(right, half, 0, "start"),
    write(above, 0, -11, "middle"), write(below, 0, 11, "middle")].filter((node) => node.textContent);
}
