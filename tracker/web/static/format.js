// How numbers are written.

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

export function bytes(n) {
  let unit = 0
  while (n >= 1024 && unit < units.length - 1) {
    n /= 1024
    unit++
  }
  return `${unit === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[unit]}`
}

export function millis(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`
  if (ms < 48 * 3_600_000) return `${Math.floor(ms / 3_600_000)} h`
  return `${Math.floor(ms / 86_400_000)} d`
}

export const count = (n) => n.toLocaleString('en')

export const some = (n, what) => `${count(n)} ${what}${n === 1 ? '' : 's'}`

export const share = (part, whole) => (whole > 0 ? `${(100 * part / whole).toFixed(part === whole ? 0 : 1)} %` : '–')

export const clock = (at) => new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })

// states in the order in which they are shown: what needs a look comes early.
export const states = ['ready', 'suspect', 'dead', 'draining', 'joining', 'gone']

export const total = (counts) => states.reduce((sum, s) => sum + counts[s], 0)

// sources says where a pull's bytes came from.
export const sources = (pull) => pull.sources.map((s) => `${s.node || 'registry'} ${bytes(s.bytes)}`).join(', ') || '–'
