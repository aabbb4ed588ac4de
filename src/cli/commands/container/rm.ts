import { TscomposeError } from '../../../errors.ts'
import type { Define } from '../../command.ts'
import { badFlag } from '../../create/parsed.ts'
import { forEach } from '../../each.ts'
import { connect } from '../../engine.ts'

interface RmFlags {
  readonly force?: boolean
  readonly link?: boolean
  readonly volumes?: boolean
}

export const define: Define = (command, cli) =>
  command
    .argument('<CONTAINER...>')
    .option('-f, --force', 'Kill those that run; one that does not exist is no error')
    .option('-l, --link', 'Not supported: a link goes with its container')
    .option('-v, --volumes', 'Also their anonymous volumes')
    .action(async (containers: string[], { force = false, link, volumes = false }: RmFlags) => {
      if (link) throw badFlag('not supported: --link')
      const engine = await connect()
      await forEach(containers, async name => {
        try {
          await engine.containerDelete(name, { force, volumes })
          cli.stdout.write(`${name}\n`)
        } catch (error) {
          if (!force || !isMissing(error)) throw error
          cli.stderr.write(`${(error as Error).message}\n`)
        }
      })
    })

const isMissing = (error: unknown): boolean =>
  error instanceof TscomposeError && error.code === 'ENGINE_CONTAINER_NOT_FOUND'
