// What changes something in the cluster: it is asked about first, and says what
// came of it.

import { post } from './api.js'
import { h, show } from './dom.js'

let asked = 0

// confirm asks whether to go on. Escape, and the first button, say no.
function confirm(title, text, verb) {
  const id = `confirm-${++asked}`
  const yes = h('button', { value: 'yes' }, verb)
  const dialog = h('dialog', { 'aria-labelledby': id, 'aria-describedby': id + '-text' },
    h('form', { method: 'dialog' }, h('h2', { id }, title), h('p', { id: id + '-text' }, text),
      h('p', { class: 'turn' }, h('button', { value: 'no', autofocus: true }, 'Cancel'), yes)))
  document.body.append(dialog)
  return new Promise((done) => {
    dialog.addEventListener('close', () => {
      dialog.remove()
      done(dialog.returnValue === 'yes')
    })
    dialog.showModal()
  })
}

// Action is a button. It can mean another thing from time to time: verb is what
// it says, title and text what is asked, path where it is sent, and told makes
// the words for the answer.
export class Action {
  #button = h('button', { type: 'button', click: () => this.#do() })
  #said = h('span', { class: 'said', role: 'status' })
  #means
  #after
  element = h('p', { class: 'turn', hidden: true }, this.#button, this.#said)

  // after is called when something has been changed.
  constructor(after) {
    this.#after = after
  }

  mean(what) {
    this.#means = what
    this.element.hidden = !what
    if (what && this.#button.textContent !== what.verb) show(this.#button, what.verb)
  }

  async #do() {
    const { verb, title, text, path, told } = this.#means
    if (!await confirm(title, text, verb)) return
    this.#button.disabled = true
    this.#say('')
    try {
      this.#say(told(await post(path)))
    } catch (fault) {
      this.#say(fault.name === 'TypeError' ? 'The tracker can not be reached.' : fault.message, true)
    }
    this.#button.disabled = false
    this.#button.focus()
    this.#after()
  }

  #say(words, bad) {
    this.#said.classList.toggle('fault', Boolean(bad))
    this.#said.textContent = words
  }
}
