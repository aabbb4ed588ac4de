import type { CopyOptions } from '../../../engine/copy/copy.ts'
import { absolute, inContainer } from '../../../engine/copy/paths.ts'
import type { Define } from '../../command.ts'
import { parseCopy } from '../../copy-ends.ts'
import { connect } from '../../engine.ts'
import { writeArchive } from '../../output/archive-file.ts'
import { humanSize } from '../../output/human-size.ts'

interface CpFlags {
  readonly archive?: boolean
  readonly followLink?: boolean
  readonly quiet?: boolean
}

const words = {
  across: 'copying between containers is not supported',
  none: 'must specify at least one container source',
}

export const define: Define = (command, cli) =>
  command
    .argument('<SOURCE>', 'CONTAINER:PATH, a path, or - for a tar stream')
    .argument('<DESTINATION>', 'A path, - for a tar stream, or CONTAINER:PATH')
    .option('-a, --archive', 'Keep owners')
    .option('-L, --follow-link', 'Copy what a symbolic link points to')
    .option('-q, --quiet', 'Say nothing of what has been copied, as where there is no terminal')
    .action(async (source: string, destination: string, flags: CpFlags) => {
      const { archive = false, followLink = false, quiet = !cli.stdout.isTTY } = flags
      const { way, owner, inside, outside } = parseCopy(source, destination, words)
      const engine = await connect()
      const copy = await import('../../../engine/copy/copy.ts')
      const options: CopyOptions = { archive, followLink }
      const container = { container: owner, path: inside }
      const path = absolute(cli.cwd, outside)
      const told = (bytes: number, where: string) => {
        if (!quiet) cli.stderr.write(`Successfully copied ${humanSize(bytes, 3)} to ${where}\n`)
      }
      if (way === 'from' && outside === '-') {
        const { archive } = await copy.openContainerSource(engine, container, followLink)
        await writeArchive(cli, archive, undefined)
      } else if (way === 'from') told(await copy.copyFromContainer(engine, container, path, options), path)
      else if (outside === '-') await copy.copyStreamToContainer(engine, cli.stdin, container, options)
      else told(await copy.copyToContainer(engine, path, container, options), `${owner}:${inContainer(inside)}`)
    })
