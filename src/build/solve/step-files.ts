import type { Selection } from '../context/context.ts'

/** As many as are worth remembering only to say which one has changed. */
const REMEMBERED = 2000
const DIGITS = 12

/** Digests of the files of a selection, for the description of a step. */
export function filesOf(selection: Selection | undefined): Record<string, string> {
  if (!selection || selection.fingerprints.size > REMEMBERED) return {}
  return Object.fromEntries(
    [...selection.fingerprints].map(([path, digest]) => [path, digest.replace(/^sha256:/, '').slice(0, DIGITS)]),
  )
}
