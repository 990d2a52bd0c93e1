// The map: one card for each zone, one mark for each node. It is drawn on a
// canvas, so that 15 000 nodes are no burden. The arrow keys move over it.

import { h, link, state as stateOf } from './dom.js'
import { count, some, states } from './format.js'

const gap = 2

// cell is the side of a mark: large while there are few.
export const cell = (n) => (n <= 60 ? 18 : n <= 600 ? 12 : n <= 4000 ? 8 : 6)

// marks: a state has a shape as well as a colour.
const marks = {
  ready: (c, x, y, a) => c.fillRect(x, y, a, a),
  suspect: (c, x, y, a) => { c.beginPath(); c.moveTo(x + a / 2, y); c.lineTo(x + a, y + a); c.lineTo(x, y + a); c.fill() },
  dead: (c, x, y, a) => { c.beginPath(); c.moveTo(x, y); c.lineTo(x + a, y + a); c.moveTo(x + a, y); c.lineTo(x, y + a); c.stroke() },
  draining: (c, x, y, a) => { c.fillRect(x, y + a / 2, a, a / 2); c.strokeRect(x + 0.5, y + 0.5, a - 1, a - 1) },
  joining: (c, x, y, a) => { c.beginPath(); c.arc(x + a / 2, y + a / 2, a / 3, 0, 7); c.stroke() },
  gone: (c, x, y, a) => c.strokeRect(x + 0.5, y + 0.5, a - 1, a - 1),
}

class Zone {
  #canvas = h('canvas', { tabindex: 0, role: 'application', 'aria-roledescription': 'map of nodes' })
  #tip = h('p', { class: 'tip', 'aria-live': 'polite' })
  #counts = h('ul', { class: 'counts' })
  #nodes = []
  #at = -1
  #told = ''

  constructor(name) {
    this.name = name
    this.element = h('section', { class: 'zone', 'aria-label': 'Zone ' + (name || 'without a name') },
      h('h3', null, name || 'no zone'), this.#counts, this.#canvas, this.#tip)
    this.#canvas.addEventListener('pointermove', (e) => this.#point(this.#under(e)))
    this.#canvas.addEventListener('pointerleave', () => this.#point(-1))
    this.#canvas.addEventListener('blur', () => this.#point(-1))
    this.#canvas.addEventListener('click', (e) => { this.#point(this.#under(e)); this.#open() })
    this.#canvas.addEventListener('keydown', (e) => this.#key(e))
  }

  set(nodes) {
    this.#nodes = nodes
    const counts = Object.fromEntries(states.map((s) => [s, 0]))
    for (const n of nodes) counts[n.state]++
    const there = states.filter((s) => counts[s] > 0)
    const told = there.map((s) => `${counts[s]} ${s}`).join(', ')
    if (told !== this.#told) { // else a screen reader would lose its place
      this.#told = told
      this.#canvas.setAttribute('aria-label', `${some(nodes.length, 'node')}: ${told}. Arrow keys move, Enter opens.`)
      const zone = encodeURIComponent(this.name)
      this.#counts.replaceChildren(...there.map((s) => h('li', null, link(`/nodes?state=${s}&zone=${zone}`, count(counts[s]) + ' ', stateOf(s)))))
    }
    this.draw()
  }

  get #side() { return cell(this.#nodes.length) }
  get #columns() { return Math.max(1, Math.floor(this.#canvas.parentElement.clientWidth / (this.#side + gap))) }

  draw() {
    const step = this.#side + gap, columns = this.#columns, scale = window.devicePixelRatio
    const width = this.#canvas.parentElement.clientWidth, height = Math.ceil(this.#nodes.length / columns) * step
    if (width === 0) return
    Object.assign(this.#canvas, { width: width * scale, height: height * scale })
    Object.assign(this.#canvas.style, { width: width + 'px', height: height + 'px' })
    const c = this.#canvas.getContext('2d'), look = getComputedStyle(this.#canvas)
    c.scale(scale, scale)
    c.lineWidth = this.#side > 8 ? 2 : 1.5
    for (const state of states) {
      c.fillStyle = c.strokeStyle = look.getPropertyValue('--' + state)
      this.#nodes.forEach((n, i) => n.state === state && marks[state](c, (i % columns) * step, Math.floor(i / columns) * step, this.#side))
    }
    if (this.#at < 0) return
    c.strokeStyle = look.getPropertyValue('--text')
    c.strokeRect((this.#at % columns) * step - 1, Math.floor(this.#at / columns) * step - 1, this.#side + 2, this.#side + 2)
  }

  #under(e) {
    const step = this.#side + gap, column = Math.floor(e.offsetX / step)
    const i = Math.floor(e.offsetY / step) * this.#columns + column
    return column < this.#columns && i < this.#nodes.length ? i : -1
  }

  #point(i) {
    this.#at = i
    const node = this.#nodes[i]
    this.#tip.replaceChildren(...(node ? [node.name + ' ', stateOf(node.state)] : []))
    this.draw()
  }

  #open() {
    const node = this.#nodes[this.#at]
    if (node) location.hash = '#/nodes/' + encodeURIComponent(node.name)
  }

  #key(e) {
    const last = this.#nodes.length - 1
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.#columns, ArrowUp: -this.#columns, Home: -last, End: last }[e.key]
    if (e.key === 'Enter') this.#open()
    if (by === undefined) return
    e.preventDefault()
    this.#point(this.#at < 0 ? 0 : Math.min(last, Math.max(0, this.#at + by)))
  }
}

// drawMap keeps an element's map true until the signal ends.
export function drawMap(element, fleet, signal) {
  const zones = new Map()
  let due = 0
  const draw = () => {
    due = 0
    const now = fleet.zones()
    for (const name of zones.keys()) if (!now.some(([n]) => n === name)) { zones.get(name).element.remove(); zones.delete(name) }
    for (const [name, nodes] of now) {
      if (!zones.has(name)) zones.set(name, new Zone(name))
      const zone = zones.get(name)
      zone.element.classList.toggle('wide', nodes.length > 600)
      if (!zone.element.isConnected) element.append(zone.element)
      zone.set(nodes)
    }
    element.setAttribute('aria-busy', String(!fleet.loaded))
  }
  const soon = () => { due ||= requestAnimationFrame(draw) }
  fleet.addEventListener('change', soon, { signal })
  window.addEventListener('resize', soon, { signal })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', soon, { signal })
  soon()
}
