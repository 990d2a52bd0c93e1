// Images by name, and what the cluster has of one.

import { get } from '../api.js'
import { card, h, show, table, toDigest, toImage } from '../dom.js'
import { count, some } from '../format.js'
import { words } from '../view.js'

export function images(view) {
  const name = view.query.get('name')
  const list = view.pages((cursor) => get('/images', { name, cursor }, view.signal), ({ items }) =>
    table('Images', ['Name', 'Newest digest', '+Digests', '+Nodes'], items.map((i) => [
      toImage(i.name), i.digest ? toDigest(i.digest) : '–', count(i.digests), count(i.nodes)]), 'No node has an image of such a name.'))
  view.body.append(view.filter('/images', words('name', 'Name has', name)), list.element)
  return 'Images'
}

// coverage says how much of each zone has something, as bars with figures.
export const coverage = (zones) => h('ul', { class: 'coverage' }, zones.map((z) => h('li', null,
  h('span', null, z.zone || 'no zone'), h('meter', { min: 0, max: Math.max(1, z.of), value: z.live, 'aria-label': `Zone ${z.zone}` }), h('span', null, `${count(z.live)} of ${count(z.of)}`))))

export function image(view, name) {
  view.keep(5000, async () => {
    const { versions } = await get('/images/' + encodeURIComponent(name), {}, view.signal)
    show(view.body, versions.map((v, i) => card(i === 0 ? 'Newest' : `Older ${i}`, null,
      h('p', null, toDigest(v.digest), ` set ${new Date(v.updated_at).toLocaleString()} on ${some(v.nodes, 'node')}, ${some(v.live, 'live holder')}`), coverage(v.zones))))
  })
  return name
}
