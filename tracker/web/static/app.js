// The page: it finds out which view the address asks for, and ends the one
// before.

import { get } from './api.js'
import { h, show } from './dom.js'
import { Herald, latest } from './feed.js'
import { fleet } from './fleet.js'
import { follow } from './stream.js'
import { View } from './view.js'
import { digest } from './pages/digest.js'
import { events } from './pages/events.js'
import { image, images } from './pages/images.js'
import { job } from './pages/job.js'
import { node, nodes } from './pages/nodes.js'
import { overview } from './pages/overview.js'
import { placement } from './pages/placement.js'
import { policy } from './pages/policy.js'
import { atRisk, whatIf } from './pages/risk.js'
import { swarms } from './pages/swarms.js'

const pages = [
  ['/', overview],
  ['/nodes', nodes],
  ['/nodes/:', node],
  ['/digests/:', digest],
  ['/images', images],
  ['/images/:', image],
  ['/swarms', swarms],
  ['/at-risk', atRisk],
  ['/what-if', whatIf],
  ['/placement', placement],
  ['/policies/:', policy],
  ['/jobs/:', job],
  ['/events', events],
]

// within is where pages belong that have no list of their own.
const within = { '/policies': '/placement', '/jobs': '/placement', '/what-if': '/at-risk' }

const main = document.getElementById('main')
let view

// route shows the page that the address names; first is true when it is opened,
// and the focus stays with the browser.
function route(first) {
  const [path, query] = (location.hash.slice(1) || '/').split('?')
  const [, name, arg] = /^(\/[^/]*)(?:\/(.+))?$/.exec(path) ?? []
  const page = pages.find(([p]) => p === (arg === undefined ? name : name + '/:'))?.[1]
  view?.end()
  view = new View(query)
  show(main, view.element)
  try {
    view.title(page ? page(view, decodeURIComponent(arg ?? '')) : nowhere(view))
  } catch {
    view.title(nowhere(view)) // an address that can't be decoded
  }
  for (const a of document.querySelectorAll('nav a')) {
    if (a.hash.slice(1) === (within[name] ?? name)) a.setAttribute('aria-current', 'page')
    else a.removeAttribute('aria-current')
  }
  if (!first) main.focus({ preventScroll: true })
  if (!first) scrollTo(0, 0)
}

function nowhere(view) {
  view.element.append(h('p', null, 'There is no such page.'))
  return 'Nowhere'
}

// find goes where the words lead: a digest, a node, or else an image.
async function find(event) {
  event.preventDefault()
  const text = new FormData(event.target).get('q').trim()
  if (!text) return
  if (/^[a-z0-9+._-]+:[0-9a-f]{32,}$/.test(text)) return go('/digests/' + encodeURIComponent(text))
  if (/^[0-9a-f]{64}$/.test(text)) return go('/digests/' + encodeURIComponent('sha256:' + text))
  const named = await get('/nodes', { name: text, limit: 2 }).catch(() => ({ items: [] }))
  const exact = named.items.find((n) => n.name === text) ?? (named.total === 1 ? named.items[0] : undefined)
  if (exact) return go('/nodes/' + encodeURIComponent(exact.name))
  go((named.items.length ? '/nodes?name=' : '/images?name=') + encodeURIComponent(text))
}

const go = (to) => { location.hash = '#' + to }

const herald = new Herald(document.getElementById('news'))

function hear(event) {
  if (event.name === 'gap') fleet.read()
  if (event.name === 'verdict') fleet.hear(event.data)
  latest.hear(event)
  herald.hear(event)
  view.hear(event)
}

function line(state) {
  const element = document.getElementById('line')
  element.dataset.state = element.textContent = state
}

document.getElementById('find').addEventListener('submit', find)
document.getElementById('skip').addEventListener('click', (event) => {
  event.preventDefault() // the address names a page
  main.focus()
})
addEventListener('hashchange', () => route(false))
route(true)
follow(hear, line)
