import type { Service } from '../project.ts'
import { byNumber, type ObservedContainer } from './observed.ts'

/** What has to become of the containers of one service. */
export interface Convergence {
  readonly service: Service
  readonly keep: readonly ObservedContainer[]
  readonly replace: readonly { readonly container: ObservedContainer; readonly why: string }[]
  /** Of those that are kept: they publish other ports than the file says. */
  readonly republish: readonly ObservedContainer[]
  /** Numbers of the containers that are missing. */
  readonly create: readonly number[]
  readonly remove: readonly { readonly container: ObservedContainer; readonly why: string }[]
  /** Replacements that have their temporary name still: an earlier command did not come to its end. */
  readonly rename: readonly ObservedContainer[]
}

/**
 * Compares the containers a service has with the number it shall have. Too many: those that diverged go first, then
 * the highest numbers. Too few: numbers above the highest in use.
 * @param reasonToReplace why a container has to be replaced; undefined: it may stay
 */
export function converge(
  service: Service,
  existing: readonly ObservedContainer[],
  expected: number,
  reasonToReplace: (container: ObservedContainer) => string | undefined,
): Omit<Convergence, 'republish'> {
  const { usable, abandoned, rename } = withoutAbandoned(existing)
  const judged = usable.map(container => ({ container, why: reasonToReplace(container) }))
  const staying = judged
    .toSorted((a, b) => Number(a.why !== undefined) - Number(b.why !== undefined) || byNumber(a.container, b.container))
    .slice(0, expected)
  const surplus = judged.filter(item => !staying.includes(item))
  const highest = Math.max(0, ...staying.map(({ container }) => container.number))
  const missing = Math.max(0, expected - staying.length)
  return {
    service,
    keep: staying.flatMap(({ container, why }) => (why === undefined ? [container] : [])).sort(byNumber),
    replace: staying.flatMap(({ container, why }) => (why === undefined ? [] : [{ container, why }])),
    create: Array.from({ length: missing }, (_, i) => highest + 1 + i),
    remove: [
      ...abandoned.map(container => ({ container, why: 'an interrupted command has left it behind' })),
      ...surplus.map(({ container }) => ({ container, why: `the service shall have ${expected}` })),
    ],
    rename: rename.filter(container => staying.some(item => item.container === container)),
  }
}

/**
 * A replacement whose predecessor is still there was abandoned before the exchange; one whose predecessor is gone only
 * lacks its name.
 */
function withoutAbandoned(existing: readonly ObservedContainer[]) {
  const unfinished = existing.filter(({ name, replaces }) => replaces !== undefined && name !== replaces)
  const abandoned = unfinished.filter(
    (container, i) =>
      existing.some(({ name }) => name === container.replaces) ||
      unfinished.slice(0, i).some(earlier => earlier.replaces === container.replaces),
  )
  return {
    abandoned,
    rename: unfinished.filter(container => !abandoned.includes(container)),
    usable: existing.filter(container => !abandoned.includes(container)),
  }
}
