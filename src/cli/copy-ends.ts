import { TscomposeError } from '../errors.ts'

/** What is to be copied: from a container or service, or to one. */
export interface Copy {
  readonly way: 'from' | 'to'
  readonly owner: string
  /** The path there. */
  readonly inside: string
  /** The path of this machine, or `-` for standard input or output. */
  readonly outside: string
}

/** `OWNER:PATH`, or a path of this machine: one that is absolute or begins with a dot, or has no colon. */
function parseEnd(text: string): { readonly owner?: string; readonly path: string } {
  const colon = text.indexOf(':')
  if (text.startsWith('/') || text.startsWith('.') || colon < 0) return { path: text }
  return { owner: text.slice(0, colon), path: text.slice(colon + 1) }
}

/**
 * The two arguments of `cp`.
 * @param words what docker, or docker compose, says of a copy between two containers, and of one that concerns none
 * @throws TscomposeError CLI_FLAG
 */
export function parseCopy(
  source: string,
  destination: string,
  words: { readonly across: string; readonly none: string },
): Copy {
  if (source === '') throw new TscomposeError('CLI_FLAG', 'source can not be empty')
  if (destination === '') throw new TscomposeError('CLI_FLAG', 'destination can not be empty')
  const [from, to] = [parseEnd(source), parseEnd(destination)]
  if (from.owner && to.owner) throw new TscomposeError('CLI_FLAG', words.across)
  if (!from.path || !to.path) throw new TscomposeError('CLI_FLAG', 'bad parameter: path cannot be empty')
  if (from.owner) return { way: 'from', owner: from.owner, inside: from.path, outside: to.path }
  if (to.owner) return { way: 'to', owner: to.owner, inside: to.path, outside: from.path }
  throw new TscomposeError('CLI_FLAG', words.none)
}
