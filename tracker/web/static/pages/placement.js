// What should be where: who sees to it, policies, jobs, and nodes that are saved
// before they leave.

import { get } from '../api.js'
import { card, h, link, show, state, table, toNode } from '../dom.js'
import { count, some } from '../format.js'

const toPolicy = (name) => link('/policies/' + encodeURIComponent(name), name)
const toJob = (id) => link('/jobs/' + encodeURIComponent(id), id)

const all = (job) => job.done + job.failed + job.cancelled + job.running + job.waiting

// progress is a bar with its figures.
export const progress = (part, whole, what, figures) => h('span', { class: 'progress' },
  h('meter', { min: 0, max: Math.max(1, whole), value: part, 'aria-label': what }), h('span', null, figures))

export const jobProgress = (job) => progress(job.done, all(job), `Done of ${job.job.id}`, `${count(job.done)} of ${count(all(job))}`)

export const bad = (n) => (n > 0 ? h('strong', { class: 'lost' }, count(n)) : count(n))

// few is the beginning of a list.
const few = (names, most = 3) => (names.length > most ? `${names.slice(0, most).join(', ')} and ${count(names.length - most)} more` : names.join(', '))

// warnings are what keeps content from being placed.
function warnings(p) {
  const notes = []
  if (p.away) notes.push('The common memory can not be reached: nothing new is placed.')
  else if (!p.tracker && !p.acting) notes.push('No tracker is known to place content.')
  if (p.fault) notes.push(`The file of policies: ${p.fault}`)
  for (const c of p.contradictions) notes.push(`${c.policy} and ${c.other} contradict each other: ${c.reason}.`)
  return notes.map((text) => h('p', { class: 'warning' }, text))
}

const who = (p) => (p.acting ? 'This tracker places content.' : p.tracker ? `The tracker ${p.tracker} places content; how that stands is seen here a second or two later.` : '')

const policyTable = (items) => table('Policies', ['Policy', 'Stands', '+Copies', '+Images', 'Patterns', 'From'],
  items.map(({ policy, images, short, filed }) => [
    toPolicy(policy.name), short ? state('short') : state('kept'), policy.every ? 'every node' : count(policy.factor ?? 0),
    short ? [bad(short), ` of ${count(images)} short`] : count(images), few(policy.images), filed ? 'file' : 'API']), 'There is no policy.')

const jobTable = (items) => table('Jobs', ['Job', 'State', 'Done', '+Failed', '+Running', '+Waiting', 'Images'],
  items.map((j) => [toJob(j.job.id), state(j.state), jobProgress(j), bad(j.failed), count(j.running), count(j.waiting), few(j.job.images)]), 'There is no job.')

const drainTable = (items) => table('Drains that save', ['Node', 'State', '+Images', '+Left', 'Waits for'],
  items.map((d) => [toNode(d.node), state(d.state), count(d.images), count(d.left.length), d.reason ?? '–']), 'No node is saved before it leaves.')

export function placement(view) {
  const lead = h('p', { class: 'lead' }), notes = h('div', { role: 'status' })
  const kept = h('div'), jobs = h('div'), drains = h('div')
  view.body.append(lead, notes, card('Policies', null, kept), card('Jobs', null, jobs), card('Drains that save', null, drains))
  const soon = view.keep(3000, async () => {
    const [p, policies, work, leaving] = await Promise.all(['/placement', '/policies', '/jobs', '/drains'].map((path) => get(path, {}, view.signal)))
    show(lead, who(p), ` ${some(policies.items.length, 'policy').replace('policys', 'policies')}, ${some(work.items.length, 'job')}.`)
    show(notes, warnings(p))
    show(kept, policyTable(policies.items))
    show(jobs, jobTable(work.items))
    show(drains, drainTable(leaving.items))
  })
  view.on((event) => event.name === 'work' && event.data.kind !== 'task' && soon())
  return 'Placement'
}
