import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import {
  type BuildWarning,
  type Dockerfile,
  failOnWarnings,
  givenToStages,
  interpret,
  type Origin,
  openScope,
  parseDockerfile,
  type Scope,
  type StageNode,
  type Step,
  stageGraph,
  unlessSkipped,
} from '../../src/build/dockerfile/index.ts'
import { renderError, TscomposeError } from '../../src/errors.ts'

/** What a case may say besides its Dockerfile. */
interface Options {
  readonly target?: string
  readonly args?: Record<string, string>
  readonly contexts?: readonly string[]
  readonly env?: readonly string[]
  /** ONBUILD of base images. */
  readonly triggers?: Record<string, readonly string[]>
}

const given = ({ args = {}, target }: Options) => ({
  buildArgs: new Map(Object.entries(args)),
  buildPlatform: 'linux/amd64',
  targetPlatform: 'linux/arm64/v8',
  ...(target && { target }),
})

/** Everything the language makes of a file, as text: each stage the target needs, with its steps. */
async function render(text: string, options: Options): Promise<string> {
  const warnings: BuildWarning[] = []
  try {
    const dockerfile = parseDockerfile(text, 'Dockerfile')
    warnings.push(...dockerfile.warnings)
    const stages = givenToStages(dockerfile, given(options))
    const graph = await stageGraph(dockerfile, stages, {
      ...(options.target && { target: options.target }),
      contexts: options.contexts ?? [],
      triggersOf: async base => (base.kind === 'image' ? (options.triggers?.[base.reference] ?? []) : []),
      warn: warning => warnings.push(...unlessSkipped([warning], dockerfile.directives)),
    })
    const ends = new Map<number, Scope>()
    const lines = [renderDirectives(dockerfile)]
    for (const node of graph) {
      const base = node.base.kind === 'stage' ? ends.get(node.base.stage) : undefined
      let scope = openScope(base ?? options.env ?? [], stages)
      lines.push(renderStage(node))
      for (const instruction of node.instructions) {
        const interpreted = interpret(instruction, scope)
        scope = interpreted.scope
        warnings.push(...unlessSkipped(interpreted.warnings, dockerfile.directives, instruction))
        lines.push(renderStep(interpreted.step))
      }
      ends.set(node.stage.index, scope)
    }
    failOnWarnings(dockerfile.directives, warnings)
    return [...lines, ...warnings.map(renderWarning)].join('')
  } catch (error) {
    if (!(error instanceof TscomposeError)) throw error
    return [...warnings.map(renderWarning), `${renderError(error)}\n`].join('')
  }
}

const renderDirectives = ({ directives: { syntax, escape: character } }: Dockerfile): string =>
  `${syntax ? `syntax ${syntax}\n` : ''}${character === '`' ? 'escape `\n' : ''}`

const renderWarning = ({ rule, message, where: { line, col } }: BuildWarning): string =>
  `warning ${line}:${col} ${rule}: ${message}\n`

function renderOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'scratch':
      return 'scratch'
    case 'stage':
      return `stage ${origin.stage}`
    case 'image':
      return `image ${origin.reference}${origin.platform ? ` for ${origin.platform}` : ''}`
    case 'context':
      return `context ${origin.name}`
  }
}

function renderStage({ stage, base, origins }: StageNode): string {
  const reads = [...origins].map(([name, origin]) => `; ${name} is ${renderOrigin(origin)}`).join('')
  return `\nstage ${stage.index}${stage.name ? ` ${stage.name}` : ''} on ${renderOrigin(base)}${reads}\n`
}

function renderStep({ instruction: { where, endLine, triggered }, shown, ...step }: Step): string {
  const lines = `${where.line}${endLine > where.line ? `-${endLine}` : ''}${triggered ? ' trigger' : ''}`
  const details = Object.entries(step).filter(([name]) => name !== 'keyword')
  const plain = (value: unknown): unknown =>
    value instanceof Map ? Object.fromEntries([...value].map(([name, one]) => [name, one ?? null])) : value
  return [
    `  ${lines}: ${JSON.stringify(shown)}\n`,
    ...details
      .filter(([, value]) => !isEmpty(value))
      .map(([name, value]) => `    ${name} ${JSON.stringify(plain(value))}\n`),
  ].join('')
}

/** What every instruction has unless it is told otherwise only makes the golden files longer. */
const isEmpty = (value: unknown): boolean =>
  value === false ||
  value === 'default' ||
  value === 'sandbox' ||
  (Array.isArray(value) && value.length === 0) ||
  (value instanceof Map && (value.size === 0 || (value.size === 1 && value.has('PATH'))))

for (const input of globSync('test/golden/dockerfile/*/Dockerfile').sort())
  test(input, async () => {
    const folder = dirname(input)
    const options = join(folder, 'options.json')
    const actual = await render(
      readFileSync(input, 'utf8'),
      existsSync(options) ? JSON.parse(readFileSync(options, 'utf8')) : {},
    )
    const golden = join(folder, 'result.txt')
    if (process.env.UPDATE_GOLDEN) writeFileSync(golden, actual)
    assert.equal(actual, readFileSync(golden, 'utf8'))
  })
