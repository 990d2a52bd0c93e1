// Elements are made here and nowhere else. What is shown is set as text, never
// as HTML: names come from outside.

const svgSpace = 'http://www.w3.org/2000/svg'

function fill(element, props, children) {
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue
    if (typeof value === 'function') element.addEventListener(key, value)
    else element.setAttribute(key, value === true ? '' : value)
  }
  element.append(...children.flat(Infinity).filter((c) => c !== undefined && c !== null && c !== false))
  return element
}

// h makes an HTML element. Functions among the props listen to events.
export const h = (tag, props, ...children) => fill(document.createElement(tag), props, children)

// s makes an SVG element.
export const s = (tag, props, ...children) => fill(document.createElementNS(svgSpace, tag), props, children)

// show replaces what is in an element.
export function show(element, ...children) {
  element.replaceChildren()
  return fill(element, null, children)
}

// state is a node's or a pull's state: a sign and a word, never a colour alone.
export const state = (name) => h('span', { class: 'state', 'data-state': name }, name)

// link leads to a page of the dashboard.
export const link = (to, ...children) => h('a', { href: '#' + to }, ...children)

export const toNode = (name) => link('/nodes/' + encodeURIComponent(name), name)

export const toDigest = (digest) =>
  h('a', { href: '#/digests/' + encodeURIComponent(digest), class: 'digest', title: digest }, digest.replace(/^(sha256:)?(.{12}).*$/, '$2'))

export const toImage = (name) => link('/images/' + encodeURIComponent(name), name)

// table makes a table: columns are headings, a heading that begins with "+" has
// numbers below it.
export function table(caption, columns, rows, empty = 'Nothing here.') {
  if (rows.length === 0) return h('p', { class: 'quiet' }, empty)
  const right = columns.map((c) => c.startsWith('+'))
  const cell = (tag, i, props, ...content) => h(tag, { class: right[i] ? 'number' : undefined, ...props }, ...content)
  return h('div', { class: 'scroll', role: 'region', 'aria-label': caption, tabindex: 0 }, h('table', null,
    h('caption', { class: 'unseen' }, caption),
    h('thead', null, h('tr', null, columns.map((c, i) => cell('th', i, { scope: 'col' }, c.replace('+', ''))))),
    h('tbody', null, rows.map((row) => h('tr', null, row.map((content, i) => cell('td', i, null, content)))))))
}

// pairs are a list of terms with what they are.
export const pairs = (all) => h('dl', { class: 'pairs' }, all.map(([term, what]) => [h('dt', null, term), h('dd', null, what)]))

export const card = (title, props, ...children) => {
  const id = 'card-' + title.toLowerCase().replace(/\W+/g, '-')
  return h('section', { ...props, class: 'card ' + (props?.class ?? ''), 'aria-labelledby': id }, h('h2', { id }, title), ...children)
}
