import type { Where } from '../../errors.ts'
import { TscomposeError } from '../../errors.ts'
import { didYouMean } from '../../suggest.ts'
import type { Trace } from './index.ts'
import { scalarText } from './merge.ts'
import { toPlain } from './plain.ts'
import type { MapNode, Node, Shadowing } from './yaml/node.ts'
import { mapOf, stringOf, whereOf } from './yaml/node.ts'

/** A value somebody wrote for an attribute. */
export interface Candidate {
  /** As text; lists and mappings as JSON. */
  readonly value: string
  /** Absent for what no file says. */
  readonly where?: Where
  /** The text before interpolation, where that differs. */
  readonly template?: string
  /** Why it lost, absent for the winner. */
  readonly lost?: string
}

export interface Why {
  readonly path: string
  /** The winner first, then what it won over, the nearest first. Without a winner: the value was taken away. */
  readonly candidates: readonly Candidate[]
  readonly won: boolean
}

const reasons: Readonly<Record<Shadowing, string>> = {
  override: 'a later file wins over an earlier one',
  extends: 'what a service says itself wins over what it inherits by extends',
  include: 'the including file wins over the included one',
  duplicate: 'of two entries for the same thing in one list the later one wins',
  'merge key': 'a key of the mapping itself wins over one merged with <<',
  env_file: 'environment wins over env_file',
  label_file: 'labels wins over label_file',
}

interface Found {
  readonly node: Node
  readonly lost?: string
}

/**
 * Tells every value that was given for an attribute, and which won and why.
 * @param path in the words of the file, such as `services.web.environment.DEBUG`
 * @throws TscomposeError COMPOSE_VALUE_INVALID for a path that leads nowhere
 */
export function why(path: string, trace: Trace): Why {
  const found = walk(trace.root, path)
  const [first] = found
  const candidates = found.flatMap(({ node, lost }) => chain(node, lost))
  const fromFile = fileCandidate(path, trace)
  if (fromFile)
    candidates.push(
      first ? { ...fromFile, lost: reasons[path.includes('.labels.') ? 'label_file' : 'env_file'] } : fromFile,
    )
  for (const { path: forgotten, node } of trace.session.forgotten) {
    const rest =
      path === forgotten ? '' : path.startsWith(`${forgotten}.`) ? path.slice(forgotten.length + 1) : undefined
    if (rest === undefined) continue
    for (const { node: lost } of rest === '' ? [{ node }] : walk(node, rest))
      candidates.push({ ...describe(lost), lost: 'a later file takes it away with !reset' })
  }
  if (candidates.length > 0) return { path, candidates, won: candidates[0]?.lost === undefined }
  const { parent, step } = lastStep(trace.root, path)
  throw new TscomposeError('COMPOSE_VALUE_INVALID', `nothing in the project is called ${path}`, {
    ...(parent.kind === 'map' ? didYouMean(step, parent.entries.keys()) : {}),
  })
}

/** The node at the end of a path, and those that were there before something around it was replaced. */
function walk(root: Node, path: string): Found[] {
  let here: { found: Found; rest: string }[] = [{ found: { node: root }, rest: path }]
  const done: Found[] = []
  while (here.length > 0) {
    const next: typeof here = []
    for (const { found, rest } of here) {
      if (rest === '') {
        done.push(found)
        continue
      }
      const step = stepBy(found.node, rest)
      if (step) next.push({ found: { ...found, node: step.node }, rest: step.rest })
      const { was } = found.node
      if (was) next.push({ found: { node: was.node, lost: reasons[was.by] }, rest })
    }
    here = next
  }
  return done.sort((a, b) => Number(a.lost !== undefined) - Number(b.lost !== undefined))
}

/** Keys may hold dots: the longest one that fits is taken. In lists of `KEY=VALUE` the key will do. */
function stepBy(node: Node, path: string): { node: Node; rest: string } | undefined {
  for (let end = path.length; end > 0; end = path.lastIndexOf('.', end - 1)) {
    const next = childOf(node, path.slice(0, end))
    if (next) return { node: next, rest: path.slice(end + 1) }
  }
  return undefined
}

function childOf(node: Node, key: string): Node | undefined {
  if (node.kind === 'map') return node.entries.get(key)
  if (node.kind !== 'seq') return undefined
  if (/^\d+$/.test(key)) return node.items[Number(key)]
  return node.items.find(item => {
    const text = stringOf(item)
    return text === key || text?.startsWith(`${key}=`) || stringOf(mapOf(item)?.entries.get('target')) === key
  })
}

function lastStep(root: MapNode, path: string): { parent: Node; step: string } {
  let parent: Node = root
  let rest = path
  for (let next = stepBy(parent, rest); next; next = stepBy(parent, rest)) {
    parent = next.node
    rest = next.rest
  }
  return { parent, step: rest.split('.')[0] ?? '' }
}

function chain(node: Node, lost: string | undefined): Candidate[] {
  const candidates: Candidate[] = [{ ...describe(node), ...(lost === undefined ? {} : { lost }) }]
  for (let at = node.was; at; at = at.node.was) candidates.push({ ...describe(at.node), lost: reasons[at.by] })
  return candidates
}

function describe(node: Node): Candidate {
  const value = node.kind === 'scalar' ? scalarText(node) : JSON.stringify(toPlain(node))
  if (node.implied || node.source.file === '') return { value }
  const template = node.kind === 'scalar' ? node.template : undefined
  return { value, where: whereOf(node), ...(template === undefined ? {} : { template }) }
}

/** What an env file or label file says of a variable or label. */
function fileCandidate(path: string, { root, envFiles, labelFiles }: Trace): Candidate | undefined {
  for (const [marker, files] of [
    ['environment', envFiles],
    ['labels', labelFiles],
  ] as const) {
    for (const [service, entries] of files) {
      const prefix = `services.${service}.${marker}.`
      const entry = path.startsWith(prefix) ? entries.get(path.slice(prefix.length)) : undefined
      if (entry && root.entries.has('services')) return { value: entry.value, where: entry.source.where(entry.offset) }
    }
  }
  return undefined
}

/** The answer for people: the winner marked, places in a column. */
export function renderWhy({ path, candidates, won }: Why): string {
  const places = candidates.map(({ where }) => (where ? `${where.file}:${where.line}:${where.col}` : '(implied)'))
  const width = Math.max(...places.map(place => place.length))
  const lines = candidates.map(({ value, template, lost }, index) => {
    const from = template === undefined || template === value ? '' : `  from ${template}`
    const reason = lost === undefined ? '' : `  (lost: ${lost})`
    return `${lost === undefined ? '*' : ' '} ${(places[index] ?? '').padEnd(width)}  ${value}${from}${reason}`
  })
  return `${[`${path}${won ? '' : ' is not set any more'}`, ...lines].join('\n')}\n`
}
