import { closest } from '../../suggest.ts'
import type { Dockerfile, Stage } from './dockerfile.ts'
import { expandAt } from './expand-at.ts'
import { invalid } from './lines.ts'
import { type Complaint, lintRules } from './lint-rules.ts'
import { platformText, readPlatform } from './platform.ts'
import type { GivenToStages } from './scope.ts'
import type { Origin, StageGraphOptions } from './stage-graph.ts'

/**
 * What a stage is built on: FROM, with the ARGs before the first one.
 * @throws TscomposeError BUILD_DOCKERFILE_INVALID
 */
export function resolveBase(
  stage: Stage,
  dockerfile: Dockerfile,
  { escape: escapeCharacter, globalArgs }: GivenToStages,
  { contexts, warn }: StageGraphOptions,
): Origin {
  const { base, platform: writtenPlatform, where } = stage.from
  const complain = (complaint: Complaint) => warn({ ...complaint, where })
  const declared = [...globalArgs.keys(), ...dockerfile.globalArgs.flatMap(({ args }) => args.map(({ name }) => name))]
  const expanded = (text: string) => {
    const expansion = expandAt(where, text, name => globalArgs.get(name), { escape: escapeCharacter })
    for (const name of expansion.unmatched) {
      if (!declared.includes(name)) complain(lintRules.UndefinedArgInFrom(name, closest(name, declared) ?? ''))
    }
    return expansion
  }

  const { text: reference, unmatched } = expanded(base)
  if (!reference) {
    const [name = ''] = unmatched
    const nearest = closest(name, declared)
    const fix = name && (nearest ? `did you mean $${nearest}?` : `declare ARG ${name}=... before the first FROM`)
    invalid(where, `base name (${base}) should not be blank`, fix)
  }

  const platform = writtenPlatform === undefined ? undefined : readTarget(writtenPlatform)
  const wanted = platform === undefined ? {} : { platform }
  const context = contextOf(stage.name) ?? contextOf(reference)
  if (context !== undefined) return { kind: 'context', name: context, ...wanted }
  if (reference === 'scratch') return { kind: 'scratch' }
  const earlier = dockerfile.stages.findLast(
    ({ index, name }) => index < stage.index && name === reference.toLowerCase(),
  )
  if (earlier) return { kind: 'stage', stage: earlier.index }
  return { kind: 'image', reference, ...wanted }

  function readTarget(written: string): string {
    const { text, matched } = expanded(written)
    const target = readPlatform(text)
    if (!text) invalid(where, `empty platform value from expression ${written}`)
    if (!target)
      invalid(where, `failed to parse platform ${text}`, 'a platform is OS/ARCHITECTURE, such as linux/arm64')
    if (matched.size === 1 && matched.has('TARGETPLATFORM') && text === globalArgs.get('TARGETPLATFORM')) {
      complain(lintRules.RedundantTargetPlatform(written))
    }
    const inName = [target.os, target.architecture].some(part => stage.name?.includes(part))
    if (matched.size === 0 && !inName) complain(lintRules.FromPlatformFlagConstDisallowed(text))
    return platformText(target)
  }

  function contextOf(name: string | undefined): string | undefined {
    if (name === undefined || name === 'scratch' || name === 'context') return undefined
    return contexts.find(candidate => familiar(candidate) === familiar(name))
  }
}

/** So that a context called `alpine` stands for `docker.io/library/alpine:latest`, too. */
const familiar = (name: string): string =>
  name
    .toLowerCase()
    .replace(/^docker\.io\/(?:library\/)?/, '')
    .replace(/:latest$/, '')
