// One job: how far it is, who has the images now, and how it stands with each
// node.

import { get } from '../api.js'
import { card, h, link, pairs, show, state, table, toDigest, toImage, toNode } from '../dom.js'
import { bytes, count } from '../format.js'
import { choice } from '../view.js'
import { bad, jobProgress, progress } from './placement.js'
import { selected } from './policy.js'

const phases = ['waiting', 'pulling', 'done', 'failed', 'cancelled']

const when = (at) => (at ? h('time', { datetime: at }, new Date(at).toLocaleString()) : '–')

const facts = (j) => pairs([
  ['State', state(j.state)],
  ['Done', jobProgress(j)],
  ['Failed', [bad(j.failed), j.cancelled > 0 && `, ${count(j.cancelled)} cancelled`]],
  ['Under way', `${count(j.running)} running, ${count(j.waiting)} waiting`],
  ['Bytes', j.size ? `${bytes(j.offset)} of ${bytes(j.size)}, as far as is known` : '–'],
  ['Nodes', selected(j.job.select)],
  ['Begun', when(j.job.created)],
  ['Over', when(j.finished)],
])

const there = (n) => (n.size ? progress(n.offset, n.size, `Of ${n.image} on ${n.node}`, `${bytes(n.offset)} of ${bytes(n.size)}`) : '–')

const imageTable = (items) => table('Images of the job', ['Image', 'Digest', '+Live nodes that have it now'],
  items.map((i) => [toImage(i.image), i.digest ? toDigest(i.digest) : '–', count(i.live)]))

const nodeTable = ({ items }) => table('Nodes of the job', ['Node', 'Image', 'Phase', 'There', '+Attempt', 'Why'],
  items.map((n) => [toNode(n.node), toImage(n.image), state(n.phase), there(n), n.attempt ? count(n.attempt) : '–', n.reason ?? '–']),
  'No node is like that. Of a job that is over, only those are kept on which it failed.')

export function job(view, id) {
  const path = '/jobs/' + encodeURIComponent(id), phase = view.query.get('phase')
  const what = h('div'), images = h('div')
  const nodes = view.pages((cursor) => get(path + '/nodes', { phase, cursor, limit: 50 }, view.signal), nodeTable)
  view.body.append(h('div', { class: 'columns' }, card('Now', null, what), card('Images', null, images)),
    card('Nodes', null, view.filter(path, choice('phase', 'Phase', phases, phase)), nodes.element),
    h('p', { class: 'quiet' }, link('/placement', 'All policies and jobs')))
  let last
  const soon = view.keep(2000, async () => {
    const j = await get(path, {}, view.signal)
    show(what, facts(j))
    show(images, imageTable(j.images))
    const now = JSON.stringify([j.state, j.done, j.failed, j.running, j.waiting, j.offset])
    if (last && now !== last) nodes.load()
    last = now
  })
  view.on((event) => event.name === 'work' && event.data.kind === 'job' && event.data.name === id && soon())
  return 'Job ' + id
}
