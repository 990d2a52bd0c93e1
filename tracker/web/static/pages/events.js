// What has lately happened, page by page.

import { get } from '../api.js'
import { card, h, state, table, toDigest, toNode } from '../dom.js'
import { bytes, millis, sources } from '../format.js'
import { choice, words } from '../view.js'

const when = (at) => h('time', { datetime: at }, new Date(at).toLocaleString())

const ends = ['complete', 'ended', 'lost']

export function events(view) {
  const node = view.query.get('node'), end = view.query.get('state')
  const verdicts = view.pages((cursor) => get('/verdicts', { node, cursor, limit: 25 }, view.signal), ({ items }) =>
    table('Verdicts', ['When', 'Node', 'Was', 'Is', 'Why'], items.map((v) => [when(v.at), toNode(v.node), state(v.from), state(v.to), v.reason])))
  const pulls = view.pages((cursor) => get('/pulls', { node, state: end, cursor, limit: 25 }, view.signal), ({ items }) =>
    table('Pulls', ['Over', 'Node', 'Digest', 'End', '+Bytes', '+Took', 'From'], items.map((p) => [
      when(p.over), toNode(p.node), toDigest(p.digest), state(p.state), bytes(p.offset), millis(new Date(p.over) - new Date(p.began)), sources(p)])))
  const fresh = h('button', { type: 'button', class: 'fresh', hidden: true, click: () => { fresh.hidden = true; verdicts.load(); pulls.load() } }, 'There is news: show it')
  view.body.append(view.filter('/events', words('node', 'Node', node), choice('state', 'Pulls that are', ends, end)), fresh,
    card('Verdicts', null, verdicts.element), card('Pulls', null, pulls.element))
  view.on((event) => { if (event.name === 'verdict' || event.data?.over) fresh.hidden = false })
  return 'Events'
}
