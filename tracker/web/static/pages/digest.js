// One digest: who has it, and its swarm as a tree that grows.

import { get, Refusal } from '../api.js'
import { card, h, pairs, show, state, table, toImage, toNode } from '../dom.js'
import { bytes, count, states, total } from '../format.js'
import { Tree } from '../tree.js'
import { coverage } from './images.js'

const most = 1000 // nodes that are drawn

// fromPull makes a node of the tree out of a pull.
const fromPull = (p) => ({ node: p.node, parent: p.parent, offset: p.offset, size: p.size ?? 0, rate: p.rate ?? 0, state: p.state })

// Swarm remembers who has been seen in it, so that the tree does not wither
// when the first are done.
class Swarm {
  nodes = new Map()

  // past takes in pulls that are over, the newest first.
  past(pulls) {
    for (const p of pulls) if (!this.nodes.has(p.node)) this.#keep(fromPull(p))
  }

  hear(pull) {
    const before = this.nodes.get(pull.node)
    this.#keep({ ...before, ...fromPull(pull), offset: pull.offset })
  }

  // now takes in the nodes of this moment. Who is not among them any more is
  // left as it was: an event tells how it ended.
  now(flow) {
    for (const n of flow.nodes) this.#keep({ ...n, size: flow.size ?? 0, state: 'running' })
  }

  #keep(node) {
    if (this.nodes.has(node.node) || this.nodes.size < most) this.nodes.set(node.node, node)
  }
}

const facts = (d) => pairs([
  ['Live holders', count(d.live)],
  ['All holders', total(d.holders) ? states.filter((s) => d.holders[s]).map((s) => [count(d.holders[s]), ' ', state(s), ' ']) : 'none'],
  ['Fetching', `${count(d.partial)}, ${count(d.leases)} from the registry`],
  ['Withheld', count(d.withheld)],
  ['Size', d.size ? bytes(d.size) : 'known only while it moves'],
  ['Images', d.images.length ? d.images.map((name, i) => [i > 0 && ', ', toImage(name)]) : '–'],
])

export function digest(view, name) {
  const path = '/digests/' + encodeURIComponent(name)
  const tree = new Tree(), swarm = new Swarm(), what = h('div'), waiting = h('p', { class: 'quiet' })
  let held = 0 // as far as has been told: there is no list of none
  const holders = view.pages((cursor) => (held ? get(path + '/holders', { cursor, limit: 50 }, view.signal) : { items: [] }), ({ items }) =>
    table('Holders', ['Node', 'State', 'Zone'], items.map((n) => [toNode(n.node), [state(n.state), n.withheld && ' withheld'], n.zone ?? '–']), 'Nobody holds it whole.'))
  view.body.append(h('p', { class: 'lead digest' }, name), card('Who got it from whom', { class: 'whole-row' }, waiting, tree.element),
    h('div', { class: 'columns' }, card('Now', null, what), card('Holders', null, holders.element)))

  const draw = () => tree.draw(swarm.nodes)
  view.once(async () => {
    swarm.past((await get('/pulls', { digest: name, limit: most }, view.signal)).items)
    draw()
  })
  const moving = view.keep(500, async () => {
    const flow = await get(path + '/swarm', { limit: most }, view.signal).catch(nobody)
    swarm.now(flow)
    waiting.textContent = flow.nodes.length + flow.waiting > 0
      ? `${count(flow.total)} on the way, ${count(flow.waiting)} waiting for first bytes, ${count(flow.leases.length)} with leave to go to the registry`
      : swarm.nodes.size ? 'Nothing is on its way just now. These are the latest pulls.' : 'Nothing is on its way just now.'
    draw()
  })
  const whole = view.keep(3000, async () => {
    const d = await get(path, {}, view.signal)
    show(what, facts(d), coverage(d.zones))
    const now = total(d.holders)
    if (now !== held) {
      held = now
      holders.load()
    }
  })
  view.on((event) => {
    if (event.name === 'verdict') whole()
    if (event.name !== 'pull' || event.data.digest !== name) return
    swarm.hear(event.data)
    draw()
    moving()
    if (event.data.state !== 'running') whole()
  })
  return 'Digest ' + name.slice(0, 19) + '…'
}

// nobody stands for the answer when nobody has anything of it (yet).
function nobody(fault) {
  if (fault instanceof Refusal && fault.status === 404) return { items: [], nodes: [], leases: [], waiting: 0, total: 0 }
  throw fault
}
