// View is one page while it is shown: what it does ends with it.

import { h, show } from './dom.js'

export class View {
  #ending = new AbortController()
  #ears = []
  #heading = h('h1')
  #fault = h('p', { class: 'fault', role: 'alert' })
  body = h('div', { class: 'body' })
  element = h('article', null, this.#heading, this.#fault, this.body)
  signal = this.#ending.signal

  constructor(query) {
    this.query = new URLSearchParams(query)
  }

  end() {
    this.#ending.abort()
  }

  title(text) {
    this.#heading.textContent = text
    document.title = `${text} · Dray`
  }

  // on calls an ear with every event.
  on(ear) {
    this.#ears.push(ear)
  }

  hear(event) {
    for (const ear of this.#ears) ear(event)
  }

  // once does something, and says so when it fails.
  async once(work) {
    try {
      await work()
      if (this.#fault.textContent) this.#fault.textContent = ''
    } catch (fault) {
      if (!this.signal.aborted) this.#fault.textContent = fault.name === 'TypeError' ? 'The tracker can not be reached.' : fault.message
    }
  }

  // keep does something now and then, one at a time, while somebody looks. The
  // function that it returns has it done soon.
  keep(ms, work) {
    let timer, running = false, again = false
    const soon = (wait) => {
      clearTimeout(timer)
      if (!this.signal.aborted) timer = setTimeout(round, wait)
    }
    const round = async () => {
      if (document.hidden) return soon(1000)
      running = true
      again = false
      await this.once(work)
      running = false
      soon(again ? 250 : ms)
    }
    this.signal.addEventListener('abort', () => clearTimeout(timer))
    round()
    return () => { running ? (again = true) : soon(250) }
  }

  // filter makes a form whose fields are the query of the address.
  filter(path, ...fields) {
    const form = h('form', { class: 'filter' }, fields, h('button', null, 'Show'))
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value))
      location.hash = `#${path}${query.size ? '?' + query : ''}`
    })
    return form
  }

  // pages shows a list page by page: ask gets one, with a cursor; draw makes
  // what is seen of it.
  pages(ask, draw) {
    const element = h('div', { class: 'pages' }), behind = []
    let cursor, next
    const load = () => this.once(async () => {
      element.setAttribute('aria-busy', 'true')
      const answer = await ask(cursor)
      next = answer.next
      const back = h('button', { type: 'button', click: () => { cursor = behind.pop(); load() }, disabled: behind.length === 0 }, 'Back')
      const on = h('button', { type: 'button', click: () => { behind.push(cursor); cursor = next; load() }, disabled: !next }, 'More')
      const total = answer.total === undefined ? '' : `${answer.total.toLocaleString('en')} in all`
      show(element, draw(answer), (behind.length > 0 || next) && h('p', { class: 'turn' }, back, on, ` page ${behind.length + 1} · ${total}`))
      element.removeAttribute('aria-busy')
    })
    load()
    return { element, load }
  }
}

// choice and words are fields of a filter.
export const choice = (name, label, values, value) =>
  h('label', null, label, h('select', { name }, h('option', { value: '' }, 'any'), values.map((v) => h('option', { value: v, selected: v === value }, v))))

export const words = (name, label, value, props) =>
  h('label', null, label, h('input', { name, value: value ?? '', autocomplete: 'off', spellcheck: 'false', ...props }))
