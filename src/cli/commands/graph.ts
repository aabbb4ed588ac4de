import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { graphOf } from '../../compose/graph/graph.ts'
import { graphMermaid } from '../../compose/graph/mermaid.ts'
import { graphSvg } from '../../compose/graph/svg.ts'
import { graphText } from '../../compose/graph/text.ts'
import { selectServices } from '../../compose/select.ts'
import { TscomposeError } from '../../errors.ts'
import type { Define } from '../command.ts'
import { loadModel } from '../model.ts'

const formats = { text: graphText, mermaid: graphMermaid, svg: graphSvg }

export const define: Define = (command, cli) =>
  command
    .argument('[SERVICE...]')
    .option('--format <format>', 'text, mermaid or svg', 'text')
    .option('-o, --output <file>', 'Write to a file instead of standard output')
    .action(async (names: string[], { format, output }: { format: string; output?: string }) => {
      if (!Object.hasOwn(formats, format)) throw new TscomposeError('CLI_FLAG', `unsupported format "${format}"`)
      const { services } = await loadModel(cli, names)
      const text = formats[format as keyof typeof formats](graphOf(selectServices(services, names)))
      if (output === undefined) cli.stdout.write(text)
      else await writeFile(resolve(cli.cwd, output), text)
    })
