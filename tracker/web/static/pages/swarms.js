// Digests that are on their way between nodes.

import { get } from '../api.js'
import { h, link, show, table, toDigest } from '../dom.js'
import { bytes, count } from '../format.js'

export function swarmTable({ items, total }, most = items.length) {
  const largest = items.toSorted((a, b) => b.nodes - a.nodes || a.digest.localeCompare(b.digest)).slice(0, most)
  return [
    table('Digests on their way', ['Digest', '+Size', '+Nodes', '+From the registry', '+Waiting'],
      largest.map((s) => [toDigest(s.digest), s.size ? bytes(s.size) : '–', count(s.nodes), count(s.leases), count(s.waiting)]), 'Nothing is on its way just now.'),
    total > largest.length && h('p', { class: 'quiet' }, `the largest ${largest.length} of ${count(total)}. `, link('/swarms', 'See all')),
  ]
}

export function swarms(view) {
  const list = h('div')
  view.body.append(h('p', { class: 'lead' }, 'A swarm is all the nodes that are fetching one digest. Its page draws who gets it from whom.'), list)
  const soon = view.keep(2000, async () => show(list, swarmTable(await get('/swarms', { limit: 1000 }, view.signal))))
  view.on((event) => event.name === 'pull' && soon())
  return 'Swarms'
}
