import { randomBytes } from 'node:crypto'
import { TscomposeError } from '../errors.ts'

/** 64 hex digits. Never only decimal ones at the start, since a short id would then be taken for a number somewhere. */
export function newId(): string {
  for (;;) {
    const id = randomBytes(32).toString('hex')
    if (!/^\d{12}/.test(id)) return id
  }
}

export const shortId = (id: string): string => id.slice(0, 12)

/**
 * The one id that begins with `prefix`.
 * @throws TscomposeError ENGINE_ID_AMBIGUOUS if there are several
 */
export function findByPrefix(ids: Iterable<string>, prefix: string): string | undefined {
  if (!/^[0-9a-f]{1,64}$/.test(prefix)) return undefined
  let found: string | undefined
  for (const id of ids) {
    if (!id.startsWith(prefix)) continue
    if (found !== undefined) {
      throw new TscomposeError('ENGINE_ID_AMBIGUOUS', `Multiple IDs found with provided prefix: ${prefix}`)
    }
    found = id
  }
  return found
}
