// Pictures of the last hour, minute by minute. Each has its figures in a title
// for every minute, and in a table.

import { h, s, table } from './dom.js'
import { bytes, clock, millis, share } from './format.js'

const width = 600, height = 130, base = 110, step = width / 60

const minute = (m) => clock(m.at).slice(0, 5)

function frame(label, most, ...content) {
  return s('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label, class: 'chart' },
    s('line', { x1: 0, y1: base, x2: width, y2: base, class: 'axis' }),
    s('line', { x1: 0, y1: 14, x2: width, y2: 14, class: 'grid' }),
    s('text', { x: 0, y: 10 }, most),
    s('text', { x: 0, y: height - 4 }, '60 min ago'), s('text', { x: width, y: height - 4, 'text-anchor': 'end' }, 'now'),
    ...content)
}

const key = (...names) => h('ul', { class: 'key' }, names.map(([kind, text]) => h('li', null, h('i', { 'data-kind': kind, 'aria-hidden': 'true' }), text)))

const folded = (...content) => h('details', null, h('summary', null, 'Figures'), ...content)

// traffic draws where the bytes came from.
export function traffic(items) {
  const peers = items.reduce((n, m) => n + m.peer_bytes, 0), origin = items.reduce((n, m) => n + m.origin_bytes, 0)
  const most = Math.max(1, ...items.map((m) => m.peer_bytes + m.origin_bytes)), scale = (base - 16) / most
  const bar = (i, from, n, kind) => n > 0 && s('rect', { x: i * step + 1, y: base - (from + n) * scale, width: step - 2, height: Math.max(1, n * scale), 'data-kind': kind })
  const label = `Last hour: ${bytes(peers)} from nodes, ${bytes(origin)} from registries, hit rate ${share(peers, peers + origin)}`
  return h('div', null,
    frame(label, peers + origin ? bytes(most) + ' per minute' : 'no pulls yet', items.map((m, i) => s('g', null,
      s('title', null, `${minute(m)}: ${bytes(m.peer_bytes)} from nodes, ${bytes(m.origin_bytes)} from registries`),
      bar(i, 0, m.peer_bytes, 'peer'), bar(i, m.peer_bytes, m.origin_bytes, 'origin')))),
    key(['peer', 'from nodes'], ['origin', 'from registries']),
    folded(table('Bytes by minute', ['Minute', '+From nodes', '+From registries', '+Hit rate', '+Complete', '+Not complete'],
      items.filter((m) => m.peer_bytes + m.origin_bytes + m.complete + m.ended + m.lost > 0).toReversed().map((m) => [
        minute(m), bytes(m.peer_bytes), bytes(m.origin_bytes), share(m.peer_bytes, m.peer_bytes + m.origin_bytes), m.complete, m.ended + m.lost]), 'No pulls in the last hour.')))
}

// latency draws how long pulls took. A minute without any leaves a hole.
export function latency(items) {
  const timed = items.filter((m) => m.timed > 0)
  const most = Math.max(1, ...timed.map((m) => m.p95_ms)), y = (ms) => base - ms * (base - 16) / most, x = (i) => (i + 0.5) * step
  const line = (of, kind) => s('path', { 'data-kind': kind, d: items.map((m, i) => m.timed > 0 && `${items[i - 1]?.timed ? 'L' : 'M'}${x(i)} ${y(m[of])}`).filter(Boolean).join('') })
  const dots = (of, kind) => items.map((m, i) => m.timed > 0 && s(kind === 'p95' ? 'rect' : 'circle', kind === 'p95' ? { x: x(i) - 2, y: y(m[of]) - 2, width: 4, height: 4, 'data-kind': kind } : { cx: x(i), cy: y(m[of]), r: 2.5, 'data-kind': kind }))
  const last = timed.at(-1)
  const label = last ? `Latest minute with pulls: half within ${millis(last.median_ms)}, 95 of 100 within ${millis(last.p95_ms)}` : 'No pulls in the last hour'
  return h('div', null,
    frame(label, last ? millis(most) : 'no pulls yet', line('p95_ms', 'p95'), line('median_ms', 'median'), dots('p95_ms', 'p95'), dots('median_ms', 'median'),
      timed.map((m) => s('rect', { x: x(items.indexOf(m)) - step / 2, y: 14, width: step, height: base - 14, class: 'touch' },
        s('title', null, `${minute(m)}: half within ${millis(m.median_ms)}, 95 of 100 within ${millis(m.p95_ms)}`)))),
    key(['median', 'half of the pulls'], ['p95', '95 of 100']),
    folded(table('Pull times by minute', ['Minute', '+Half within', '+95 of 100 within', '+Pulls'],
      timed.toReversed().map((m) => [minute(m), millis(m.median_ms), millis(m.p95_ms), m.timed]), 'No pulls in the last hour.')))
}
