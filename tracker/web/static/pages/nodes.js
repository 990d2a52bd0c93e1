// Nodes, and one of them.

import { Action } from '../action.js'
import { get } from '../api.js'
import { card, h, link, pairs, show, state, table, toDigest, toNode } from '../dom.js'
import { row } from '../feed.js'
import { bytes, count, millis, share, some, sources, states } from '../format.js'
import { choice, words } from '../view.js'

const labels = (of) => Object.entries(of ?? {}).map(([key, value]) => h('span', { class: 'label' }, value ? `${key}=${value}` : key))

export function nodes(view) {
  const asked = Object.fromEntries(['name', 'state', 'zone', 'label'].map((key) => [key, view.query.get(key)]))
  const list = view.pages((cursor) => get('/nodes', { ...asked, cursor }, view.signal), ({ items }) =>
    table('Nodes', ['Node', 'State', 'Zone', '+Digests', '+Images', '+Sending', '+Stability', 'Labels'], items.map((n) => [
      toNode(n.name), [state(n.state), n.degraded && ' ' + n.degraded, n.busy && ' busy'], n.zone ?? '–', count(n.digests), count(n.images), n.uploads,
      share(n.stability, 1), labels(n.labels)]), 'No node is like that.'))
  view.body.append(view.filter('/nodes', words('name', 'Name has', asked.name), choice('state', 'State', states, asked.state),
    words('zone', 'Zone', asked.zone), words('label', 'Label', asked.label, { placeholder: 'key or key=value' })), list.element)
  let due
  view.signal.addEventListener('abort', () => clearTimeout(due))
  view.on((event) => {
    if (event.name === 'verdict') due ??= setTimeout(() => { due = undefined; list.load() }, 500)
  })
  return 'Nodes'
}

const facts = (n) => pairs([
  ['State', state(n.state)],
  ['Zone', n.zone ?? '–'],
  ['Address', n.addr],
  ['Version', n.version ?? '–'],
  ['Labels', n.labels ? labels(n.labels) : '–'],
  ['Heard', n.silent_ms < 0 ? 'not yet' : millis(n.silent_ms) + ' ago'],
  ['Up for', n.history.uptime_ms ? millis(n.history.uptime_ms) : '–'],
  ['Stability', `${share(n.stability, 1)} · ${some(n.history.failures, 'failure')}, ${some(n.history.flaps, 'return')}`],
  ['Sending', `${n.load.uploads}${n.load.slots ? ' of ' + n.load.slots : ''} blobs, ${bytes(n.load.upload_rate)}/s`],
  ['First byte', n.load.latency_ms ? `within ${n.load.latency_ms} ms for 95 of 100` : '–'],
  ['Holds', `${some(n.digests, 'digest')}, ${some(n.images, 'image name')}`],
  n.degraded ? ['Degraded', n.degraded] : ['If it died', link('/what-if?node=' + encodeURIComponent(n.name), 'what would be lost?')],
])

const leaving = new Set(['draining', 'gone'])

// steer is what can be done to a node in its present state.
function steer(n, path) {
  const told = (answer) => `${answer.node} is ${answer.state}.`
  if (leaving.has(n.state)) {
    return {
      verb: 'Undrain', title: `Undrain ${n.name}?`, path: path + '/undrain', told,
      text: 'Others are sent to it again, if it is alive. One that has left by itself comes back by itself.',
    }
  }
  return {
    verb: 'Drain', title: `Drain ${n.name}?`, path: path + '/drain', told,
    text: 'Nobody is sent to it any more, over restarts, until it is undrained. What it is sending now goes on, and it can still pull.',
  }
}

const pulls = (items) => table('Pulls', ['Digest', '+Done', '+Rate', 'From'],
  items.map((p) => [toDigest(p.digest), p.size ? share(p.offset, p.size) : bytes(p.offset), p.rate ? bytes(p.rate) + '/s' : '–', sources(p)]), 'None under way.')

const past = (n) => table('History', ['When', 'State', 'Why'],
  n.history.latest.map((p) => [new Date(p.at).toLocaleString(), state(p.state), p.reason]), 'Nothing is known.')

export function node(view, name) {
  const what = h('div'), under = h('div'), before = h('div'), recent = h('ol', { class: 'feed' })
  const path = '/nodes/' + encodeURIComponent(name)
  const action = new Action(() => soon())
  const held = view.pages((cursor) => get(path + '/digests', { cursor, limit: 50 }, view.signal), ({ items }) =>
    table('Digests', ['Digest', '+Live holders'], items.map((d) => [toDigest(d.digest), count(d.live)]), 'It holds nothing.'))
  view.body.append(h('div', { class: 'columns' }, card('Now', null, what, action.element), card('Pulls under way', null, under, h('h3', null, 'Since this page was opened'), recent),
    card('History', null, before), card('Holds', null, held.element)))
  const soon = view.keep(2000, async () => {
    const n = await get(path, {}, view.signal)
    show(what, facts(n))
    action.mean(steer(n, path))
    show(under, pulls(n.pulls))
    show(before, past(n))
  })
  view.on((event) => {
    if (event.data?.node !== name) return
    recent.prepend(row(event))
    while (recent.children.length > 20) recent.lastChild.remove()
    soon()
  })
  return name
}
