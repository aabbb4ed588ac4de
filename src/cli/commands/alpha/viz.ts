import { graphviz } from '../../../compose/graph/graphviz.ts'
import type { Define } from '../../command.ts'
import { loadModel } from '../../model.ts'
import { integer } from '../../numbers.ts'

interface VizFlags {
  readonly image?: boolean
  readonly networks?: boolean
  readonly ports?: boolean
  readonly spaces?: boolean
  readonly indentationSize: number
}

export const define: Define = (command, cli) =>
  command
    .option('--image', 'With the images of services')
    .option('--indentation-size <n>', 'So many tabs or spaces for each level', integer('--indentation-size'), 1)
    .option('--networks', 'With the networks of services')
    .option('--ports', 'With the published ports of services')
    .option('--spaces', 'Indent by spaces instead of tabs')
    .action(async ({ image = false, networks = false, ports = false, spaces, indentationSize }: VizFlags) => {
      const { name, services } = await loadModel(cli, [])
      const indentation = (spaces ? ' ' : '\t').repeat(indentationSize)
      cli.stdout.write(graphviz(name, Object.values(services), { image, networks, ports, indentation }))
    })
