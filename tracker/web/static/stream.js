// The tracker's events, as they happen. They are read with fetch, since an
// EventSource can't send a token.

import { request } from './api.js'

const quiet = 25_000 // milliseconds without a word, not even a tick, until we connect again
const retry = { least: 500, most: 10_000 }

const pause = (ms) => new Promise((done) => setTimeout(done, ms))

// messages makes events out of a stream of server-sent events. It is generous
// with line ends and knows no comments but the empty one.
export async function* messages(chunks) {
  let rest = ''
  for await (const chunk of chunks) {
    const blocks = (rest + chunk).split(/\r?\n\r?\n/)
    rest = blocks.pop()
    for (const block of blocks) {
      const event = { name: 'message', id: '', data: '' }
      for (const line of block.split(/\r?\n/)) {
        const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line)
        if (field === 'event') event.name = value
        else if (field === 'id') event.id = value
        else if (field === 'data') event.data += value
      }
      if (event.data) yield { name: event.name, id: event.id, data: JSON.parse(event.data) }
    }
  }
}

async function* decoded(body, alive) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      alive()
      yield value
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

// follow tells hear every event, and line whether we are connected, for as long
// as the page lives. After a break it goes on where it was; hear gets a "gap"
// where something has been missed.
export async function follow(hear, line) {
  let after = ''
  for (let wait = retry.least; ; wait = Math.min(2 * wait, retry.most)) {
    const silence = new AbortController()
    let timer = setTimeout(() => silence.abort(), quiet)
    const alive = () => {
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), quiet)
    }
    try {
      const answer = await request('/events' + (after && `?after=${after}`), () => silence.signal)
      if (!answer.ok) throw new Error(`status ${answer.status}`)
      line('live')
      if (!after) hear({ name: 'gap' }) // what came before is not told
      for await (const event of messages(decoded(answer.body, alive))) {
        wait = retry.least
        after = event.id || after
        hear(event)
      }
    } catch {
      // said below; there is nothing else to do about it
    }
    clearTimeout(timer)
    line('reconnecting')
    await pause(wait)
  }
}
