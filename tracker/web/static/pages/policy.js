// One policy, image by image.

import { get } from '../api.js'
import { card, h, link, pairs, show, state, table, toDigest, toImage, toNode } from '../dom.js'
import { count } from '../format.js'
import { bad } from './placement.js'

const most = 20 // nodes that are named in one place

// named are nodes, as far as one wants to read.
const named = (nodes) => (nodes.length === 0 ? '–' : [
  nodes.slice(0, most).map((n, i) => [i > 0 && ', ', toNode(n)]), nodes.length > most && ` and ${count(nodes.length - most)} more`])

const facts = ({ policy: p, filed, images, short }) => pairs([
  ['Stands', short ? [state('short'), ` · ${count(short)} of ${count(images)} images have fewer live copies than wanted`] : state('kept')],
  ['Copies', p.every ? 'on every node that is selected' : count(p.factor ?? 0)],
  ['Images', p.images.join(', ')],
  ['Nodes', selected(p.select)],
  ['From', filed ? "the tracker's file, and is changed there" : 'the API'],
])

// selected says which nodes are meant.
export function selected(s = {}) {
  const labels = (of) => Object.entries(of ?? {}).map(([key, value]) => (value ? `${key}=${value}` : key)).join(', ')
  const words = [
    s.nodes?.length && s.nodes.join(', '), s.zones?.length && (s.zones.length > 1 ? 'zones ' : 'zone ') + s.zones.join(', '),
    labels(s.labels) && 'with ' + labels(s.labels), labels(s.except) && 'without ' + labels(s.except),
  ].filter(Boolean)
  return words.join('; ') || 'all'
}

const why = (reasons) => (reasons.length ? reasons.map((r, i) => [i > 0 && h('br'), r.text]) : '–')

export function policy(view, name) {
  const what = h('div'), images = h('div')
  view.body.append(card('Now', null, what), card('Images', null, images), h('p', { class: 'quiet' }, link('/placement', 'All policies and jobs')))
  const soon = view.keep(5000, async () => {
    const p = await get('/policies/' + encodeURIComponent(name), {}, view.signal)
    show(what, facts(p))
    show(images, table('Images of the policy', ['Image', 'Digest', '+Wanted', '+Missing', 'Kept by', 'Coming to', 'Why'],
      p.status.map((i) => [toImage(i.image), toDigest(i.digest), count(i.wanted), bad(i.missing), named(i.have), named(i.coming), why(i.reasons)]),
      'No node has an image that is meant, or nothing has been planned yet.'))
  })
  view.on((event) => event.name === 'work' && event.data.kind === 'policy' && event.data.name === name && soon())
  return 'Policy ' + name
}
