import { collect, type Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { keyValues } from '../../key-values.ts'

interface VolumeFlags {
  readonly driver: string
  readonly label?: readonly string[]
  readonly opt?: readonly string[]
}

export const define: Define = (command, cli) =>
  command
    .argument('[VOLUME]', 'its name; without one it gets a random one')
    .option('-d, --driver <driver>', 'Driver', 'local')
    .option('--label <name=value>', 'Add a label', collect)
    .option('-o, --opt <name=value>', 'Option of the driver', collect)
    .action(async (name: string | undefined, { driver, label, opt }: VolumeFlags) => {
      const { Name } = await (await connect()).volumeCreate({
        ...(name !== undefined && { Name: name }),
        Driver: driver,
        DriverOpts: keyValues(opt),
        Labels: keyValues(label),
      })
      cli.stdout.write(`${Name}\n`)
    })
