import { ignoring } from '../../../compose/apply/ignoring.ts'
import { type Define, plainOption } from '../../command.ts'
import { forEach } from '../../each.ts'
import { connect } from '../../engine.ts'
import { forPlatform } from '../../platform.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<IMAGE...>')
    .option('-f, --force', 'Also one with several names; one that does not exist is no error')
    .addOption(plainOption('--no-prune', 'Accepted for old scripts: an image has no parents'))
    .option('--platform <platform>', 'Of an image for several platforms only this one')
    .action(async (images: string[], { force = false, ...flags }: { force?: boolean; platform?: string }) => {
      const engine = await connect()
      await forEach(images, name =>
        ignoring(force ? ['ENGINE_IMAGE_NOT_FOUND', 'IMAGE_NOT_FOUND'] : [], async () => {
          for (const item of await engine.imageDelete(name, { force, ...forPlatform(flags) }))
            cli.stdout.write('Untagged' in item ? `Untagged: ${item.Untagged}\n` : `Deleted: ${item.Deleted}\n`)
        }),
      )
    })
