import { TscomposeError } from '../errors.ts'
import type { ImageConfig } from '../image/image.ts'
import { interpret, openScope, parseInstructions } from './dockerfile/index.ts'
import { applyStep, type ConfigStep } from './image-config.ts'

/** The instructions that say something about an image and do nothing (moby, builder/dockerfile). */
const allowed = new Set<string>([
  'CMD',
  'ENTRYPOINT',
  'ENV',
  'EXPOSE',
  'HEALTHCHECK',
  'LABEL',
  'ONBUILD',
  'STOPSIGNAL',
  'USER',
  'VOLUME',
  'WORKDIR',
])

/**
 * What Dockerfile instructions make of a configuration: `commit --change`, `import --change`.
 * @throws TscomposeError BUILD_DOCKERFILE_INVALID
 */
export function applyChanges(config: ImageConfig, changes: readonly string[]): ImageConfig {
  const given = { escape: '\\', buildArgs: new Map(), globalArgs: new Map() } as const
  let scope = openScope(config.Env ?? [], given)
  let stage = { config, author: '', hasCommand: false }
  for (const instruction of parseInstructions(changes.join('\n'), 'change')) {
    const { keyword, where } = instruction
    if (!allowed.has(keyword))
      throw new TscomposeError('BUILD_DOCKERFILE_INVALID', `${keyword} is not a valid change command`, { where })
    const { step, scope: next } = interpret(instruction, scope)
    stage = applyStep(stage, step as ConfigStep)
    scope = next
  }
  return stage.config
}
