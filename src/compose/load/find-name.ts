import { type Identified, locate, nameOf } from './identify.ts'
import type { LoadOptions } from './index.ts'
import type { ParsedFile } from './parsed-file.ts'
import type { Source } from './yaml/source.ts'

/**
 * The name alone, for commands on what is there already: they need not know, nor agree with, what else the files say.
 * Without the parser, where no file can name the project: reading YAML would take longer than all the rest.
 */
export async function findProjectName(options: LoadOptions): Promise<Pick<Identified, 'name' | 'environment'>> {
  const { session, found } = await locate(options)
  const files: ParsedFile[] = []
  if (!(options.projectName || found.environment.COMPOSE_PROJECT_NAME)) {
    const sources = await Promise.all(found.files.map(file => session.read(file)))
    if (sources.some(mayHaveName)) {
      const { parseFile } = await import('./parsed-file.ts')
      files.push(...sources.map(parseFile))
    }
  }
  return { name: nameOf(options, found, files), environment: found.environment }
}

/** Whether a key `name` can be at the top level: in block style it begins a line, anything fancier is left to the parser. */
const mayHaveName = ({ text }: Source): boolean =>
  /^<<|^[ \t]*(\?[ \t]|[!&*{[]|["']?name["']?[ \t]*:|"[^"\n]*\\)/m.test(text)
