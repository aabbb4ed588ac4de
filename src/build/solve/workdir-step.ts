import { resolveMerged } from '../../runtime/rootfs/merged-tree.ts'
import { readRootFile } from '../../runtime/rootfs/root-files.ts'
import { resolveUser } from '../../runtime/user.ts'
import { destinationIn } from '../copy/destination.ts'
import { planCopy } from '../copy/plan.ts'
import { writeLayer } from '../copy/write.ts'
import type { Step } from '../dockerfile/step.ts'
import { workingDirectory } from '../image-config.ts'
import { keyOf } from '../key.ts'
import type { Build } from './build.ts'
import { lowerdirsOf, readableRoot } from './stack.ts'
import { lastCreated, type StageState } from './stage.ts'
import { layerOf, type MadeLayer } from './step-layer.ts'

/** WORKDIR makes its directory, as the user of the stage, if there is none. */
export async function workdirStep(
  build: Build,
  state: StageState,
  path: string,
  step: Step,
): Promise<MadeLayer | undefined> {
  const { stack, stage } = state
  const layers = lowerdirsOf(stack)
  const target = workingDirectory(stage.config, path)
  if (resolveMerged(layers, target).kind !== 'missing') return undefined
  const root = readableRoot(stack)
  const { uid, gid } = resolveUser(stage.config.User ?? '', [], file => readRootFile(root, file)?.toString())
  const { epoch } = build.plan
  const key = keyOf('WORKDIR', { parent: stack.key, target, uid, gid, epoch })
  const about = { parent: stack.key, keyword: 'WORKDIR', text: step.shown, variables: {}, files: {} }
  return await layerOf(build, state, {
    step,
    key,
    about,
    make: async (_, signal) => {
      // As old as what it is put on, so that it is the same directory whenever it is made.
      const now = BigInt(epoch === undefined ? Date.parse(lastCreated(state)) : epoch * 1000) * 1_000_000n
      const { entries } = planCopy(
        {
          sources: [],
          directory: true,
          target: `${target}/`,
          owner: { uid, gid },
          parents: false,
          now,
          where: step.instruction.where,
        },
        destinationIn(layers),
      )
      const { workshop } = build.around.images
      const { directory, size, blob } = await writeLayer(workshop, build.lease, { entries, archives: [] }, signal)
      return { id: blob.digest, directory, size, archive: { digest: blob.digest, size: blob.size } }
    },
  })
}
