import { posix } from 'node:path'
import { type Dockerfile, type GivenToStages, type Instruction, interpret, openScope } from './dockerfile/index.ts'

/**
 * What the instructions of a Dockerfile take from the build context, as it can be told before any is carried out.
 * @returns undefined where that is everything, or cannot be told
 */
export function contextPaths({ stages }: Dockerfile, given: GivenToStages): readonly string[] | undefined {
  const scope = openScope([], given)
  const paths = new Set<string>()
  for (const instruction of stages.flatMap(({ instructions }) => instructions)) {
    const named = pathsOf(instruction, scope)
    if (named === undefined || named.some(path => posix.join('/', path) === '/')) return undefined
    for (const path of named) paths.add(path)
  }
  return [...paths]
}

function pathsOf(instruction: Instruction, scope: ReturnType<typeof openScope>): readonly string[] | undefined {
  const { keyword, source } = instruction
  if (keyword !== 'COPY' && keyword !== 'ADD' && keyword !== 'RUN') return []
  if (keyword === 'RUN' && !/--mount/i.test(source)) return []
  // What a variable will be is known only when its stage has come so far.
  const flags = keyword === 'RUN' ? (source.match(/--mount=\S*/gi)?.join(' ') ?? '') : source
  if (flags.includes('$')) return undefined
  try {
    const { step } = interpret(instruction, scope)
    if (step.keyword === 'RUN')
      return step.mounts.flatMap(mount =>
        mount.type === 'bind' && mount.from === undefined ? [mount.source.replace(/^\/+/, '') || '.'] : [],
      )
    if (step.keyword === 'COPY' && step.from !== undefined) return []
    if (step.keyword !== 'COPY' && step.keyword !== 'ADD') return []
    if (step.keyword === 'COPY' && step.parents) return undefined
    return step.sources.flatMap(from => (from.kind === 'path' ? [from.path] : []))
  } catch {
    return undefined // whoever carries it out says what is wrong with it
  }
}
