import { invalid } from '../failures.ts'

/** What Docker takes for detach keys where nobody names others. */
export const DEFAULT_DETACH_KEYS = 'ctrl-p,ctrl-q'

/** The control characters from 0 on, by the key that is pressed together with ctrl. */
const controlKeys = '@abcdefghijklmnopqrstuvwxyz[\\]^_'

/**
 * Detach keys as Docker writes them: single characters, `ctrl-` and a key, `DEL`, with commas between them.
 * @throws TscomposeError ENGINE_REQUEST_INVALID
 */
export function parseDetachKeys(text: string): Uint8Array {
  return Uint8Array.from(text.split(','), key => {
    const control = /^ctrl-(.)$/i.exec(key)?.[1]?.toLowerCase()
    const code = key === 'DEL' ? 0x7f : control === undefined ? codeOf(key) : controlKeys.indexOf(control)
    if (code < 0) throw invalid(`Invalid escape keys (${text}) provided: unknown character '${key}'`)
    return code
  })
}

const codeOf = (key: string): number => (key.length === 1 && key.charCodeAt(0) < 0x80 ? key.charCodeAt(0) : -1)

/** Looks for the detach keys in what is typed. Keys that may be the beginning of them wait for what comes next. */
export class DetachKeys {
  readonly #keys: Uint8Array
  #held = 0

  constructor(keys: Uint8Array) {
    this.#keys = keys
  }

  /** @returns what goes on to the process, and whether the keys were complete; what comes after them is dropped */
  push(chunk: Uint8Array): { readonly typed: Uint8Array; readonly detached: boolean } {
    // Nearly always: a paste of megabytes must not go byte by byte.
    if (this.#held === 0 && !chunk.includes(this.#keys[0] ?? 0)) return { typed: chunk, detached: false }
    const typed: number[] = []
    for (const byte of chunk) {
      // What was held and does not go on as the keys do is let go from the front, until the rest may begin them again.
      let candidate = [...this.#keys.subarray(0, this.#held), byte]
      while (!this.#begins(candidate)) {
        typed.push(candidate[0] ?? 0)
        candidate = candidate.slice(1)
      }
      this.#held = candidate.length
      if (this.#held > 0 && this.#held === this.#keys.length) {
        this.#held = 0
        return { typed: Uint8Array.from(typed), detached: true }
      }
    }
    return { typed: Uint8Array.from(typed), detached: false }
  }

  #begins(bytes: readonly number[]): boolean {
    return bytes.every((byte, index) => this.#keys[index] === byte)
  }
}
