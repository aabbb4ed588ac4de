import { collect, type Define } from '../../command.ts'
import { filtersOf } from '../../key-values.ts'
import { deletedImages } from '../../output/deleted-images.ts'
import { pruneAsked } from '../../prune.ts'

interface PruneFlags {
  readonly all?: boolean
  readonly filter?: readonly string[]
  readonly force?: boolean
}

const warnings = {
  dangling: 'WARNING! This will remove all dangling images.',
  all: 'WARNING! This will remove all images without at least one container associated to them.',
}

export const define: Define = (command, cli) =>
  command
    .option('-a, --all', 'Also images that have a name, if no container uses them')
    .option('--filter <name=value>', 'Only images with such a label, or older than: until=24h', collect)
    .option('-f, --force', 'Do not ask')
    .action(async ({ all = false, filter, force }: PruneFlags) => {
      const filters = { ...filtersOf(filter), dangling: [String(!all)] }
      await pruneAsked(cli, { warning: all ? warnings.all : warnings.dangling, force }, async engine => {
        const { ImagesDeleted, SpaceReclaimed } = await engine.imagePrune({ filters })
        return { text: deletedImages(ImagesDeleted), bytes: SpaceReclaimed }
      })
    })
