// What would be lost.

import { get } from '../api.js'
import { h, state, table, toDigest, toImage } from '../dom.js'
import { count, some } from '../format.js'
import { words } from '../view.js'

const copies = (n) => (n === 0 ? h('strong', { class: 'lost' }, 'none') : count(n))

export const riskTable = ({ items }) => table('Digests with too few live holders', ['Digest', '+Live holders', 'Images'],
  items.map((r) => [toDigest(r.digest), copies(r.live), r.images.length ? r.images.map((name, i) => [i > 0 && ', ', toImage(name)]) : '–']),
  'Everything has enough live holders.')

function risks(view, path, params, lead, fields) {
  const list = view.pages((cursor) => get(path, { ...params, cursor }, view.signal), (answer) => [
    h('p', { role: 'status' }, `${some(answer.total, 'digest')}, ${count(answer.lost)} without a live holder.`), riskTable(answer)])
  view.body.append(h('p', { class: 'lead' }, lead), view.filter(path, fields), list.element)
}

const least = (view) => words('copies', 'Enough are', view.query.get('copies') ?? '2', { type: 'number', min: 1, max: 1000 })

export function atRisk(view) {
  risks(view, '/at-risk', { copies: view.query.get('copies') }, 'Digests with fewer live holders than are enough.', [least(view)])
  return 'At risk'
}

export function whatIf(view) {
  const node = view.query.getAll('node'), zone = view.query.getAll('zone')
  const lead = ['What would have too few live holders if ', node.length ? some(node.length, 'node') + ` (${node.join(', ')})` : 'zone ' + zone.join(', '), ' were ', state('dead'), '.']
  risks(view, '/what-if', { node, zone, copies: view.query.get('copies') }, lead,
    [least(view), words('node', 'Node', node[0]), words('zone', 'Zone', zone[0])])
  return 'What if'
}
