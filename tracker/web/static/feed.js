// The latest events, the newest first.

import { h, link, state, toDigest, toImage, toNode } from './dom.js'
import { bytes, clock, millis } from './format.js'

const kept = 40
const breath = 4000 // milliseconds between two announcements

const reason = (r) => r && ` (${r.replaceAll('_', ' ')})`

// work is what is told of a policy, a job, a drain, or of one image on one node.
function work(e) {
  const what = {
    job: () => link('/jobs/' + encodeURIComponent(e.name), 'job ' + e.name),
    policy: () => [link('/policies/' + encodeURIComponent(e.name), 'policy ' + e.name), ': ', toImage(e.image)],
    task: () => [toNode(e.node), ': ', toImage(e.image)],
    drain: () => toNode(e.name),
  }[e.kind]
  return [clock(e.at), what ? what() : `${e.kind} ${e.name}`, ' is ', state(e.state), reason(e.reason)]
}

function line(event) {
  const e = event.data
  if (event.name === 'work') return work(e)
  if (event.name === 'verdict') return [clock(e.at), toNode(e.node), ' is ', state(e.to), reason(e.reason)]
  const from = e.parent ? toNode(e.parent) : 'the registry'
  if (e.state === 'running') return [clock(e.began), toNode(e.node), ' gets ', toDigest(e.digest), ' from ', from]
  const took = millis(new Date(e.over) - new Date(e.began))
  return [clock(e.over), toNode(e.node), ' ', state(e.state), ' ', toDigest(e.digest), ` ${bytes(e.offset)} in ${took} from `, from]
}

export function row(event) {
  const [at, ...rest] = line(event)
  return h('li', { 'data-event': event.name }, h('time', null, at), h('span', null, rest))
}

// Feed is a list that forgets.
class Feed {
  element = h('ol', { class: 'feed', role: 'log', 'aria-live': 'off', 'aria-label': 'Latest events', tabindex: 0 },
    h('li', { class: 'quiet' }, 'Nothing has happened since this page was opened.'))

  hear(event) {
    const told = event.name === 'verdict' || event.name === 'pull' || (event.name === 'work' && event.data.kind !== 'task')
    if (!told) return
    this.element.querySelector('.quiet')?.remove()
    this.element.prepend(row(event))
    while (this.element.children.length > kept) this.element.lastChild.remove()
  }
}

// latest is the page's one list: it goes on while another view is shown.
export const latest = new Feed()

// Herald tells screen readers of verdicts, not more often than one can listen.
export class Herald {
  #element
  #waiting = new Map() // by node: of several changes the last one counts
  #timer = 0

  constructor(element) {
    this.#element = element
  }

  hear(event) {
    if (event.name !== 'verdict') return
    this.#waiting.set(event.data.node, event.data.to)
    this.#timer ||= setTimeout(() => this.#say(), 300)
  }

  #say() {
    const all = [...this.#waiting].sort(([, a], [, b]) => (b === 'dead') - (a === 'dead'))
    this.#waiting.clear()
    const text = all.slice(0, 3).map(([node, to]) => `${node} is ${to}`).join(', ')
    this.#element.textContent = all.length > 3 ? `${text}, and ${all.length - 3} more changes` : text
    this.#timer = setTimeout(() => {
      this.#timer = 0
      if (this.#waiting.size) this.#say()
    }, breath)
  }
}
