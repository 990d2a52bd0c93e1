// A swarm as a tree: who gets it from whom. It grows: who has been seen stays
// where it is, and what is new appears below its parent.

import { h, s, show, table, toNode } from './dom.js'
import { bytes, some, share } from './format.js'

const origin = '' // the parent of those who get it from the registry
const rows = 200 // of the table beside the picture

// arrange gives every node its place. nodes are by name, with their parents;
// parents that are not among them are roots. What is told of many nodes at
// different moments can have a circle in it: it is cut open.
export function arrange(nodes) {
  const children = new Map(), cut = new Set()
  for (const name of [...nodes.keys()].sort()) {
    const seen = new Set([name])
    let up = nodes.get(name).parent
    while (nodes.has(up) && !cut.has(up) && !seen.has(up)) {
      seen.add(up)
      up = nodes.get(up).parent
    }
    if (seen.has(up) && !cut.has(up)) cut.add(name)
    const parent = cut.has(name) ? origin : nodes.get(name).parent
    if (!children.has(parent)) children.set(parent, [])
    children.get(parent).push(name)
  }
  const places = new Map()
  const roots = [...children.keys()].filter((name) => !nodes.has(name)).sort()
  let leaves = 0, deepest = 0
  const todo = roots.toReversed().map((name) => ({ name, depth: 0, done: false }))
  while (todo.length) { // no recursion: a chain may be long
    const at = todo.pop(), below = children.get(at.name) ?? []
    if (at.done || below.length === 0) {
      const x = below.length ? (places.get(below[0]).x + places.get(below.at(-1)).x) / 2 : leaves++
      places.set(at.name, { x, depth: at.depth, below })
      deepest = Math.max(deepest, at.depth)
    } else {
      todo.push({ ...at, done: true }, ...below.toReversed().map((name) => ({ name, depth: at.depth + 1, done: false })))
    }
  }
  return { places, leaves, deepest, roots }
}

const portion = (n) => (n.state === 'complete' ? 1 : n.size ? Math.min(1, n.offset / n.size) : 0)
const how = (n) => (n.state === 'running' ? share(n.offset, n.size) : n.state)

// Tree draws one swarm and keeps it.
export class Tree {
  #svg = s('svg', { role: 'img' })
  #edges = s('g', { class: 'edges' })
  #marks = s('g')
  #drawn = new Map()
  #edge = new Map()
  #list = h('div')
  element = h('div', { class: 'tree' }, h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Tree' }, this.#svg),
    h('details', null, h('summary', null, 'The same as a table'), this.#list))

  constructor() {
    this.#svg.append(this.#edges, this.#marks)
  }

  // draw shows nodes by name: { node, parent, zone, offset, size, rate, state }.
  draw(nodes) {
    const plan = arrange(nodes)
    const slot = Math.max(9, Math.min(96, 1100 / Math.max(1, plan.leaves))), row = Math.max(30, Math.min(84, 640 / (plan.deepest + 1)))
    const size = { radius: Math.min(11, slot * 0.4, row * 0.3), slot, row, named: slot >= 56 }
    const width = plan.leaves * slot + 40, height = plan.deepest * row + 78
    for (const [key, value] of Object.entries({ viewBox: `0 0 ${width} ${height}`, width, height })) this.#svg.setAttribute(key, value)
    const at = (name) => ({ x: 20 + (plan.places.get(name).x + 0.5) * slot, y: 32 + plan.places.get(name).depth * row })
    for (const name of plan.places.keys()) this.#mark(name, nodes.get(name), at(name), size)
    for (const [name, place] of plan.places) for (const child of place.below) this.#link(child, at(name), at(child), nodes.get(child))
    for (const kept of [this.#drawn, this.#edge]) {
      for (const [name, element] of kept) if (!plan.places.has(name) || (kept === this.#edge && !nodes.has(name))) { element.remove(); kept.delete(name) }
    }
    this.#tell(nodes, plan)
  }

  #mark(name, node, { x, y }, { radius, slot, named }) {
    let g = this.#drawn.get(name)
    if (!g) {
      g = s('g', { class: 'mark' })
      this.#drawn.set(name, g)
      this.#marks.append(g)
    }
    g.style.transform = `translate(${x}px, ${y}px)`
    g.dataset.state = node?.state ?? 'root'
    g.dataset.node = name
    const label = node ? name : name || 'registry'
    const text = named || !node ? s('text', { y: node ? radius + 14 : -radius - 6 }, label.length * 7 > slot && node ? label.slice(0, Math.max(4, slot / 7 - 1)) + '…' : label) : undefined
    show(g, s('title', null, node ? `${name}: ${how(node)}, ${bytes(node.offset)}${node.rate ? `, ${bytes(node.rate)}/s` : ''}` : label), ...this.#shape(node, radius), text)
  }

  #shape(node, r) {
    if (!node) return [s('rect', { x: -r, y: -r, width: 2 * r, height: 2 * r, rx: 3, class: 'whole' })]
    if (node.state === 'complete') return [s('circle', { r, class: 'whole' }), s('path', { d: `M${-r / 2} 0 L${-r / 8} ${r / 2.6} L${r / 2} ${-r / 2.6}`, class: 'tick' })]
    if (node.state !== 'running') return [s('path', { d: `M${-r} ${-r} L${r} ${r} M${r} ${-r} L${-r} ${r}`, class: 'lost' })]
    return [s('circle', { r, class: 'ring' }),
      s('circle', { r, class: 'arc', pathLength: 100, 'stroke-dasharray': `${100 * portion(node)} 100`, transform: 'rotate(-90)' })]
  }

  #link(name, from, to, node) {
    let path = this.#edge.get(name)
    if (!path) {
      path = s('path')
      this.#edge.set(name, path)
      this.#edges.append(path)
    }
    const middle = (from.y + to.y) / 2
    path.setAttribute('d', `M${from.x} ${from.y} C${from.x} ${middle} ${to.x} ${middle} ${to.x} ${to.y}`)
    path.dataset.state = node.state
  }

  #tell(nodes, plan) {
    const all = [...nodes.values()], moving = all.filter((n) => n.state === 'running').length, whole = all.filter((n) => n.state === 'complete').length
    this.#svg.setAttribute('aria-label', `${some(all.length, 'node')}: ${moving} on the way, ${whole} complete; ${plan.deepest} deep`)
    show(this.#list, table('Nodes of the swarm', ['Node', 'From', '+Bytes', '+Rate', '+State'], all.slice(0, rows).map((n) => [
      toNode(n.node), n.parent ? toNode(n.parent) : 'registry', bytes(n.offset), n.rate ? bytes(n.rate) + '/s' : '–', how(n)])),
    all.length > rows && h('p', { class: 'quiet' }, `and ${all.length - rows} more`))
  }
}
