import { hostPlatform, isPlatform, platformName } from '../../image/platform.ts'
import { cacheDirectoryName } from '../cache/mounts.ts'
import type { RunStep } from '../dockerfile/step.ts'
import { commandLine } from '../image-config.ts'
import { keyOf, sortedPairs } from '../key.ts'
import { checkCanRun } from '../run/can-run.ts'
import { carryOutRun } from '../run/run.ts'
import type { Build } from './build.ts'
import type { StageState } from './stage.ts'
import { filesOf } from './step-files.ts'
import { layerOf, type MadeLayer } from './step-layer.ts'

/** RUN: the layer is what its program changes in the stage's files. */
export async function runStep(build: Build, state: StageState, step: RunStep): Promise<MadeLayer> {
  const { stack, stage, node } = state
  const { network, extraHosts } = build.plan.request.run
  const args = commandLine(stage.config, step.command)
  const read = await Promise.all(
    step.mounts.map(async mount => {
      if (mount.type !== 'bind') return undefined
      const tree = await build.tree(mount.from === undefined ? undefined : node.origins.get(mount.from))
      const source = mount.source.replace(/^\/+/, '') || '.'
      return await tree.select({ sources: [source], excludes: [], parents: false }, build.signal)
    }),
  )
  const key = keyOf('RUN', {
    parent: stack.key,
    args,
    script: step.scriptFile,
    env: sortedPairs(step.environment),
    user: stage.config.User ?? '',
    cwd: stage.config.WorkingDir ?? '/',
    mounts: step.mounts.map((mount, index) => ({ ...mount, digest: read[index]?.digest })),
    network: step.network === 'default' ? network : step.network,
    security: step.security,
    extraHosts,
    epoch: build.plan.epoch,
    // Files alone do not tell: a static program of another platform may lie in the same layers.
    ...(!isPlatform(hostPlatform, state.platform) && { platform: platformName(state.platform) }),
  })
  for (const mount of step.mounts) if (mount.type === 'cache') build.mounts.add(cacheDirectoryName(mount.id, 0))
  const files = Object.assign({}, ...read.map(filesOf)) as Record<string, string>
  const variables = Object.fromEntries(step.environment)
  const about = { parent: stack.key, keyword: 'RUN', text: step.shown, variables, files }
  return await layerOf(build, state, {
    step,
    key,
    about,
    make: (tell, signal) => {
      checkCanRun(state.platform, step.instruction.where)
      return carryOutRun(build, state, step, args, tell, signal)
    },
  })
}
