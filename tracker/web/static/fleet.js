// All nodes with their zones and states, kept up to date by events. A map of
// 15 000 nodes is read once and then costs nothing.

import { get } from './api.js'

const page = 1000 // the most that the API gives at a time
const settle = 300 // milliseconds in which newcomers are gathered

export class Fleet extends EventTarget {
  nodes = new Map() // name → { name, zone, state }
  loaded = false
  #since = new Map() // states told while the list is being read: they are newer
  #reading = false
  #again = 0

  #changed() {
    this.dispatchEvent(new Event('change'))
  }

  // read gets the whole list.
  async read() {
    if (this.#reading) return this.later()
    this.#reading = true
    this.#since.clear()
    try {
      const fresh = new Map()
      let cursor
      do {
        const answer = await get('/nodes', { limit: page, cursor })
        for (const n of answer.items) fresh.set(n.name, { name: n.name, zone: n.zone ?? '', state: n.state })
        cursor = answer.next
      } while (cursor)
      this.nodes = fresh
      this.loaded = true
      for (const [name, state] of this.#since) this.#set(name, state)
      this.#changed()
    } catch {
      this.later(5000)
    } finally {
      this.#reading = false
    }
  }

  // later reads the list soon, once.
  later(ms = settle) {
    this.#again ||= setTimeout(() => {
      this.#again = 0
      this.read()
    }, ms)
  }

  // hear takes in a verdict.
  hear(verdict) {
    if (this.#reading) this.#since.set(verdict.node, verdict.to)
    if (!this.#set(verdict.node, verdict.to)) return this.later() // its zone is not known
    this.#changed()
  }

  #set(name, state) {
    const node = this.nodes.get(name)
    if (state === 'purged') this.nodes.delete(name)
    else if (node) node.state = state
    return node !== undefined || state === 'purged'
  }

  // zones are the nodes by zone; both are in the order of their names.
  zones() {
    const zones = new Map()
    for (const node of this.nodes.values()) {
      if (!zones.has(node.zone)) zones.set(node.zone, [])
      zones.get(node.zone).push(node)
    }
    const order = new Intl.Collator('en', { numeric: true }).compare
    for (const nodes of zones.values()) nodes.sort((a, b) => order(a.name, b.name))
    return [...zones].sort(([a], [b]) => order(a, b))
  }
}

export const fleet = new Fleet()
