import type { Cli } from '../cli.ts'
import { forEach } from '../each.ts'
import type { Fields } from './template.ts'

/**
 * What `inspect` commands print: a JSON list of all that was found, or a line of a template for each; what was not
 * found is an error after that.
 */
export async function printInspected(
  { stdout }: Pick<Cli, 'stdout'>,
  names: readonly string[],
  inspect: (name: string) => Promise<object>,
  format: string | undefined,
): Promise<void> {
  const found: Fields[] = []
  try {
    await forEach(names, async name => void found.push({ ...(await inspect(name)) }))
  } finally {
    if (!format) stdout.write(`${JSON.stringify(found, undefined, 4)}\n`)
    else if (format === 'json') stdout.write(`${JSON.stringify(found)}\n`)
    else {
      const { renderFormat } = await import('./format.ts')
      stdout.write(renderFormat(format, found))
    }
  }
}
