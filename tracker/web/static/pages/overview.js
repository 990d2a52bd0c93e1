// The cluster at a glance.

import { get } from '../api.js'
import { latency, traffic } from '../charts.js'
import { card, h, link, show, state } from '../dom.js'
import { latest } from '../feed.js'
import { fleet } from '../fleet.js'
import { bytes, count, share, some, states, total } from '../format.js'
import { drawMap } from '../map.js'
import { riskTable } from './risk.js'
import { swarmTable } from './swarms.js'

const tile = (name, value, ...more) => h('div', { class: 'tile' }, h('dt', null, name), h('dd', null, h('strong', null, value), h('span', null, more)))

function tiles(s, items) {
  const peers = items.reduce((n, m) => n + m.peer_bytes, 0), all = peers + items.reduce((n, m) => n + m.origin_bytes, 0)
  const not = states.filter((n) => n !== 'ready' && s.nodes[n] > 0)
  const { peer_bytes: ever, origin_bytes: origin, running, complete } = s.pulls
  return [
    tile('Nodes ready', `${count(s.nodes.ready)} of ${count(total(s.nodes))}`, not.length ? not.map((n) => [`${count(s.nodes[n])} `, state(n), ' ']) : 'all is well'),
    tile('Hit rate, last hour', share(peers, all), `${share(ever, ever + origin)} since the tracker's start`),
    tile('Bytes saved, last hour', bytes(peers), `${bytes(ever)} since the tracker's start`),
    tile('Pulls under way', count(running), `${count(complete)} complete`),
    tile('Content', some(s.content.digests, 'digest'), `${some(s.content.images, 'image name')}, ${count(s.content.holdings)} copies`),
  ]
}

// warnings are what an operator should know before he believes the rest.
function warnings(s) {
  const all = []
  if (s.tracker.status !== 'ready') all.push(`This tracker is ${s.tracker.status}.`)
  if (s.tracker.memory && s.tracker.memory.state !== 'warm') all.push(`Common memory: ${s.tracker.memory.state}.`)
  if (s.closed_gates.length) all.push(`Verdicts from silence alone are held back: ${s.closed_gates.join(', ')}.`)
  if (s.content.withheld) all.push(`${some(s.content.withheld, 'copy').replace('copys', 'copies')} withheld: a peer has spoken against them.`)
  return all.map((text) => h('p', { class: 'warning' }, text))
}

export function overview(view) {
  const glance = h('dl', { class: 'tiles' }), notes = h('div', { role: 'status' })
  const map = h('div', { class: 'zones' })
  const bars = h('div'), times = h('div'), moving = h('div'), risk = h('div')
  view.body.append(notes, glance,
    card('Nodes by zone', { class: 'whole-row' }, map),
    h('div', { class: 'columns' },
      card('On their way', null, moving),
      card('Live', null, latest.element),
      card('Bytes, last hour', null, bars),
      card('Pull times, last hour', null, times),
      card('At risk', { class: 'whole-row' }, risk)))
  drawMap(map, fleet, view.signal)

  const figures = view.keep(3000, async () => {
    const [summary, { items }] = await Promise.all([get('/summary', {}, view.signal), get('/pulls/hour', {}, view.signal)])
    show(glance, tiles(summary, items))
    show(notes, warnings(summary))
    if (!bars.querySelector('details[open]')) show(bars, traffic(items)) // who reads the figures is not disturbed
    if (!times.querySelector('details[open]')) show(times, latency(items))
  })
  const swarms = view.keep(1500, async () => show(moving, swarmTable(await get('/swarms', { limit: 1000 }, view.signal), 8)))
  view.keep(30_000, async () => {
    const answer = await get('/at-risk', { limit: 8 }, view.signal)
    const { total: few, lost } = answer
    show(risk, few > 0 && h('p', null, `${some(few, 'digest')} with fewer than 2 live holders, ${count(lost)} with none. `, link('/at-risk', 'See all')), riskTable(answer))
  })
  view.on((event) => {
    if (event.name === 'verdict' || event.name === 'pull') figures()
    if (event.name === 'pull') swarms()
  })
  return 'Overview'
}
