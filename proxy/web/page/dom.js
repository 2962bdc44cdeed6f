// Elements without a template: everything that is told is text, whatever it says.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...present(children));
  return element;
}

const present = (children) => children.flat().filter((child) => child !== null && child !== undefined && child !== false);

/** An element of HTML with attributes, listeners (onclick: f) and children. */
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

/** An element of SVG. */
export const s = (tag, attributes, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

export const byId = (id) => document.getElementById(id);

/** Set a text only where it has changed: screen readers speak what is touched. */
export function say(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

export function attributes(element, values) {
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === false) element.removeAttribute(name);
    else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
  }
}

/** Have an element hold these nodes, which have no listeners. What is the same is not touched:
 * somebody may be marking it, have opened it, or stand on it with the keyboard. */
export function refill(element, ...children) {
  const now = [...element.childNodes];
  const wanted = present(children);
  wanted.forEach((child, n) => (now[n] ? become(now[n], child) : element.append(child)));
  now.slice(wanted.length).forEach((node) => node.remove());
}

function become(node, wanted) {
  if (node.isEqualNode(wanted)) return;
  if (node.nodeName !== wanted.nodeName) node.replaceWith(wanted);
  else if (node.nodeType === Node.TEXT_NODE) node.data = wanted.data;
  else {
    for (const name of node.getAttributeNames()) if (name !== "open" && !wanted.hasAttribute(name)) node.removeAttribute(name);
    for (const { name, value } of wanted.attributes) node.setAttribute(name, value);
    refill(node, ...wanted.childNodes);
  }
}

/** A list of names and values; [name, value, class]. */
export const facts = (rows) =>
  h(
    "dl",
    { class: "facts" },
    rows.filter(Boolean).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
