// Questions to the admin API. The token, where one is needed, is asked for once
// and kept for this tab.

const root = '/admin/v1'
const kept = 'dray-admin-token'
const patience = 15_000 // milliseconds for an answer

export class Refusal extends Error {
  constructor(status, problem) {
    super(problem.errors?.map((e) => e.message).join('; ') || problem.detail || problem.title || `status ${status}`)
    this.status = status
  }
}

function headers() {
  const token = sessionStorage.getItem(kept)
  return token ? { Authorization: 'Bearer ' + token } : {}
}

let asking // one form, however many questions are refused at once

// askToken shows the form until there is a token.
function askToken() {
  asking ??= new Promise((done) => {
    const dialog = document.getElementById('ask')
    const input = document.getElementById('token')
    document.getElementById('ask-fault').textContent = sessionStorage.getItem(kept) ? 'The tracker does not take this token.' : ''
    dialog.oncancel = (event) => event.preventDefault()
    dialog.onclose = () => {
      if (!input.value) return dialog.showModal() // closed by the browser's own means
      sessionStorage.setItem(kept, input.value)
      input.value = ''
      asking = undefined
      done()
    }
    dialog.showModal()
  })
  return asking
}

// request asks until it is answered by somebody who takes the token. limit makes
// the signal of one attempt: who types a token may take his time.
export async function request(path, limit, method = 'GET') {
  for (;;) {
    const sent = headers()
    const answer = await fetch(root + path, { method, headers: sent, credentials: 'omit', signal: limit() })
    if (answer.status !== 401) return answer
    if (sent.Authorization === headers().Authorization) await askToken()
  }
}

// get asks for an answer in JSON. Parameters that are empty are left out.
export async function get(path, params = {}, signal) {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(params)) {
    for (const v of [value].flat()) if (v !== undefined && v !== '' && v !== null) query.append(key, v)
  }
  const limit = () => AbortSignal.any([AbortSignal.timeout(patience), ...(signal ? [signal] : [])])
  return read(await request(path + (query.size ? `?${query}` : ''), limit))
}

// post has something done. It is not given up when its page is left.
export async function post(path) {
  return read(await request(path, () => AbortSignal.timeout(patience), 'POST'))
}

async function read(answer) {
  const body = await answer.json()
  if (!answer.ok) throw new Refusal(answer.status, body)
  return body
}
